// `npm run format`: writes every file, or those named, the way `npm run check` wants them.
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
const named = process.argv.slice(2);
const prettier = join(root, 'node_modules/prettier/bin/prettier.cjs');
process.exitCode = await run(process.execPath, [
  prettier,
  '--write',
  '--log-level',
  'warn',
  ...(named.length > 0 ? named : ['.']),
]);
