// `npm run check`, or some of it: npm run check -- types lint
import { bootstrap, root } from './bootstrap.mjs';
import { runChecks } from './checks.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
process.exitCode = (await runChecks(process.argv.slice(2))) ? 0 : 1;
