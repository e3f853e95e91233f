// Starts the command line; everything it does is in program.ts, which tests can import.
import { run } from './program.ts';

await run(process.argv.slice(2));
