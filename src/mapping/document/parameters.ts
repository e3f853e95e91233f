// Fills the parameters of a preset: `${name}` in a text of the mapping becomes the value that the client's file gives.
// Invariant: only texts change, each in its place; a text that is nothing but `${name}` takes the value's own type.
import { isRecord } from './yaml.ts';
import type { Path, Report, Tree } from './problems.ts';
import { suggest } from './suggest.ts';

type Value = string | number | boolean;

const places = /\$\{([A-Za-z][A-Za-z0-9_]*)\}/g;

interface Filling {
  readonly declared: ReadonlyMap<string, unknown>;
  readonly used: Set<string>;
  readonly report: Report;
}

/** The mapping with its parameters filled in, and without the block; unchanged where it has none. */
export function withParameters(tree: Tree, report: Report): Tree {
  const { value: mapping } = tree;
  if (!isRecord(mapping) || !isRecord(mapping['parameters'])) return tree;
  const { parameters, ...rest } = mapping;
  const filling: Filling = { declared: new Map(Object.entries(parameters)), used: new Set(), report };
  const value = filled(rest, [], filling);
  reportWanting(mapping, filling);
  for (const name of filling.declared.keys())
    if (!filling.used.has(name))
      report.error(
        ['parameters', name],
        'MAP-425',
        [`rien n’utilise le paramètre « ${name} ».`, `nothing uses the parameter "${name}".`],
        {
          at: 'key',
          suggestion: suggest(name, [...filling.used]),
        },
      );
  return { ...tree, value };
}

/** Reports parameters declared without a value, which the nearer file must give. */
function reportWanting(mapping: Record<string, unknown>, { declared, used, report }: Filling): void {
  const wanting = [...declared].filter(([name, value]) => used.has(name) && !isValue(value));
  if (wanting.length === 0) return;
  const names = wanting.map(([name]) => name).join(', ');
  const { extends: preset } = mapping;
  if (typeof preset === 'string')
    report.error(['extends'], 'MAP-426', [
      `${preset} exige les paramètres propres au client : ${names}.`,
      `${preset} asks for the client's own parameters: ${names}.`,
    ]);
  else
    report.error(
      ['parameters'],
      'MAP-426',
      [`ces paramètres n’ont pas de valeur : ${names}.`, `these parameters have no value: ${names}.`],
      { at: 'key' },
    );
}

const isValue = (value: unknown): value is Value =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean';

function filled(value: unknown, path: Path, filling: Filling): unknown {
  if (typeof value === 'string') return filledText(value, path, filling);
  if (Array.isArray(value)) return value.map((item, index) => filled(item, [...path, index], filling));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, filled(item, [...path, key], filling)]),
  );
}

function filledText(text: string, path: Path, { declared, used, report }: Filling): unknown {
  const valueOf = (name: string): Value | undefined => {
    used.add(name);
    const value = declared.get(name);
    if (!declared.has(name))
      report.error(
        path,
        'MAP-425',
        [`il n’y a pas de paramètre « ${name} ».`, `there is no parameter "${name}".`],
        {
          suggestion: suggest(name, [...declared.keys()]),
        },
      );
    return isValue(value) ? value : undefined;
  };
  const [whole, ...more] = [...text.matchAll(places)];
  if (whole === undefined) return text;
  if (more.length === 0 && whole[0] === text) return valueOf(whole[1] ?? '') ?? text;
  return text.replaceAll(places, (place, name: string) => String(valueOf(name) ?? place));
}
