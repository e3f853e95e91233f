// `npm run docs`: writes the generated pages of docs/.
import { bootstrap, root } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
await import('../test/docs/write-pages.ts');
