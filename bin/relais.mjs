#!/usr/bin/env node
// The command line: `npx relais ...` or `node bin/relais.mjs ...`. `start [role]` is the long-running program and
// goes to src/main.ts, which sees the role as its first argument; everything else is a command of src/cli.
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { bootstrap } from './bootstrap.mjs';

await bootstrap({ needs: 'runtime' });
const starting = process.argv[2] === 'start';
// Loading a thousand modules would leave a young generation of 64 MB behind; src/main.ts lets it grow again when it has begun.
if (starting) setFlagsFromString('--semi-space-growth-factor=1');
// Half of a start is compiling. After the flags: V8 refuses what was compiled under others. In our own folder: a shared one
// could be filled by others.
const { enableCompileCache } = await import('node:module');
enableCompileCache(fileURLToPath(new URL('../.relais/compiled', import.meta.url)));
if (starting) {
  process.argv.splice(2, 1);
  await import('../src/main.ts');
} else await import('../src/cli/index.ts');
