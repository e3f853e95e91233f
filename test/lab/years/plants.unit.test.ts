// Planted bugs of the ten years: every patch still fits today's source, and every figure has one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patched } from '../faults/plants.ts';
import { zeros, type Zero } from './figures.ts';
import { yearsPlants } from './plants.ts';

const root = join(import.meta.dirname, '../../..');
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

test('every figure has a plant that must turn it red', () => {
  const red = new Set<Zero>(yearsPlants.flatMap((plant) => plant.red));
  expect(Object.keys(zeros).filter((zero) => !red.has(zero as Zero))).toEqual([]);
});

test('in one company no two plants are caught by the same findings', () => {
  for (const company of Map.groupBy(yearsPlants, (plant) => plant.company).values()) {
    const marks = company.flatMap(({ red, like }) => red.map((zero) => `${zero} ${String(like ?? 'any')}`));
    expect(marks.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      [...new Set(marks)].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    // Any finding at all is nobody's but one's.
    for (const { name, red, like } of company)
      if (like === undefined)
        expect([
          name,
          company.filter((other) => other.red.some((zero) => red.includes(zero))).length,
        ]).toEqual([name, 1]);
  }
});

test('the plants of a company can be planted together', () => {
  for (const company of Map.groupBy(yearsPlants, (plant) => plant.company).values()) {
    const sources = new Map<string, string>();
    for (const patch of company.flatMap(({ patches }) => patches))
      sources.set(patch.file, patched(sources.get(patch.file) ?? read(patch.file), patch));
    expect(sources.size).toBeGreaterThan(0);
  }
});
