// `npm test`: the checks, then the tests; last, the files that took longest and the minutes in all. Other arguments go to Jest:
//   npm test -- test/mapping          the checks, then the tests whose path matches
//   npm run test:unit -- verdict      only tests that need no services, without the checks
//   npm test -- --no-check trip       straight to the tests
//   npm test -- --engine mysql        on MySQL (or mariadb) instead of what is installed here
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';
import { runChecks } from './checks.mjs';
import { takeEngine } from './engine.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
takeEngine();

const begun = Date.now();
// test/support/longest-files.ts writes it.
const longest = join(root, '.relais', `longest-${process.pid}.txt`);
process.env['RELAIS_TEST_LONGEST'] = longest;
mkdirSync(dirname(longest), { recursive: true });

const own = ['--unit', '--no-check'];
const asked = process.argv.slice(2);
const unit = asked.includes('--unit');
const checked = unit || asked.includes('--no-check') || (await runChecks());

const jest = join(root, 'node_modules/jest/bin/jest.js');
const args = [
  ...asked.filter((argument) => !own.includes(argument)),
  // Last: it takes every word that follows for a project.
  ...(unit ? ['--selectProjects', 'unit'] : []),
];
/** Projects that run only where one of their files is named. */
const apart = Object.entries({ statements: 'test/statements', laboratory: 'test/lab' })
  .filter(([, folder]) => !asked.some((argument) => argument.includes(folder)))
  .map(([project]) => project);
const tested = await run(process.execPath, [jest, ...args, ...(unit ? [] : ['--ignoreProjects', ...apart])]);
// Every statement of the store, as the tests were seen to make it: known when all of them have run.
const whole = asked.every((argument) => own.includes(argument)) && !unit;
const judged = whole ? await run(process.execPath, [jest, '--selectProjects', 'statements']) : 0;

if (existsSync(longest)) {
  console.error(`\nThe files that took longest:\n${readFileSync(longest, 'utf8')}`);
  rmSync(longest);
}
const seconds = Math.round((Date.now() - begun) / 1000);
console.error(`All in all: ${Math.floor(seconds / 60)} min ${seconds % 60} s.`);
if (!checked) console.error('\nThe tests ran, but `npm run check` failed before them: see above.');
process.exitCode = tested !== 0 || judged !== 0 ? tested || judged : checked ? 0 : 1;
