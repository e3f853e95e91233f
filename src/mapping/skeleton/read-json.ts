// A JSON or form-encoded sample, read into its places.
// Invariant: names are kept letter for letter; a dot inside a name is escaped, as targets write it.
import { isRecord } from '../document.ts';
import type { SampleValue, Shape, Slot, Unreadable } from './shape.ts';

const step = (name: string): string => name.replaceAll('.', '\\.');

export function readJsonSample(text: string): Shape | Unreadable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { unreadable: 'it begins like JSON and is none.' };
  }
  const list = Array.isArray(value);
  const root: unknown = list ? (value as unknown[])[0] : value;
  if (!isRecord(root)) return { unreadable: 'the JSON holds no object.' };
  const notes: string[] = [];
  const slots = slotsOf(root, [], [], notes);
  return { format: 'json', layout: list ? { list: true } : {}, slots, notes };
}

function slotsOf(
  group: Readonly<Record<string, unknown>>,
  path: readonly string[],
  parents: readonly string[],
  notes: string[],
): readonly Slot[] {
  return Object.entries(group).flatMap(([name, value]): readonly Slot[] => {
    const place = [...path, step(name)];
    const target = place.join('.');
    if (isRecord(value)) return slotsOf(value, place, [name, ...parents], notes);
    if (!Array.isArray(value)) return [{ target, name, parents, value: value as SampleValue }];
    const items = value as unknown[];
    const first = items[0];
    if (isRecord(first)) {
      if (path.length === 0 && Object.keys(group).length === 1)
        notes.push(`the record stands in a list "${name}": write the body with the client's help.`);
      const element = slotsOf(first, [], [name, ...parents], notes);
      return [{ target, name, parents, value: undefined, element }];
    }
    const texts = items.flatMap((one) =>
      typeof one === 'string' || typeof one === 'number' ? [String(one)] : [],
    );
    return [{ target, name, parents, value: undefined, texts }];
  });
}

export function readFormSample(text: string): Shape {
  const slots = [...new URLSearchParams(text.trim())].map(([name, value]): Slot => ({
    target: name,
    name,
    parents: [],
    value,
  }));
  return { format: 'form', layout: {}, slots, notes: [] };
}
