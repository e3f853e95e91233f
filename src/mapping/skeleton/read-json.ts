// Reads a JSON or form-encoded sample into its places.
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
  const slots = slotsOf(root, { path: [], parents: [], wrapped: !list }, notes);
  return { format: 'json', layout: list ? { list: true } : {}, slots, notes };
}

/** The places of a record inside a target. */
export const groupSlots = (
  group: Readonly<Record<string, unknown>>,
  target: string,
): readonly SampleField[] => slotsOf(group, { path: [target], parents: [], wrapped: false }, []);

interface Where {
  readonly path: readonly string[];
  readonly parents: readonly string[];
  /** True while only this group has been seen: its content is the lead itself. */
  readonly wrapped: boolean;
}

function slotsOf(
  group: Readonly<Record<string, unknown>>,
  { path, parents, wrapped }: Where,
  notes: string[],
): readonly SampleField[] {
  const wraps = wrapped && Object.keys(group).length === 1;
  return Object.entries(group).flatMap(([name, value]): readonly SampleField[] => {
    const place = [...path, step(name)];
    const target = place.join('.');
    const around = [name, ...parents];
    if (isRecord(value)) return slotsOf(value, { path: place, parents: around, wrapped: wraps }, notes);
    if (!Array.isArray(value)) return [{ target, name, parents, value: value as SampleValue }];
    const items = value as unknown[];
    const first = items[0];
    if (isRecord(first)) {
      if (wraps) {
        // {"leads": [{...}]}: a body for many leads, of which a call sends one.
        notes.push(
          `the lead stands in the list "${name}"; each call sends one (the client may limit how many it takes).`,
        );
        return slotsOf(
          first,
          { path: [...path, `${step(name)}[0]`], parents: around, wrapped: false },
          notes,
        );
      }
      const element = slotsOf(first, { path: [], parents: around, wrapped: false }, notes);
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
