// `npm run bench`: webhooks end to end beside a plain program, on the same services. Arguments go through.
// `npm run bench -- mapping`: the mapping engine beside JSONata doing the same work, in this process.
import { bootstrap, root } from './bootstrap.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
await import(process.argv[2] === 'mapping' ? '../test/bench/mapping.ts' : '../test/bench/bench.ts');
