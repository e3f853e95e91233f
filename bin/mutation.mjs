// `npm run mutation`: plants faults in the modules of the opt-in, one at a time, and runs the mapping tests on each (StrykerJS).
// Minutes, not seconds; not part of `npm test`. The report: .relais/mutation/mutation.html. Arguments go to Stryker.
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
process.exitCode = await run(process.execPath, [
  stryker,
  'run',
  'stryker.config.mjs',
  ...process.argv.slice(2),
]);
