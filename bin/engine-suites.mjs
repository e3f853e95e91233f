// `npm run lab -- engine`: on MySQL, unless another engine is named, every statement of the store is prepared and the suites that
// depend most on the database are run. Other words go to Jest.
// Invariant: the statements are judged also where a suite has failed; the exit code is 0 when both passed.
import { join } from 'node:path';
import { root, run } from './bootstrap.mjs';

const words = process.argv.slice(2);
const engine = words.includes('--engine') ? [] : ['--engine', 'mysql'];
const suites = ['trip', 'store', 'delivery', 'privacy', 'retention', 'lab/kills'].map(
  (name) => `test/${name}/`,
);
/** @param {readonly string[]} paths */
const test = (paths) =>
  run(process.execPath, [join(root, 'bin/test.mjs'), '--no-check', ...engine, ...words, ...paths]);

const tested = await test(suites);
// After them: they have made most of the statements.
const judged = await test(['test/statements/']);
process.exitCode = tested || judged;
