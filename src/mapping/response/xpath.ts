// Compiles XPath 1.0 expressions over a recipient's XML answer; libxml2 evaluates them.
// Invariant: a compiled expression raises no error at delivery, and takes at most the square of the answer's size; a name
// matches in every namespace, so there are no prefixes.
import { withinBudget } from './answer-budget.ts';
import { readBeside } from './xml-reader.ts';
import { askXml, type XPathFound } from '../formats/xml-thread.ts';
import type { Both } from '../../../connectors/contract.ts';
import { suggest } from '../document/suggest.ts';

/** Number of arguments of each function. `id` and `lang` need a DTD or a language, which an answer does not have. */
const functions: Readonly<Record<string, readonly [number, number]>> = {
  last: [0, 0],
  position: [0, 0],
  count: [1, 1],
  'local-name': [0, 1],
  name: [0, 1],
  string: [0, 1],
  concat: [2, 99],
  'starts-with': [2, 2],
  contains: [2, 2],
  'substring-before': [2, 2],
  'substring-after': [2, 2],
  substring: [2, 3],
  'string-length': [0, 1],
  'normalize-space': [0, 1],
  translate: [3, 3],
  boolean: [1, 1],
  not: [1, 1],
  true: [0, 0],
  false: [0, 0],
  number: [0, 1],
  sum: [1, 1],
  floor: [1, 1],
  ceiling: [1, 1],
  round: [1, 1],
};
const nodeTypes = new Set(['text', 'node', 'comment', 'processing-instruction']);
const token = /"[^"]*"|'[^']*'|\d+(?:\.\d*)?|\.\d+|\.\.|::|\/\/|!=|<=|>=|[\p{L}_][\p{L}\p{N}_.-]*|[^\s]/gu;
const isName = (text: string | undefined): text is string => text !== undefined && /^[\p{L}_]/u.test(text);
/** After one of these a name is a place, elsewhere it is an operator (`div`). */
const opensPlace = /^(?:::|[@([,/|+\-=<>*]|\/\/|!=|<=|>=|and|or|div|mod)$/;

export interface XPath {
  readonly gives: 'nodes' | 'value';
  readonly text: string;
}

/** The mistake in an expression, as the end of a sentence; without words when it is no expression. */
export interface ExpressionFault {
  readonly fault: Both | undefined;
  readonly suggestion?: string | undefined;
}

export function compileXPath(text: string): XPath | ExpressionFault {
  const words = text.match(token) ?? [];
  if (words.length === 0) return { fault: ['il n’y a rien', 'it is empty'] };
  if (text.length > mostLetters)
    return { fault: [`plus de ${mostLetters} caractères`, `it is longer than ${mostLetters} characters`] };
  if (walksInWalks(words))
    return {
      fault: [
        'des conditions qui cherchent dans toute la réponse sont l’une dans l’autre : la lecture n’aurait pas de durée bornée',
        'conditions that search the whole answer stand inside each other: it cannot be read in bounded time',
      ],
    };
  const fault = faultIn(words);
  if (fault !== undefined) return fault;
  const expression = withoutNamespaces(words);
  const answer = askXml({ ask: 'read', xml: '<a/>', xpaths: [expression] });
  const found = answer.kind === 'read' ? answer.found[0] : undefined;
  if (found === undefined) return { fault: ['ce n’est pas un XPath', 'it is no XPath'] };
  return { gives: 'nodes' in found ? 'nodes' : 'value', text: expression };
}

const mostLetters = 1_000;
/** Axes that visit the whole answer, or much of it. */
const walks = new Set([
  'descendant',
  'descendant-or-self',
  'following',
  'preceding',
  'following-sibling',
  'preceding-sibling',
  'ancestor',
  'ancestor-or-self',
]);

/** An axis inside a condition inside an axis visits the cube of the answer's size, and so on. */
function walksInWalks(words: readonly string[]): boolean {
  const levels = [false];
  for (const [index, word] of words.entries()) {
    if (word === '[') levels.push(false);
    else if (word === ']') levels.pop();
    else if (word === '//' || (walks.has(word) && words[index + 1] === '::'))
      levels[levels.length - 1] = true;
    if (levels.filter(Boolean).length > 2) return true;
  }
  return false;
}

function faultIn(words: readonly string[]): ExpressionFault | undefined {
  for (const [index, word] of words.entries()) {
    if (word === '$') return { fault: ['il n’y a pas de variables', 'there are no variables'] };
    if (word === ':')
      return {
        fault: [
          'retirez les préfixes : un nom vaut dans tous les espaces de noms',
          'leave prefixes out: a name fits in every namespace',
        ],
      };
    if (!isName(word) || words[index + 1] !== '(' || isOperator(words, index) || nodeTypes.has(word))
      continue;
    const takes = Object.hasOwn(functions, word) ? functions[word] : undefined;
    if (takes === undefined)
      return {
        fault: [`la fonction « ${word} » n’existe pas`, `function "${word}" does not exist`],
        suggestion: suggest(word, Object.keys(functions)),
      };
    const given = argumentsAt(words, index + 1);
    if (given < takes[0] || given > takes[1]) return { fault: otherArguments(word, takes, given) };
  }
  return undefined;
}

function otherArguments(name: string, [least, most]: readonly [number, number], given: number): Both {
  const [french, english] =
    least === most ? [`${most}`, `${most}`] : [`${least} à ${most}`, `${least} to ${most}`];
  return [
    `« ${name} » demande ${french} arguments, et non ${given}`,
    `"${name}" takes ${english} arguments, not ${given}`,
  ];
}

function argumentsAt(words: readonly string[], open: number): number {
  let depth = 0;
  let commas = 0;
  for (let at = open; at < words.length; at += 1) {
    const word = words[at];
    if (word === '(' || word === '[') depth += 1;
    if (word === ')' || word === ']') depth -= 1;
    if (word === ',' && depth === 1) commas += 1;
    if (depth === 0) return at === open + 1 ? 0 : commas + 1;
  }
  return commas + 1;
}

const isOperator = (words: readonly string[], index: number): boolean =>
  index > 0 && /^(?:and|or|div|mod)$/.test(words[index] ?? '') && !opensPlaceAt(words, index - 1);

/** `*` and the four words are operators after an operand, names after an operator. */
function opensPlaceAt(words: readonly string[], index: number): boolean {
  const word = words[index] ?? '';
  if (word === '*' || /^(?:and|or|div|mod)$/.test(word)) return index > 0 && !opensPlaceAt(words, index - 1);
  return opensPlace.test(word);
}

/** `code` becomes `*[local-name()="code"]`, for an attribute too. */
function withoutNamespaces(words: readonly string[]): string {
  return words
    .map((word, index) => {
      const next = words[index + 1];
      const place = isName(word) && next !== '(' && next !== '::' && !isOperator(words, index);
      return place ? `*[local-name()="${word}"]` : word;
    })
    .join(' ');
}

/** Time limit of the tools, which block. */
const readMs = 1_000;

/** The result of an expression; undefined when the text is no XML. */
export type XPathFinding = XPathFound | 'too complex' | undefined;

/** The text as the library takes it; a text with a DOCTYPE is not read: its entities may be an attack. */
function readable(xml: string): { readonly bare: string } | 'too complex' | undefined {
  if (/<!doctype/i.test(xml)) return undefined;
  // The text is already decoded: the encoding it declares no longer applies.
  return withinBudget(xml) ? { bare: xml.trimStart().replace(/^<\?xml\s[^>]*\?>/, '') } : 'too complex';
}

/** For tools only: blocks until the result. */
export function readXPath(xml: string, expression: XPath): XPathFinding {
  const text = readable(xml);
  if (text === undefined || text === 'too complex') return text;
  try {
    const answer = askXml({ ask: 'read', xml: text.bare, xpaths: [expression.text] }, readMs);
    return answer.kind === 'read' ? answer.found[0] : undefined;
  } catch {
    return 'too complex';
  }
}

/** The result of each expression, read without blocking the event loop. */
export async function readXPaths(xml: string, xpaths: readonly string[]): Promise<readonly XPathFinding[]> {
  const text = readable(xml);
  if (text === undefined || text === 'too complex') return xpaths.map(() => text);
  const found = await readBeside(text.bare, xpaths);
  if (found === 'unreadable') return xpaths.map(() => undefined);
  return found === 'too slow' ? xpaths.map(() => 'too complex') : found;
}
