// `npm run demo`: the whole gateway beside invented clients and recipients, with services of its own.
import { bootstrap } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
await import('../sandbox/demo.ts');
