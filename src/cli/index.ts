// Starts the command line; program.ts has all of it, so that tests can import it.
import { run } from './program.ts';

await run(process.argv.slice(2));
