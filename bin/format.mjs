// `npm run format`: writes every file, or those named, the way `npm run check` wants them.
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
const oxfmt = join(root, 'node_modules/oxfmt/bin/oxfmt');
process.exitCode = await run(process.execPath, [oxfmt, '--write', ...process.argv.slice(2)]);
