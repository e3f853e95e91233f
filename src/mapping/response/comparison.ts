// Compares a value of an answer with a value, a list of values, {exists}, {contains} or {matches}.
// Invariant: equality is typed (true is not "true"); no comparison takes longer than reading the value, whatever a file asks.
import type { Both } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import { compileGlob } from '../fields/conditions.ts';
import { isScalarValue } from '../fields/values.ts';

export type AnswerForm = 'json' | 'xml' | 'xpath' | 'css';

type Comparison = (found: unknown) => boolean;

export const comparisons: Both = [
  'une valeur, une liste de valeurs, {exists: true}, {contains: "..."} ou {matches: "HZ-*"}',
  'a value, a list of values, {exists: true}, {contains: "..."} or {matches: "HZ-*"}',
];

/**
 * `{asked: true}`: the value is the reference of the look-up, or a list that contains it; a search may find a part of it,
 * or another letter case.
 *
 * `{asked: 'Ref: {value}'}`: a line of the text is this, with the reference in it.
 */
export const isAsked = (wanted: unknown): wanted is { readonly asked: string | true } =>
  isRecord(wanted) &&
  Object.keys(wanted).join() === 'asked' &&
  (wanted['asked'] === true ||
    (typeof wanted['asked'] === 'string' && wanted['asked'].split('{value}').length === 2));

/** True when the value names this reference. A number is compared by its digits as written. */
export function namesReference(found: unknown, asked: string | true, reference: string | undefined): boolean {
  if (reference === undefined) return false;
  if (asked === true && Array.isArray(found))
    return found.some((one: unknown) => namesReference(one, true, reference));
  if (asked === true)
    return (typeof found === 'string' || typeof found === 'number') && String(found) === reference;
  const [before = '', after = ''] = asked.split('{value}');
  const line = `${before}${reference}${after}`.trim();
  return typeof found === 'string' && found.split(/\r?\n/).some((text) => text.trim() === line);
}

/** Compiles a comparison; undefined when badly written. */
export function comparisonOf(form: AnswerForm, wanted: unknown): Comparison | 'exists' | undefined {
  if (isRecord(wanted)) return wordsOf(wanted);
  const list: readonly unknown[] = [wanted].flat();
  if (!list.every((value) => isScalarValue(value) || value === null)) return undefined;
  const values: readonly unknown[] = list;
  if (form === 'json') return (found) => values.includes(found);
  // XML and HTML have texts only: 1 is read as "1". A count or a comparison keeps its type.
  const texts = list.map(String);
  return (found) =>
    typeof found === 'string' ? texts.includes(found) : list.some((value) => value === found);
}

/** The same for a header, where letter case and the blanks around a value do not count. */
export function headerComparison(wanted: unknown): Comparison | 'exists' | undefined {
  if (isRecord(wanted)) {
    const words = [wanted['contains']]
      .flat()
      .map((word) => (typeof word === 'string' ? word.toLowerCase() : word));
    const compare = wordsOf(Object.hasOwn(wanted, 'contains') ? { ...wanted, contains: words } : wanted);
    if (compare === undefined || compare === 'exists') return compare;
    return (found) => typeof found === 'string' && compare(found.trim().toLowerCase());
  }
  const list: readonly unknown[] = [wanted].flat();
  if (list.length === 0 || !list.every(isScalarValue)) return undefined;
  const texts = list.map((value) => String(value).toLowerCase());
  return (found) => typeof found === 'string' && texts.includes(found.trim().toLowerCase());
}

function wordsOf(wanted: Record<string, unknown>): Comparison | 'exists' | undefined {
  const [name, ...more] = Object.keys(wanted);
  if (name === undefined || more.length > 0) return undefined;
  if (name === 'exists') return typeof wanted['exists'] === 'boolean' ? 'exists' : undefined;
  const words: readonly unknown[] = [wanted[name]].flat();
  if (words.length === 0 || !words.every((word): word is string => typeof word === 'string' && word !== ''))
    return undefined;
  if (name === 'contains')
    return (found) => typeof found === 'string' && words.some((word) => found.includes(word));
  if (name !== 'matches') return undefined;
  const patterns = words.map(compileGlob);
  return (found) => typeof found === 'string' && patterns.some((pattern) => pattern(found));
}

/** True when the condition names a value, not only that one exists. */
export function saysWhat(wanted: unknown): boolean {
  if (!isRecord(wanted)) return wanted !== undefined;
  const patterns: readonly unknown[] = [wanted['matches']].flat();
  return (
    isAsked(wanted) ||
    Object.hasOwn(wanted, 'contains') ||
    (Object.hasOwn(wanted, 'matches') &&
      !patterns.some((word) => typeof word === 'string' && /^\**$/.test(word)))
  );
}

// Walks paths into an answer: `error.code`, `errors[0].code`, and `leads[ref=asked].id`, the record of a list whose `ref`
// is the reference of the look-up.
// Invariant: never throws; a path that does not exist gives undefined.

const askedStep = /^\[([A-Za-z0-9_-]{1,60})=asked\]$/;

/** True for a place that names the record of the look-up. */
export const looksForAsked = (place: unknown): boolean =>
  typeof place === 'string' && /\[[A-Za-z0-9_-]{1,60}=asked\]/.test(place);

/** `error.code`, `errors[0].code` or `$.error.code` to its steps; undefined when badly written. */
export function parsePath(text: string): readonly string[] | undefined {
  const body = text
    .replace(/^\$\.?/, '')
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .replaceAll(/\[([A-Za-z0-9_-]{1,60}=asked)\]/g, '.[$1]')
    .replace(/^\./, '');
  if (body === '') return text === '$' ? [] : undefined;
  const steps = body.split('.');
  return steps.every((step) => askedStep.test(step) || (step !== '' && !/[[\]*?\s]/.test(step)))
    ? steps
    : undefined;
}

/**
 * @param asked the reference of the look-up
 * @param beside offset, in the first list it passes, from the record that the path names
 */
export function walk(root: unknown, path: readonly string[], asked?: string, beside = 0): unknown {
  let value = root;
  let skip = beside;
  for (const step of path) {
    const key = askedStep.exec(step)?.[1];
    if (key !== undefined) value = recordsIn(value, key, asked)[skip];
    else if (Array.isArray(value) && /^\d+$/.test(step)) value = memberOf(value, String(Number(step) + skip));
    else {
      value = memberOf(value, step);
      continue;
    }
    skip = 0;
  }
  return value;
}

/** The steps to the record of a list in which a place is; undefined where the place passes no list. */
export function recordSteps(path: readonly string[] | undefined): readonly string[] | undefined {
  const at = path?.findLastIndex((step) => askedStep.test(step) || /^\d+$/.test(step)) ?? -1;
  return at < 0 ? undefined : path?.slice(0, at + 1);
}

/** True when the lists that a path searches exist: only a list can lack a record. */
export function hasItsLists(root: unknown, path: readonly string[], asked?: string): boolean {
  const at = path.findIndex((step) => askedStep.test(step));
  return at < 0 || (asked !== undefined && Array.isArray(walk(root, path.slice(0, at), asked)));
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

const recordsIn = (list: unknown, key: string, asked: string | undefined): readonly unknown[] =>
  Array.isArray(list)
    ? (list as unknown[]).filter((record) => namesReference(memberOf(record, key), true, asked))
    : [];
