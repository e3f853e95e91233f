// Converts the nodes of a YAML document into plain values with their places, and reports ambiguous ones.
// Invariant: a value is the text of the file, character for character; a text that YAML would change is reported.
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Document, Node, Pair, Scalar } from 'yaml';
import type { Both } from '../../../connectors/contract.ts';
import type { createProblems, Path, Place } from './problems.ts';
import { deepest, tooDeep } from './yaml-slips.ts';

/** Offsets in the text of a value and of its key. */
export interface Spot {
  readonly value: number;
  readonly key?: number;
}

export const pointer = (path: Path): string => JSON.stringify(path);

// A key of the language; everywhere else `on` is ambiguous.
const languageWords = new Set(['on']);
const doubtfulWord = /^(yes|no|on|off)$/i;
const maxAliases = 50;
const noValue: Both = ['il n’y a pas de valeur ici.', 'there is no value here.'];

/** State carried from node to node while one file is read. */
export interface NodeReader {
  readonly document: Document;
  readonly problems: Pick<ReturnType<typeof createProblems>, 'add'>;
  readonly place: (offset: number) => Place;
  readonly spots: Map<string, Spot>;
  /** Keys already reported as written twice. */
  readonly twice: Set<number>;
  aliases: number;
}

export function valueOf(
  reader: NodeReader,
  node: Node | null | undefined,
  path: Path,
  key?: number,
): unknown {
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
  if (node.type === 'PLAIN' && node.value === null && source === '' && where.allowNull !== true)
    problems.add(at, 'error', 'MAP-006', noValue);
  if (typeof node.value === 'string' && !node.value.isWellFormed())
    problems.add(at, 'error', 'MAP-009', [
      'le texte contient un caractère incomplet.',
      'the text holds half a character (a lone surrogate).',
    ]);
}
