// `npm run demo`: the whole gateway beside invented clients and recipients, with services of its own.
// `-- --charter`: a year of one client under the charter instead.
import { bootstrap, root } from './bootstrap.mjs';
import { takeEngine } from './engine.mjs';

await bootstrap({ needs: 'all' });
if (process.argv.includes('--charter')) {
  process.chdir(root);
  takeEngine();
  await import('../test/lab/charter/part.ts');
} else await import('../sandbox/demo.ts');
