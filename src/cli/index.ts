// Starts the command line; program.ts has all of it, so that tests can import it.
import { programVersion } from '../config/version.ts';

const args = process.argv.slice(2);
// Loading every command takes most of a second, and the version needs none.
if (args.length === 1 && args[0] === '--version') process.stdout.write(`${programVersion()}\n`);
else await (await import('./program.ts')).run(args);
