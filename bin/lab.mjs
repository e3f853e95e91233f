// `npm run lab`: what is not a unit or integration test: storms, the demo, trials, the suites on the other engine, benchmarks,
// containers, real CRMs. Alone it lists its parts; `npm run lab -- NAME ...` runs one with the words that follow; `npm run lab -- --ci` runs
// those that a build server runs after `npm test`.
// Invariant: the exit code is that of the part; a build server runs every part of its list and fails when one has failed.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);

/** @typedef {{ name: string, what: string, words: readonly string[], ci?: true }} Part */

/** @param {string} name */
const suiteOf = (name) => `test/lab/${name}/.*(?<!unit)\\.test`;

/** @type {readonly Part[]} */
const commands = [
  {
    name: 'storms',
    what: 'npm run faults: real processes under a storm of faults',
    words: ['bin/faults.mjs'],
  },
  {
    name: 'suites',
    what: 'demo, every page in a browser, trials of all presets, a short storm, killed processes, ten years of a small client, several hosts and Redis servers',
    words: [
      'bin/test.mjs',
      '--no-check',
      ...['demo', 'browser', 'trials', 'kills', 'faults', 'years', 'scale'].map(suiteOf),
    ],
    ci: true,
  },
  {
    name: 'engine',
    what: 'every statement, and the suites that depend most on the database, on MySQL; --engine mariadb for MariaDB',
    words: ['bin/engine-suites.mjs'],
    ci: true,
  },
  {
    name: 'costs',
    what: 'statements, prepares, fsyncs and kB of a lead alone, by SQL and by HTTP, stay below their ceilings',
    words: ['bin/bench.mjs', 'alone', '--ceilings', '--rate', '20', '--seconds', '10'],
    ci: true,
  },
  {
    name: 'clients',
    what: 'clients that generators made of /v1/openapi.json compile and post a lead',
    words: ['bin/test.mjs', '--no-check', 'test/lab/clients/'],
  },
  { name: 'benchmarks', what: 'npm run bench: rates, latencies, memory', words: ['bin/bench.mjs'] },
];

const [first, ...rest] = process.argv.slice(2);
const parts = [...commands, ...partsInFolders()];
const asked =
  first === '--ci' ? parts.filter((part) => part.ci) : parts.filter((part) => part.name === first);
if (first === undefined || first === '--help') list(console.log);
else if (asked.length === 0) {
  console.error(`lab: there is no part "${first}".`);
  list(console.error);
  process.exitCode = 2;
} else for (const part of asked) process.exitCode = (await runPart(part)) || (process.exitCode ?? 0);

/** @param {Part} part */
async function runPart({ name, words: [script = '', ...words] }) {
  const started = Date.now();
  const code = await run(process.execPath, [join(root, script), ...words, ...rest]);
  console.error(
    `lab: ${name} ended with exit code ${code} after ${Math.round((Date.now() - started) / 1000)} s`,
  );
  return code;
}

/**
 * A part of its own is test/lab/NAME/part.ts, whose first line says what it is, after `ci:` where a build server runs it.
 * @returns {readonly Part[]}
 */
function partsInFolders() {
  const folder = join(root, 'test', 'lab');
  return readdirSync(folder).flatMap((name) => {
    const script = join('test', 'lab', name, 'part.ts');
    if (!existsSync(join(root, script))) return [];
    const [, ci, what = ''] = /^\/\/ (ci: )?(.*)/.exec(readFileSync(join(root, script), 'utf8')) ?? [];
    return [ci === undefined ? { name, what, words: [script] } : { name, what, words: [script], ci: true }];
  });
}

/** @param {(line: string) => void} say */
function list(say) {
  say('npm run lab -- NAME [its own words], or --ci for those a build server runs:');
  for (const { name, what, ci } of parts) say(`  ${name.padEnd(12)}${what}${ci ? ' (ci)' : ''}`);
}
