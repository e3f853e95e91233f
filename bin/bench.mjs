// `npm run bench`: webhooks end to end beside a plain program, on the same services. Arguments go through.
import { bootstrap, root } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
await import('../test/bench/bench.ts');
