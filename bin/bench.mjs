// `npm run bench [-- NAME]`: measures on private services and prints ratios. Arguments go through.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';
import { takeEngine } from './engine.mjs';

await bootstrap({ needs: 'all' });
process.chdir(root);
takeEngine();
const folder = join(root, 'test', 'lab', 'bench');
// A bench says in its first line how it is called; the other files of the folder are their parts.
const benches = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file.slice(0, -3), readFileSync(join(folder, file), 'utf8').split('\n')[0] ?? ''])
    .filter(([, line]) => line?.startsWith('// npm run bench')),
);
const [first] = process.argv.slice(2);
const name = first === undefined || first.startsWith('-') ? 'trip' : first;
if (first === '--help' || !benches.has(name)) {
  if (first !== '--help') console.error(`bench: there is no bench "${name}".`);
  for (const line of benches.values()) console.error(line.slice('// '.length));
  process.exit(first === '--help' ? 0 : 2);
}
await import(`../test/lab/bench/${name}.ts`);
