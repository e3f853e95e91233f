// Lists the sources that each line of a mapping reads, for tools that describe a file rather than run it.
// Invariant: reads the file as checked, presets and shared maps included; it never decides what is written.
import type { Action } from '../../../connectors/contract.ts';
import { isRecord, listAt, textAt } from '../document/yaml.ts';
import { findSource } from '../fields/source.ts';
import type { Source } from '../fields/source.ts';

export interface FieldRead {
  /** Target; `echanges.type` for the field of a group, `person: name` for one of a call. */
  readonly target: string;
  /** Sources it writes from, as absolute paths: `interactions.kind`. */
  readonly sources: readonly Source[];
  readonly list?: string;
  /** The map of its value, and the map's name. */
  readonly map?: Readonly<Record<string, unknown>>;
  readonly mapName?: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

type Raw = Readonly<Record<string, unknown>>;

/** Every field of an action and of each of its calls, groups opened; consent places left out. */
export function fieldReads(mapping: Raw, action: Action = 'create'): readonly FieldRead[] {
  const block = action === 'create' ? mapping : mapping[action];
  const readsIn = (value: unknown): readonly FieldRead[] =>
    listAt(value, 'fields').flatMap((raw) => (isRecord(raw) ? readsOf(raw, mapping) : []));
  return [
    ...readsIn(block),
    ...listAt(block, 'calls').flatMap((call) =>
      readsIn(call).map((read) => ({ ...read, target: `${textAt(call, 'name') ?? '?'}: ${read.target}` })),
    ),
  ];
}

function readsOf(raw: Raw, mapping: Raw, list?: string, parent = ''): readonly FieldRead[] {
  const to = textAt(raw, 'to');
  if (to === undefined) return [];
  const each = textAt(raw, 'each');
  const target = parent === '' ? to : /^[@#]/.test(to) ? `${parent}${to}` : `${parent}.${to}`;
  if (each !== undefined)
    return listAt(raw, 'fields').flatMap((field) =>
      isRecord(field) ? readsOf(field, mapping, each, to) : [],
    );
  const named = raw['map'];
  const maps = mapping['maps'];
  const map = typeof named === 'string' ? (isRecord(maps) ? maps[named] : undefined) : named;
  return [
    {
      target,
      raw,
      sources: pathsIn(raw).flatMap((path) => sourceOf(path, list) ?? []),
      ...(list === undefined ? {} : { list }),
      ...(isRecord(map) ? { map } : {}),
      ...(typeof named === 'string' ? { mapName: named } : {}),
    },
  ];
}

/** Paths a line names after from or inside its template. */
function pathsIn(raw: Raw): readonly string[] {
  const template = textAt(raw, 'template') ?? '';
  const places = [...template.matchAll(/\{\{([^{}|]*)/g)].map(([, path = '']) => path.trim());
  const from = textAt(raw, 'from');
  return from === undefined ? places : [from, ...places];
}

/** The source itself, or the element of a list, under its whole path. */
function sourceOf(path: string, list: string | undefined): Source | undefined {
  const inner = list === undefined ? undefined : findSource(path, list);
  if (inner === undefined || inner.path !== path || list === undefined) return findSource(path);
  return findSource(`${list}.${path}`) ?? inner;
}

/** Sources that are only read in `when:` of any line and of any call. */
export function decidingPaths(mapping: Raw): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === 'string' && findSource(value) !== undefined) found.add(value);
    else if (Array.isArray(value)) for (const item of value as unknown[]) walk(item);
    else if (isRecord(value))
      for (const [key, inner] of Object.entries(value)) {
        if (findSource(key) !== undefined) found.add(key);
        walk(inner);
      }
  };
  const lines = (value: unknown): void => {
    for (const raw of listAt(value, 'fields')) {
      if (!isRecord(raw)) continue;
      walk(raw['when']);
      lines(raw);
    }
  };
  for (const block of [mapping, mapping['update'], mapping['erase']]) {
    lines(block);
    for (const call of listAt(block, 'calls')) {
      if (isRecord(call)) walk(call['when']);
      lines(call);
    }
  }
  return found;
}
