// Compiles value maps: the client's code for each of our values, and what happens to a value outside the map.
// Invariant: `else` is always given; a value is never dropped or passed on by accident.
import { checkLiteral } from './lints.ts';
import { isRecord, readDocument } from '../document/yaml.ts';
import { near, type Message, type Path, type createProblems, type Tree } from '../document/problems.ts';
import { checkWritable, type Scope } from '../scope.ts';
import type { Source } from './source.ts';
import { isScalarValue, type Scalar } from './values.ts';

export type Mapped = { readonly value: Scalar } | 'omit' | 'error';

/** Checks the entries of one map; `values` are those its source can have. */
export function compileMap(
  raw: unknown,
  path: Path,
  scope: Pick<Scope, 'report'>,
  source?: Pick<Source, 'path' | 'type' | 'values'>,
): ((value: Scalar) => Mapped) | undefined {
  if (!isRecord(raw)) return undefined;
  const entries = new Map<string, Scalar>();
  for (const [key, value] of Object.entries(raw)) {
    if (key === 'else') continue;
    checkLiteral(value, [...path, key], scope.report);
    if (isScalarValue(value)) entries.set(key, value);
    else
      scope.report.error([...path, key], 'MAP-103', [
        `l’entrée « ${key} » de la table est un texte, un nombre ou true / false.`,
        `entry "${key}" of the map needs a text, a number or true / false.`,
      ]);
  }
  if (!Object.hasOwn(raw, 'else'))
    return scope.report.atKey.error(path, 'MAP-205', [
      'la table n’a pas de else : écrivez else: error, omit, pass ou une valeur.',
      'the map has no else: write else: error, omit, pass or a value.',
    ]);
  if (source !== undefined) checkAgainst(source, raw, path, scope);
  const other = raw['else'];
  let fallback: (value: Scalar) => Mapped;
  if (other === 'error' || other === 'omit') fallback = () => other;
  else if (other === 'pass') fallback = (value) => ({ value });
  else if (isScalarValue(other)) fallback = () => ({ value: other });
  else if (isRecord(other) && isScalarValue(other['value'])) fallback = wordsAsValue(other['value']);
  else
    return scope.report.error([...path, 'else'], 'MAP-205', [
      'else d’une table est error, omit, pass, une valeur, ou {value: error} pour l’un de ces mots comme valeur.',
      'else of a map is error, omit, pass, a value, or {value: error} for one of these words as a value.',
    ]);
  return (value) => {
    const found = entries.get(String(value));
    return found === undefined ? fallback(value) : { value: found };
  };
}

function wordsAsValue(value: Scalar): () => Mapped {
  return () => ({ value });
}

function checkAgainst(
  source: Pick<Source, 'path' | 'type' | 'values'>,
  raw: Record<string, unknown>,
  path: Path,
  scope: Pick<Scope, 'report'>,
): void {
  const values = source.type === 'boolean' ? ['true', 'false'] : source.values;
  if (values === undefined) return;
  const keys = Object.keys(raw).filter((key) => key !== 'else');
  for (const key of keys) {
    if (values.includes(key)) continue;
    near(scope.report.atKey, key, values).error([...path, key], 'MAP-206', [
      `« ${source.path} » n’est jamais « ${key} » : c’est l’un de ${values.join(', ')}.`,
      `"${source.path}" is never "${key}": it is one of ${values.join(', ')}.`,
    ]);
  }
  const missing = values.filter((value) => !keys.includes(value));
  if (missing.length > 0 && keys.every((key) => values.includes(key))) {
    scope.report.atKey.warn(path, 'MAP-207', [
      `la table de « ${source.path} » n’a pas d’entrée pour ${missing.join(', ')} : else s’applique.`,
      `the map of "${source.path}" has no entry for ${missing.join(', ')}: else applies.`,
    ]);
  }
}

/** A map of the file, by the name that is written at a path; undefined after reporting that there is none. */
export function mapNamed(
  name: string,
  path: Path,
  { maps, report }: Scope,
): { readonly raw: unknown; readonly path: Path } | undefined {
  if (Object.hasOwn(maps, name)) return { raw: maps[name], path: ['maps', name] };
  const words: Message = [`la table « ${name} » n’existe pas.`, `map "${name}" does not exist.`];
  near(report, name, Object.keys(maps)).error(path, 'MAP-204', words);
  return undefined;
}

/** The map a field names, or writes itself. */
export function fieldMap(
  raw: unknown,
  path: Path,
  scope: Scope,
  source: Source,
): ((value: Scalar) => Mapped) | undefined {
  if (isRecord(raw)) return inFormat(raw, path, scope, source);
  if (typeof raw !== 'string') return undefined;
  const named = mapNamed(raw, path, scope);
  return named && inFormat(named.raw, named.path, scope, source);
}

/** The entries as this format writes them. */
function inFormat(
  raw: unknown,
  path: Path,
  scope: Scope,
  source: Source,
): ((value: Scalar) => Mapped) | undefined {
  for (const [key, value] of Object.entries(isRecord(raw) ? raw : {}))
    checkWritable(isRecord(value) ? value['value'] : value, [...path, key], scope);
  return compileMap(raw, path, scope, source);
}

// Adds the maps that several files have in common: `mappings/maps/NAME.yaml`, or `mappings/<client>/maps/NAME.yaml` for a client.
// Invariant: the nearest map replaces the other whole; a mistake is reported in the map's own file.

type Problems = Pick<ReturnType<typeof createProblems>, 'add' | 'reportIn'>;

/** The mapping with the shared maps its own `maps:` does not define. */
export function withSharedMaps(
  own: Tree,
  files: Readonly<Record<string, string>>,
  clientId: string,
  problems: Problems,
): Tree {
  if (!isRecord(own.value)) return own;
  const defined = isRecord(own.value['maps']) ? own.value['maps'] : {};
  const shared = new Map<string, Tree>();
  for (const folder of [`${clientId}/maps/`, 'maps/']) {
    for (const [file, text] of Object.entries(files)) {
      const name = nameIn(folder, file);
      if (name === undefined || shared.has(name) || Object.hasOwn(defined, name)) continue;
      shared.set(name, checkSharedMap(file, text, problems));
    }
  }
  if (shared.size === 0) return own;
  const added = Object.fromEntries([...shared].map(([name, tree]) => [name, tree.value]));
  const treeOf = (path: Path): Tree | undefined =>
    path[0] === 'maps' && typeof path[1] === 'string' && !Object.hasOwn(defined, path[1])
      ? shared.get(path[1])
      : undefined;
  return {
    value: { ...own.value, maps: { ...defined, ...added } },
    place: (path, what) => treeOf(path)?.place(path.slice(2), what) ?? own.place(path, what),
  };
}

/** Reads one map and reports its mistakes. */
export function checkSharedMap(file: string, text: string, problems: Problems): Tree {
  const tree = readDocument(file, text, problems);
  compileMap(tree.value, [], { report: problems.reportIn(tree) });
  return tree;
}

function nameIn(folder: string, file: string): string | undefined {
  if (!file.startsWith(folder)) return undefined;
  return /^([^/]+)\.ya?ml$/.exec(file.slice(folder.length))?.[1];
}
