// `npm run lab -- engine`: the suites that depend most on the database, on MySQL unless another engine is named. Other words go
// to Jest.
import { join } from 'node:path';
import { root, run } from './bootstrap.mjs';

const words = process.argv.slice(2);
const engine = words.includes('--engine') ? [] : ['--engine', 'mysql'];
const suites = ['trip', 'store', 'delivery', 'privacy', 'retention'].map((name) => `test/${name}/`);
process.exitCode = await run(process.execPath, [
  join(root, 'bin/test.mjs'),
  '--no-check',
  ...engine,
  ...words,
  ...suites,
]);
