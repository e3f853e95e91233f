// Reads one YAML 1.2 file strictly into plain values with their line and column.
// Invariant: a value is either the text the integrator wrote, character for character, or a problem.
import { LineCounter, parseDocument } from 'yaml';
import type { YAMLError } from 'yaml';
import type { createProblems, Place, Tree } from './problems.ts';
import { pointer, valueOf } from './yaml-nodes.ts';
import type { NodeReader, Spot } from './yaml-nodes.ts';
import { lineOfDepth, reportTabs, tooDeep } from './yaml-slips.ts';
import { syntaxWords } from './yaml-words.ts';

type Problems = Pick<ReturnType<typeof createProblems>, 'add'>;

/** Prefix of every file name in messages. */
export const shownFolder = 'mappings';

const mostSlips = 2;

interface Reading {
  readonly tree: Tree;
  readonly found: readonly Parameters<Problems['add']>[];
}

/** A check reads client.yaml, presets and maps for every destination that uses them: each is parsed once. */
const readings = new Map<string, Reading>();
const mostReadings = 300;

/** Parses a file; problems are added, and a tree is returned whenever anything can be read. */
export function readDocument(name: string, text: string, problems: Problems): Tree {
  const key = `${name}\n${text}`;
  let reading = readings.get(key);
  if (reading === undefined) {
    const found: Parameters<Problems['add']>[] = [];
    const tree = readSafely(name, text, { add: (...problem) => void found.push(problem) });
    reading = { tree, found };
    if (readings.size >= mostReadings) readings.clear();
    readings.set(key, reading);
  }
  for (const problem of reading.found) problems.add(...problem);
  return reading.tree;
}

/** A file nested deeper than the parser's own stack is reported like every other mistake. */
function readSafely(name: string, text: string, problems: Problems): Tree {
  try {
    return parseFile(name, text, problems);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { file: `${shownFolder}/${name}`, line: lineOfDepth(text), column: 1 };
    problems.add(place, 'error', 'MAP-001', tooDeep);
    return { value: undefined, place: () => place };
  }
}

function parseFile(name: string, text: string, problems: Problems): Tree {
  const file = `${shownFolder}/${name}`;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    strict: true,
    // The parser compares each key with all before it; `valueOf` needs one look.
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    // `silent` would not report a second document, which would be ignored.
    logLevel: 'error',
  });
  const place = placing(file, lines);
  const tabLines = reportTabs(file, text, problems);
  reportSyntax([...document.errors, ...document.warnings], tabLines, place, problems);
  const reader: NodeReader = { document, problems, place, spots: new Map(), twice: new Set(), aliases: 0 };
  // The structure after a tab is uncertain: only the tabs are reported.
  const value = tabLines.size > 0 ? undefined : valueOf(reader, document.contents, []);
  if (!isRecord(value) && document.errors.length === 0 && tabLines.size === 0)
    problems.add({ file, line: 1, column: 1 }, 'error', 'MAP-008', [
      'le fichier ne contient pas de lignes `clé: valeur`.',
      'the file does not hold `key: value` lines.',
    ]);
  return { value, place: finding(file, reader.spots, place) };
}

function reportSyntax(
  errors: readonly YAMLError[],
  tabLines: ReadonlySet<number>,
  place: (offset: number) => Place,
  problems: Problems,
): void {
  const broken = new Set<number>();
  for (const error of errors) {
    const at = place(error.pos[0]);
    if (error.code === 'TAB_AS_INDENT' || tabLines.has(at.line)) continue;
    if (error.code === 'MULTIPLE_DOCS') {
      problems.add(at, 'error', 'MAP-008', [
        'le fichier contient plus d’un document YAML.',
        'the file holds more than one YAML document.',
      ]);
      continue;
    }
    // One typing error makes an error of every token after it; the first of two lines show where to look.
    if (!broken.has(at.line) && broken.size < mostSlips)
      problems.add(at, 'error', 'MAP-001', syntaxWords(error));
    broken.add(at.line);
  }
}

const placing =
  (file: string, lines: LineCounter) =>
  (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };

/** Built outside the reader, so that the cached tree does not keep the parsed document in memory. */
function finding(
  file: string,
  spots: ReadonlyMap<string, Spot>,
  place: (offset: number) => Place,
): Tree['place'] {
  return (path, what) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const spot = spots.get(pointer(path.slice(0, length)));
      if (spot === undefined) continue;
      // A missing part is reported at the key of the block that lacks it.
      const wantsKey = what === 'key' || length < path.length;
      return place(wantsKey && spot.key !== undefined ? spot.key : spot.value);
    }
    return { file, line: 1, column: 1 };
  };
}

/** A block of keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The block at a key, or an empty one. */
export function blockAt(value: unknown, key: string): Record<string, unknown> {
  const inner = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isRecord(inner) ? inner : {};
}

/** The list at a key, or an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const inner = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(inner) ? inner : [];
}

/** The text at a key, if it is one. */
export function textAt(value: unknown, key: string): string | undefined {
  const inner = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof inner === 'string' ? inner : undefined;
}
