// Reads one YAML 1.2 file strictly into plain values with their line and column.
// Invariant: a value is either the text the integrator wrote, character for character, or a problem.
import {
  LineCounter,
  parseDocument,
  visit,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type YAMLError,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type ErrorCode,
} from 'yaml';
import type { createProblems, Place, Tree, Path } from './problems.ts';
import type { Both } from '../../../connectors/contract.ts';

// Converts the nodes of a YAML document into plain values with their places, and reports ambiguous ones.
// Invariant: a value is the text of the file, character for character; a text that YAML would change is reported.

/** Offsets in the text of a value and of its key. */
interface Spot {
  readonly value: number;
  readonly key?: number;
}

const pointer = (path: Path): string => JSON.stringify(path);

// A key of the language; everywhere else `on` is ambiguous.
const languageWords = new Set(['on']);
const doubtfulWord = /^(yes|no|on|off)$/i;
const maxAliases = 50;
const noValue: Both = ['il n’y a pas de valeur ici.', 'there is no value here.'];

/** State carried from node to node while one file is read. */
interface NodeReader {
  readonly document: Document;
  readonly problems: Pick<ReturnType<typeof createProblems>, 'add'>;
  readonly place: (offset: number) => Place;
  readonly spots: Map<string, Spot>;
  /** Keys already reported as written twice. */
  readonly twice: Set<number>;
  aliases: number;
}

function valueOf(reader: NodeReader, node: Node | null | undefined, path: Path, key?: number): unknown {
  const { problems, place } = reader;
  const offset = node?.range?.[0] ?? key ?? 0;
  reader.spots.set(pointer(path), key === undefined ? { value: offset } : { value: offset, key });
  if (node === null || node === undefined) {
    if (path.length > 0) problems.add(place(offset), 'error', 'MAP-006', noValue);
    return null;
  }
  if (path.length > deepest) {
    problems.add(place(offset), 'error', 'MAP-001', tooDeep);
    return null;
  }
  if (isAlias(node)) {
    reader.aliases += 1;
    if (reader.aliases > maxAliases) {
      problems.add(place(offset), 'error', 'MAP-001', [
        `plus de ${maxAliases} alias dans un fichier.`,
        `more than ${maxAliases} aliases in one file.`,
      ]);
      return null;
    }
    return valueOf(reader, node.resolve(reader.document), path, key);
  }
  if (isMap(node)) return blockOf(reader, node.items as Pair<Node, Node | null>[], path);
  if (isSeq(node)) return node.items.map((item, index) => valueOf(reader, item as Node, [...path, index]));
  if (isScalar(node)) {
    checkScalar(reader, node, { allowNull: path.length === 0 });
    return scalarOf(node);
  }
  return null;
}

function blockOf(reader: NodeReader, pairs: readonly Pair<Node, Node | null>[], path: Path): unknown {
  const { problems, place, twice } = reader;
  const block: Record<string, unknown> = {};
  for (const pair of pairs) {
    const name = keyOf(reader, pair.key);
    const start = pair.key.range?.[0] ?? 0;
    // An alias reaches the same block again.
    if (Object.hasOwn(block, name) && !twice.has(start))
      problems.add(place(start), 'error', 'MAP-002', [
        `« ${name} » est écrit deux fois dans ce bloc.`,
        `"${name}" is written twice in this block.`,
      ]);
    if (Object.hasOwn(block, name)) twice.add(start);
    const item = valueOf(reader, pair.value, [...path, name], pair.key.range?.[0]);
    // Own data property whatever the name: `__proto__` must not become the prototype.
    Object.defineProperty(block, name, {
      value: item,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return block;
}

function keyOf(reader: NodeReader, key: Node): string {
  if (!isScalar(key)) return String(key);
  checkScalar(reader, key, { key: true });
  return String(scalarOf(key));
}

/** A number that YAML would write in other digits: `007`, `1e3`. */
const isOtherNumber = ({ type, value, source }: Scalar): boolean =>
  type === 'PLAIN' && (typeof value === 'number' || typeof value === 'bigint') && String(value) !== source;

/** The value as written: such a number remains a text. */
const scalarOf = (node: Scalar): unknown => (isOtherNumber(node) ? (node.source ?? '') : node.value);

function checkScalar(
  { problems, place }: NodeReader,
  node: Scalar,
  where: { readonly key?: boolean; readonly allowNull?: boolean },
): void {
  const source = node.source ?? '';
  const at = place(node.range?.[0] ?? 0);
  const isLanguageWord = where.key === true && languageWords.has(source);
  if (node.type === 'PLAIN' && doubtfulWord.test(source) && !isLanguageWord)
    problems.add(at, 'error', 'MAP-005', [
      `${source} sans guillemets est ambigu : écrivez "${source}" pour le texte, ou true / false.`,
      `${source} without quotes is doubtful: write "${source}" for the text, or true / false.`,
    ]);
  if (isOtherNumber(node))
    problems.add(at, 'error', 'MAP-004', [
      `${source} sans guillemets serait lu ${String(node.value)} : écrivez "${source}".`,
      `${source} without quotes would be read as ${String(node.value)}: write "${source}".`,
    ]);
  if (node.type === 'PLAIN' && /^[“”„].*[“”]$|^[‘’].*[‘’]$/su.test(source))
    problems.add(at, 'warning', 'MAP-004', [
      `les guillemets typographiques de ${source} font partie de la valeur : écrivez "${source.slice(1, -1)}", ou "${source}" si elle les contient.`,
      `the typographic quotes of ${source} are part of the value: write "${source.slice(1, -1)}", or "${source}" where it contains them.`,
    ]);
  if (node.type === 'PLAIN' && node.value === null && source === '' && where.allowNull !== true)
    problems.add(at, 'error', 'MAP-006', noValue);
  if (typeof node.value === 'string' && !node.value.isWellFormed())
    problems.add(at, 'error', 'MAP-009', [
      'le texte contient un caractère incomplet.',
      'the text holds half a character (a lone surrogate).',
    ]);
}

// Finds the mistakes in YAML that its parser does not report clearly: tabs, no-break spaces, depth.
// Invariant: it reads no values; the document is read elsewhere.

/** Levels a file may have: more than any mapping needs, fewer than the stack permits. */
const deepest = 100;

const tooDeep: Both = [
  `le fichier est imbriqué sur plus de ${deepest} niveaux.`,
  `the file is nested more than ${deepest} levels deep.`,
];

/** The line where the nesting exceeds the limit, by its brackets or its indentation. */
function lineOfDepth(text: string): number {
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.search(/[^ ]/) > 2 * deepest || /^( *- ?){100}/.test(line)) return index + 1;
    for (const sign of line) {
      depth += '[{'.includes(sign) ? 1 : ']}'.includes(sign) ? -1 : 0;
      if (depth > deepest) return index + 1;
    }
  }
  return 1;
}

const tabIndent: Both = ['la ligne est indentée par une tabulation.', 'the line is indented with a tab.'];

const noBreakSpace: Both = [
  'une espace insécable est là où YAML veut une espace ordinaire : retapez-la.',
  'a no-break space is where YAML wants an ordinary one: type it again.',
];

/** Reports a tab that indents, and a no-break space that indents or follows a dash or key. Returns their lines; the structure after is uncertain. */
function reportSpaces(
  document: Document,
  text: string,
  place: (offset: number) => Place,
  problems: Problems,
): Set<number> {
  const found = new Set<number>();
  const texts: (readonly [number, number, number])[] = [];
  visit(document, { Scalar: (_, { type, range }) => void (type !== 'PLAIN' && range && texts.push(range)) });
  for (const { 0: before, index } of text.matchAll(/^ *\t(?=.*\S)|^[ -]*(?:[\w.-]+:)?[\u00a0\u202f]/gm)) {
    const offset = index + before.length - 1;
    const isTab = before.endsWith('\t');
    if (!isTab && texts.some(([from, , to]) => from < offset && offset < to)) continue;
    const at = place(offset);
    found.add(at.line);
    problems.add(at, 'error', isTab ? 'MAP-003' : 'MAP-001', isTab ? tabIndent : noBreakSpace);
  }
  return found;
}

// Gives the messages of the YAML parser in French by their code, and in English as the parser words them.
// Invariant: a code of the parser without French words does not compile.

const french: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'un alias (*nom) ne peut porter ni ancre ni étiquette.',
  BAD_ALIAS: 'cet alias (*nom) ne mène à aucune ancre (&nom), ou son nom est faux.',
  BAD_COLLECTION_TYPE: 'l’étiquette ne convient pas à un bloc ou à une liste.',
  BAD_DIRECTIVE: 'cette ligne qui commence par % n’est pas une directive connue.',
  BAD_DQ_ESCAPE:
    'après \\ entre guillemets doubles, ce caractère n’existe pas : doublez la barre, ou employez des apostrophes.',
  BAD_INDENT:
    'la ligne n’est pas indentée comme celles de son bloc, ou une accolade ou un crochet reste ouvert avant elle.',
  BAD_PROP_ORDER: 'l’ancre ou l’étiquette vient avant la valeur, sur la même ligne.',
  BAD_SCALAR_START: 'une valeur ne commence pas par ce caractère : mettez-la entre guillemets.',
  BLOCK_AS_IMPLICIT_KEY:
    'deux « clé: valeur » sur une même ligne, ou une valeur qui contient « : » sans guillemets.',
  BLOCK_IN_FLOW:
    'entre accolades ou crochets, ce qui se suit est séparé par des virgules ; une liste à tirets n’y a pas sa place.',
  DUPLICATE_KEY: 'la clé est écrite deux fois.',
  IMPOSSIBLE: 'le lecteur ne comprend pas cet endroit.',
  KEY_OVER_1024_CHARS: 'une clé sur une ligne a au plus 1024 caractères.',
  MISSING_CHAR:
    'il manque un caractère : une accolade, un crochet, un guillemet, une virgule, ou l’espace après « : ».',
  MULTILINE_IMPLICIT_KEY:
    'la clé tient sur une ligne et est suivie de « : » ; il manque peut-être un guillemet ou un « : ».',
  MULTIPLE_ANCHORS: 'une valeur a au plus une ancre (&nom).',
  MULTIPLE_DOCS: 'le fichier contient plus d’un document YAML.',
  MULTIPLE_TAGS: 'une valeur a au plus une étiquette (!nom).',
  NON_STRING_KEY: 'une clé est un texte.',
  RESOURCE_EXHAUSTION: 'le fichier demande plus que le lecteur ne peut lire.',
  TAB_AS_INDENT: 'la ligne est indentée par une tabulation.',
  TAG_RESOLVE_FAILED:
    'cette étiquette (!nom) n’existe pas ici : retirez-la, ou mettez la valeur entre guillemets.',
  UNEXPECTED_TOKEN:
    'ce caractère n’est pas attendu ici : mettez la valeur entre guillemets, ou corrigez les accolades.',
};

/** The first line is the message; the others draw the place, which the check names itself. */
function syntaxWords({ code, message }: Pick<YAMLError, 'code' | 'message'>): Both {
  const line = message.split('\n')[0] ?? message;
  return [french[code], line.endsWith('.') ? line : `${line}.`];
}

type Problems = Pick<ReturnType<typeof createProblems>, 'add'>;

/** Prefix of every file name in messages. */
export const shownFolder = 'mappings';

const mostSlips = 2;

interface Reading {
  readonly tree: Tree;
  readonly found: readonly Parameters<Problems['add']>[];
}

/**
 * A check reads client.yaml, presets and maps for every destination that uses them: each is parsed once, as long as the memory is not
 * needed. A process that compiles what is in force has no use for them afterwards.
 */
const readings = new Map<string, WeakRef<Reading>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (readings.get(key)?.deref() === undefined) readings.delete(key);
});

/** Parses a file; problems are added, and a tree is returned whenever anything can be read. */
export function readDocument(name: string, text: string, problems: Problems): Tree {
  const key = `${name}\n${text}`;
  let reading = readings.get(key)?.deref();
  if (reading === undefined) {
    const found: Parameters<Problems['add']>[] = [];
    const tree = readSafely(name, text, { add: (...problem) => void found.push(problem) });
    reading = { tree, found };
    readings.set(key, new WeakRef(reading));
    collected.register(reading, key);
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
  const spaceLines = reportSpaces(document, text, place, problems);
  reportSyntax([...document.errors, ...document.warnings], spaceLines, place, problems);
  const reader: NodeReader = { document, problems, place, spots: new Map(), twice: new Set(), aliases: 0 };
  const value = spaceLines.size > 0 ? undefined : valueOf(reader, document.contents, []);
  if (!isRecord(value) && document.errors.length === 0 && spaceLines.size === 0)
    problems.add({ file, line: 1, column: 1 }, 'error', 'MAP-008', [
      'le fichier ne contient pas de lignes `clé: valeur`.',
      'the file does not hold `key: value` lines.',
    ]);
  return { value, place: finding(file, reader.spots, place) };
}

function reportSyntax(
  errors: readonly YAMLError[],
  spaceLines: ReadonlySet<number>,
  place: (offset: number) => Place,
  problems: Problems,
): void {
  const broken = new Set<number>();
  for (const error of errors) {
    const at = place(error.pos[0]);
    if (error.code === 'TAB_AS_INDENT' || [at.line, at.line - 1].some((line) => spaceLines.has(line)))
      continue;
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
