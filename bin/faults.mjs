// `npm run faults`: real processes under a seeded storm of faults, then the account of every lead. Arguments go through.
import { bootstrap, root } from './bootstrap.mjs';
import { takeEngine } from './engine.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
takeEngine();
await import('../test/lab/faults/faults.ts');
