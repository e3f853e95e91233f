// The steps of `npm run check`: everything that can be known without running a test.
// All steps run even when one fails, so that one run shows everything there is to repair.
import { join } from 'node:path';
import { root, run } from './bootstrap.mjs';

const bin = (path) => join(root, 'node_modules', path);
// What did not change since the last run is not looked at again.
const kept = (name) => join(root, '.relais/checks', name);

const steps = [
  { name: 'format', args: [bin('oxfmt/bin/oxfmt'), '--check'] },
  {
    name: 'types',
    args: [bin('typescript/bin/tsc'), '--noEmit', '--incremental', '--tsBuildInfoFile', kept('types.json')],
  },
  { name: 'lint', args: [bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings', '--quiet'] },
  {
    name: 'imports',
    args: [bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', 'connectors', 'sandbox'],
  },
  { name: 'sql', args: [join(root, 'test/architecture/sql-lint-cli.ts')] },
];

/**
 * @param {readonly string[]} only names of the steps to run; none means all
 * @returns {Promise<boolean>} whether all of them passed
 */
export async function runChecks(only = []) {
  const unknown = only.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(
      `relais: no check is called ${unknown.join(', ')}. There are: ${steps.map((step) => step.name).join(', ')}.`,
    );
    return false;
  }
  const failed = [];
  for (const step of steps) {
    if (only.length > 0 && !only.includes(step.name)) continue;
    console.log(`check: ${step.name}`);
    if ((await run(process.execPath, step.args)) !== 0) failed.push(step.name);
  }
  console.log(failed.length === 0 ? 'check: passed' : `check: FAILED in ${failed.join(', ')}`);
  return failed.length === 0;
}
