#!/usr/bin/env node
// The command line: `npx relais ...` or `node bin/relais.mjs ...`.
import { bootstrap } from './bootstrap.mjs';

await bootstrap({ needs: 'runtime' });
await import('../src/cli/index.ts');
