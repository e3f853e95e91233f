// Planted bugs: every patch still fits today's source, and one that does not says so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zeros } from './check.ts';
import { patched, plants } from './plants.ts';

const root = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

test.each(plants.map((plant) => [plant.name, plant]))('%s can be planted', (_name, plant) => {
  const sources = new Map<string, string>();
  for (const patch of plant.patches) {
    const before = sources.get(patch.file) ?? read(patch.file);
    const after = patched(before, patch);
    expect(after).not.toBe(before);
    sources.set(patch.file, after);
  }
});

test('a text that is gone, or stands twice, is an error that names file and text', () => {
  const patch = { file: 'src/x.ts', find: 'one();', put: '' };
  expect(() => patched('two();', patch)).toThrow(/src\/x\.ts.*0 times.*one\(\);/s);
  expect(() => patched('one(); one();', patch)).toThrow(/2 times/);
});

test('a plant turns figures red that there are', () => {
  const figures: ReadonlySet<string> = new Set(Object.values(zeros));
  expect(plants.flatMap(({ red }) => red).filter((figure) => !figures.has(figure))).toEqual([]);
});
