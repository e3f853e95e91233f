// The steps of `npm run check`: everything that can be known without running a test.
// All steps run even when one fails, so that one run shows everything there is to repair.
import { join } from 'node:path';
import { root, run } from './bootstrap.mjs';

const bin = (path) => join(root, 'node_modules', path);
// What did not change since the last run is not looked at again.
const kept = (name) => join(root, '.relais/checks', name);

// Two run at a time; the last one fills two processors by itself.
const steps = [
  {
    name: 'types',
    args: [bin('typescript/bin/tsc'), '--noEmit', '--incremental', '--tsBuildInfoFile', kept('types.json')],
  },
  {
    name: 'imports',
    args: [bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', 'connectors', 'sandbox'],
  },
  { name: 'sql', args: [join(root, 'test/architecture/sql-lint-cli.ts')] },
  { name: 'format', args: [bin('oxfmt/bin/oxfmt'), '--check'] },
  { name: 'lint', args: [bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings', '--quiet'] },
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
  const waiting = steps.filter(({ name }) => only.length === 0 || only.includes(name));
  const runInTurn = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const code = await run(process.execPath, step.args, { heading: `check: ${step.name}` });
      if (code !== 0) failed.push(step.name);
    }
  };
  await Promise.all([runInTurn(), runInTurn()]);
  console.log(failed.length === 0 ? 'check: passed' : `check: FAILED in ${failed.join(', ')}`);
  return failed.length === 0;
}
