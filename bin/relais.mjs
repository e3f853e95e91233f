#!/usr/bin/env node
// The command line: `npx relais ...` or `node bin/relais.mjs ...`. `start [role]` is the long-running program and
// goes to src/main.ts, which sees the role as its first argument; everything else is a command of src/cli.
import { bootstrap } from './bootstrap.mjs';

await bootstrap({ needs: 'runtime' });
if (process.argv[2] === 'start') {
  process.argv.splice(2, 1);
  await import('../src/main.ts');
} else {
  await import('../src/cli/index.ts');
}
