// Reads one YAML 1.2 file strictly into plain values that know their line and column.
// Invariant: a value is either what the integrator wrote, character for character, or a problem.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, Pair, Scalar } from 'yaml';
import type { createProblems, Path, Place, Tree } from './problems.ts';
import { deepest, firstSentence, lineOfDepth, reportTabs, tooDeep } from './yaml-slips.ts';

type Problems = Pick<ReturnType<typeof createProblems>, 'add'>;

/** Prefix of every file name in messages. */
export const mappingsFolder = 'mappings';

interface Spot {
  readonly value: number;
  readonly key?: number;
}

const pointer = (path: Path): string => JSON.stringify(path);

// The language's own key; everywhere else `on` is a trap.
const languageWords = new Set(['on']);
const doubtfulWord = /^(yes|no|on|off)$/i;
const maxAliases = 50;
const mostSlips = 2;

interface Reading {
  readonly tree: Tree;
  readonly found: readonly Parameters<Problems['add']>[];
}

/** A check reads client.yaml, presets and maps for every destination that uses them: each is parsed once. */
const readings = new Map<string, Reading>();
const mostReadings = 300;

/** Parses a file; problems are added, and a tree is given whenever anything can be read. */
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

/** A file nested deeper than the parser's own stack is told like every other mistake. */
function readSafely(name: string, text: string, problems: Problems): Tree {
  try {
    return parseFile(name, text, problems);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { file: `${mappingsFolder}/${name}`, line: lineOfDepth(text), column: 1 };
    problems.add(place, 'error', 'MAP-001', tooDeep);
    return { value: undefined, place: () => place };
  }
}

function parseFile(name: string, text: string, problems: Problems): Tree {
  const file = `${mappingsFolder}/${name}`;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    strict: true,
    // The parser compares each key with all before it; `walk` needs one look.
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    // Silent would not tell of a second document, which nobody would read.
    logLevel: 'error',
  });
  const place = placing(file, lines);
  const tabLines = reportTabs(file, text, problems);
  const broken = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    const at = place(error.pos[0]);
    if (error.code === 'TAB_AS_INDENT' || tabLines.has(at.line)) continue;
    if (error.code === 'MULTIPLE_DOCS') {
      problems.add(at, 'error', 'MAP-008', 'the file holds more than one YAML document.');
    } else {
      // One slip makes an error of every token after it; the first of two lines say where to look.
      if (!broken.has(at.line) && broken.size < mostSlips)
        problems.add(at, 'error', 'MAP-001', firstSentence(error.message));
      broken.add(at.line);
    }
  }
  const spots = new Map<string, Spot>();
  const twice = new Set<number>();
  let aliases = 0;

  const scalar = (node: Scalar, isKey: boolean, allowNull: boolean): unknown => {
    const source = node.source ?? '';
    const at = place(node.range?.[0] ?? 0);
    if (node.type === 'PLAIN') {
      if (doubtfulWord.test(source) && !(isKey && languageWords.has(source))) {
        problems.add(
          at,
          'error',
          'MAP-005',
          `${source} without quotes is doubtful: write "${source}" for the text, or true / false.`,
        );
      }
      if (
        (typeof node.value === 'number' || typeof node.value === 'bigint') &&
        String(node.value) !== source
      ) {
        problems.add(
          at,
          'error',
          'MAP-004',
          `${source} without quotes would be read as ${String(node.value)}: write "${source}".`,
        );
        return source;
      }
      if (node.value === null && source === '' && !allowNull) {
        problems.add(at, 'error', 'MAP-006', 'there is no value here.');
      }
    }
    if (typeof node.value === 'string' && !node.value.isWellFormed())
      problems.add(at, 'error', 'MAP-009', 'the text holds half a character (a lone surrogate).');
    return node.value;
  };

  const walk = (node: Node | null | undefined, path: Path, key?: number): unknown => {
    const offset = node?.range?.[0] ?? key ?? 0;
    spots.set(pointer(path), key === undefined ? { value: offset } : { value: offset, key });
    if (node === null || node === undefined) {
      if (path.length > 0) problems.add(place(offset), 'error', 'MAP-006', 'there is no value here.');
      return null;
    }
    if (path.length > deepest) {
      problems.add(place(offset), 'error', 'MAP-001', tooDeep);
      return null;
    }
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > maxAliases) {
        problems.add(place(offset), 'error', 'MAP-001', `more than ${maxAliases} aliases in one file.`);
        return null;
      }
      return walk(node.resolve(document), path, key);
    }
    if (isMap(node)) {
      const value: Record<string, unknown> = {};
      for (const pair of node.items as Pair<Node, Node | null>[]) {
        const keyNode = pair.key;
        const name = isScalar(keyNode) ? String(scalar(keyNode, true, false)) : String(keyNode);
        const start = keyNode.range?.[0] ?? 0;
        // A block may be met again through an alias.
        if (Object.hasOwn(value, name) && !twice.has(start))
          problems.add(place(start), 'error', 'MAP-002', `"${name}" is written twice in this block.`);
        if (Object.hasOwn(value, name)) twice.add(start);
        const item = walk(pair.value, [...path, name], keyNode.range?.[0]);
        // Own data property whatever the name: `__proto__` must not become the prototype.
        Object.defineProperty(value, name, {
          value: item,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return value;
    }
    if (isSeq(node)) return node.items.map((item, index) => walk(item as Node, [...path, index]));
    if (isScalar(node)) return scalar(node, false, path.length === 0);
    return null;
  };

  // Behind a tab the shape is a guess: only the tabs are told.
  const value = tabLines.size > 0 ? undefined : walk(document.contents, []);
  if (!isRecord(value)) {
    if (document.errors.length === 0 && tabLines.size === 0) {
      problems.add(
        { file, line: 1, column: 1 },
        'error',
        'MAP-008',
        'the file does not hold `key: value` lines.',
      );
    }
  }
  return { value, place: finding(file, spots, place) };
}

const placing =
  (file: string, lines: LineCounter) =>
  (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };

/** Apart from the reader: what is kept must not hold on to the parsed document. */
function finding(
  file: string,
  spots: ReadonlyMap<string, Spot>,
  place: (offset: number) => Place,
): Tree['place'] {
  return (path, what) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const spot = spots.get(pointer(path.slice(0, length)));
      if (spot === undefined) continue;
      // A part that is missing is told at the key of what should hold it.
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
