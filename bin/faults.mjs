// `npm run faults`: real processes under a seeded storm of faults, then the account of every lead. Arguments go through.
import { bootstrap, root } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
await import('../test/faults/faults.ts');
