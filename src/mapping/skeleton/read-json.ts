// A JSON or form-encoded sample, read into its places.
// Invariant: names are kept letter for letter; a dot or bracket inside a name is escaped, as targets write it.
import { isRecord } from '../document/yaml.ts';
import type { SampleValue, Shape, SampleField, Unreadable } from './shape.ts';

const step = (name: string): string => name.replaceAll(/[.[\]]/g, '\\$&');

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
  const slots = slotsOf(root, [], [], notes, !list);
  return { format: 'json', layout: list ? { list: true } : {}, slots, notes };
}

function slotsOf(
  group: Readonly<Record<string, unknown>>,
  path: readonly string[],
  parents: readonly string[],
  notes: string[],
  /** Nothing but this has been seen so far: what stands in it is the lead itself. */
  wrapped: boolean,
): readonly SampleField[] {
  const wraps = wrapped && Object.keys(group).length === 1;
  return Object.entries(group).flatMap(([name, value]): readonly SampleField[] => {
    const place = [...path, step(name)];
    const target = place.join('.');
    if (isRecord(value)) return slotsOf(value, place, [name, ...parents], notes, wraps);
    if (!Array.isArray(value)) return [{ target, name, parents, value: value as SampleValue }];
    const items = value as unknown[];
    const first = items[0];
    if (isRecord(first)) {
      if (wraps) {
        // {"leads": [{...}]}: a body with room for many, of which a call sends one.
        notes.push(
          `the lead stands in the list "${name}"; each call sends one (the client may limit how many it takes).`,
        );
        return slotsOf(first, [...path, `${step(name)}[0]`], [name, ...parents], notes, false);
      }
      const element = slotsOf(first, [], [name, ...parents], notes, false);
      return [{ target, name, parents, value: undefined, element }];
    }
    const texts = items.flatMap((item) =>
      typeof item === 'string' || typeof item === 'number' ? [String(item)] : [],
    );
    return [{ target, name, parents, value: undefined, texts }];
  });
}

export function readFormSample(text: string): Shape {
  const slots = [...new URLSearchParams(text.trim())].map(([name, value]): SampleField => ({
    target: name,
    name,
    parents: [],
    value,
  }));
  return { format: 'form', layout: {}, slots, notes: [] };
}
