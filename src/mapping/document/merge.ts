// Merges a client's file over the presets it extends, key by key, fills their parameters, and records the origin of every part.
// Invariant: lists are taken whole from the nearer file, except `response`: own rules first, then the preset's; `calls`:
// merged by name; and `{preset: rest}` in fields or consent: the preset's lines for targets that the nearer file does not write.
import { isRecord } from './yaml.ts';
import { near, type Path, type Tree, type Report } from './problems.ts';

interface Source {
  readonly tree: Tree;
  readonly path: Path;
}

/** The path of the merged value, and of its parts. */
interface At {
  readonly path: Path;
  readonly over: Path;
  readonly under: Path;
}

const down = (at: At, key: string | number): At => ({
  path: [...at.path, key],
  over: [...at.over, key],
  under: [...at.under, key],
});

/** The key of a list that is merged: of the file, of an action (`update.fields`), or of one of its calls. */
function joined(path: Path): 'response' | 'fields' | 'consent' | 'calls' | undefined {
  const key = path.at(-1);
  const inCall = typeof path.at(-2) === 'number' && path.at(-3) === 'calls';
  if (key === 'calls') return path.length <= 2 ? key : undefined;
  if (key === 'response' || key === 'fields' || key === 'consent')
    return path.length === 1 || inCall || (path.length === 2 && key !== 'response') ? key : undefined;
  return undefined;
}

/** `over` wins over `under`. */
export function mergeTrees(over: Tree, under: Tree): Tree {
  const sources = new Map<string, Source>();
  const merger: Merger = {
    over,
    under,
    note: (path, tree, ownPath) => void sources.set(JSON.stringify(path), { tree, path: ownPath }),
  };
  return {
    value: merge(merger, over.value, under.value, { path: [], over: [], under: [] }),
    place: (path, what) => {
      for (let length = path.length; length > 0; length -= 1) {
        const source = sources.get(JSON.stringify(path.slice(0, length)));
        if (source !== undefined) return source.tree.place([...source.path, ...path.slice(length)], what);
      }
      return over.place(path, what);
    },
  };
}

interface Merger {
  readonly over: Tree;
  readonly under: Tree;
  /** Records from which tree, and from which path in it, the part at a path came. */
  readonly note: (path: Path, tree: Tree, ownPath: Path) => void;
}

function merge(merger: Merger, over: unknown, under: unknown, at: At): unknown {
  merger.note(at.path, merger.over, at.over);
  if (isRecord(over) && isRecord(under)) return mergeBlocks(merger, over, under, at);
  if (!Array.isArray(over) || !Array.isArray(under)) return over;
  switch (joined(at.path)) {
    case 'response':
      return listOf(merger, at, [
        ...over.map((value: unknown, index) => ({ value, tree: merger.over, index })),
        ...under.map((value: unknown, index) => ({ value, tree: merger.under, index })),
      ]);
    case 'fields':
    case 'consent':
      return completed(merger, over, under, at);
    case 'calls':
      return mergeCalls(merger, over, under, at);
    case undefined:
      return over;
  }
}

function mergeBlocks(
  merger: Merger,
  over: Record<string, unknown>,
  under: Record<string, unknown>,
  at: At,
): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  // Order of the preset first: its fields keep their place, new keys follow.
  for (const key of new Set([...Object.keys(under), ...Object.keys(over)])) {
    const inner = down(at, key);
    if (!Object.hasOwn(over, key)) {
      merger.note(inner.path, merger.under, inner.under);
      merged[key] = under[key];
    } else if (!Object.hasOwn(under, key)) {
      merger.note(inner.path, merger.over, inner.over);
      merged[key] = over[key];
    } else {
      merged[key] = merge(merger, over[key], under[key], inner);
    }
  }
  return merged;
}

interface ListPart {
  readonly value: unknown;
  readonly tree: Tree;
  readonly index: number;
}

/** A list of whole parts of either file. */
function listOf(merger: Merger, at: At, parts: readonly ListPart[]): unknown[] {
  return parts.map(({ value, tree, index }, place) => {
    const own = tree === merger.over ? at.over : at.under;
    merger.note([...at.path, place], tree, [...own, index]);
    return value;
  });
}

/** The nearer list, with the preset's other lines in place of `{preset: rest}`. */
function completed(merger: Merger, over: readonly unknown[], under: readonly unknown[], at: At): unknown[] {
  const own = new Set(over.map(targetOf));
  const rest = under.flatMap((value, index): readonly ListPart[] =>
    own.has(targetOf(value)) ? [] : [{ value, tree: merger.under, index }],
  );
  const parts = over.flatMap((value, index): readonly ListPart[] =>
    isRecord(value) && value['preset'] === 'rest' ? rest : [{ value, tree: merger.over, index }],
  );
  return listOf(merger, at, parts);
}

/** Calls of one name are merged; new ones follow the preset's. */
function mergeCalls(merger: Merger, over: readonly unknown[], under: readonly unknown[], at: At): unknown[] {
  const names = new Set(under.map(nameOf));
  const list = under.map((value, index) => {
    const mine = over.findIndex((call) => nameOf(call) !== undefined && nameOf(call) === nameOf(value));
    const inner: At = { path: [...at.path, index], over: [...at.over, mine], under: [...at.under, index] };
    if (mine >= 0) return merge(merger, over[mine], value, inner);
    merger.note(inner.path, merger.under, inner.under);
    return value;
  });
  for (const [index, call] of over.entries()) {
    if (names.has(nameOf(call))) continue;
    merger.note([...at.path, list.length], merger.over, [...at.over, index]);
    list.push(call);
  }
  return list;
}

const nameOf = (call: unknown): unknown => (isRecord(call) ? call['name'] : undefined);

/**
 * The target of a line, by which lines replace each other. A line in a list or text of several, or one that places the
 * opt-in, only equals itself.
 */
function targetOf(line: unknown): unknown {
  if (!isRecord(line) || typeof line['to'] !== 'string') return line;
  return 'line' in line || line['to'].endsWith('[]') ? JSON.stringify(line) : line['to'];
}

// Fills the parameters of a preset: `${name}` in a text of the mapping becomes the value that the client's file gives.
// Invariant: only texts change, each in its place; a text that is nothing but `${name}` takes the value's own type.

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
      near(report.atKey, name, [...filling.used]).error(['parameters', name], 'MAP-425', [
        `rien n’utilise le paramètre « ${name} ».`,
        `nothing uses the parameter "${name}".`,
      ]);
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
    report.atKey.error(['parameters'], 'MAP-426', [
      `ces paramètres n’ont pas de valeur : ${names}.`,
      `these parameters have no value: ${names}.`,
    ]);
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
      near(report, name, [...declared.keys()]).error(path, 'MAP-425', [
        `il n’y a pas de paramètre « ${name} ».`,
        `there is no parameter "${name}".`,
      ]);
    return isValue(value) ? value : undefined;
  };
  const [whole, ...more] = [...text.matchAll(places)];
  if (whole === undefined) return text;
  if (more.length === 0 && whole[0] === text) return valueOf(whole[1] ?? '') ?? text;
  return text.replaceAll(places, (place, name: string) => String(valueOf(name) ?? place));
}

// Finds the file of a mappings folder that `extends: presets/NAME` names.
// Invariant: a preset is a folder with its mapping.yaml, or one file NAME.yaml; published versions contain either form.

/** The existing file for a name, of the two forms. */
export function presetFile(name: string, files: Readonly<Record<string, string>>): string {
  if (name.endsWith('.yaml')) return name;
  const inFolder = `${name}/mapping.yaml`;
  return Object.hasOwn(files, inFolder) ? inFolder : `${name}.yaml`;
}

/** Names that a person may write after `extends`. */
export const presetNames = (files: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(files).flatMap((path) => {
    const name = /^(presets\/[^/]+)(?:\/mapping)?\.yaml$/.exec(path)?.[1];
    return name === undefined ? [] : [name];
  });

/** True for the mapping of a preset, not for other files in its folder. */
export const isPresetFile = (path: string): boolean => presetNames({ [path]: '' }).length > 0;
