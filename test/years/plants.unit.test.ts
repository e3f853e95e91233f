// Planted bugs of the ten years: every patch still fits today's source, and the page names each plant and each figure.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patched } from '../faults/plants.ts';
import { zeros } from './figures.ts';
import { yearsPlants } from './plants.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

test.each(yearsPlants.map((plant) => [plant.name, plant]))('%s can be planted', (_name, plant) => {
  const sources = new Map<string, string>();
  for (const patch of plant.patches) {
    const before = sources.get(patch.file) ?? read(patch.file);
    const after = patched(before, patch);
    expect(after).not.toBe(before);
    sources.set(patch.file, after);
  }
});

test('the page on the storm names every plant of the years, and what each of their figures means', () => {
  const page = read('docs/faults.md');
  expect(yearsPlants.filter(({ name }) => !page.includes(`| ${name} |`)).map(({ name }) => name)).toEqual([]);
  expect(Object.values(zeros).filter((words) => !page.includes(`| ${words} |`))).toEqual([]);
});
