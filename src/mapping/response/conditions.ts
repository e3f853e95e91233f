// Compiles the conditions of a response rule: status, json, xml, xpath, css, text, header, mediaType; all must be true.
// Invariant: equality is typed (true is not "true"), and a part the answer does not have matches nothing.
import type { Both } from '../../../connectors/contract.ts';
import { meaningOf } from '../../../connectors/http-status.ts';
import { looksForAsked, namesReference, parsePath, type AnswerForm, type Opened } from './answer.ts';
import { compileCss } from './css.ts';
import { isRecord } from '../document/yaml.ts';
import { compileGlob } from '../fields/conditions.ts';
import { isScalarValue } from '../fields/values.ts';
import type { FaultFormat } from '../contract.ts';
import { hinting, near, type Path, type Report } from '../document/problems.ts';
import { compileXPath } from './xpath.ts';

export type AnswerTest = (opened: Opened) => boolean;

export const answerConditions: readonly string[] = [
  'status',
  'json',
  'xml',
  'xpath',
  'css',
  'text',
  'header',
  'mediaType',
  'fault',
];

/** A test for a list of statuses and ranges; undefined when one is no status. */
export function statusTest(raw: unknown): ((status: number) => boolean) | undefined {
  const ranges: { readonly from: number; readonly to: number }[] = [];
  for (const wanted of Array.isArray(raw) ? (raw as unknown[]) : [raw]) {
    const range = statusRange(wanted);
    if (range === undefined || range.from > range.to) return undefined;
    ranges.push(range);
  }
  if (ranges.length === 0) return undefined;
  return (status) => {
    for (const { from, to } of ranges) if (status >= from && status <= to) return true;
    return false;
  };
}

function statusRange(wanted: unknown): { readonly from: number; readonly to: number } | undefined {
  if (typeof wanted === 'number' && Number.isInteger(wanted) && wanted >= 100 && wanted <= 599)
    return { from: wanted, to: wanted };
  if (typeof wanted !== 'string') return undefined;
  const [, from, to] = /^([1-5]\d\d)-([1-5]\d\d)$/.exec(wanted) ?? [];
  if (from !== undefined) return { from: Number(from), to: Number(to) };
  const family = /^([1-5])xx$/i.exec(wanted)?.[1];
  return family === undefined ? undefined : { from: Number(`${family}00`), to: Number(`${family}99`) };
}

/** True for a status that does not concern the lead, unless a rule names it. */
export const saysNothingOfTheLead = (status: number): boolean => meaningOf(status) !== undefined;

const temporary: ReadonlySet<string> = new Set(['unauthorized', 'throttled', 'unavailable']);

/** True when a rule may read the status; `named` are the statuses it lists one by one, not those of a class or range. */
export function mayTake(kind: string, named: ReadonlySet<number>, status: number, stage: string): boolean {
  const meaning = named.has(status) ? undefined : meaningOf(status);
  if (meaning === undefined) return true;
  // A gateway's answer, after which it is unknown if the lead arrived.
  if (meaning.outcome === 'unknown' && stage !== 'lookup') return false;
  return temporary.has(kind);
}

function everyOf(tests: readonly AnswerTest[]): AnswerTest {
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (opened) => {
    for (const test of tests) if (!test(opened)) return false;
    return true;
  };
}

/** Compiles the block of conditions of one rule. @param faults protocol whose faults a rule may read */
export function compileAnswerTest(
  raw: unknown,
  path: Path,
  report: Report,
  faults?: FaultFormat,
): AnswerTest {
  if (!isRecord(raw)) {
    report.error(path, 'MAP-504', [
      `les conditions d’une règle sont un bloc avec ${answerConditions.join(', ')}.`,
      `the conditions of a rule are a block with ${answerConditions.join(', ')}.`,
    ]);
    return () => false;
  }
  const tests = Object.entries(raw).map(([name, option]) =>
    name === 'fault'
      ? compileFault(option, [...path, name], report, faults)
      : compileOne(name, option, [...path, name], report),
  );
  return everyOf(tests);
}

/** `fault: true` is any fault, a code or a list of codes one of those. */
function compileFault(
  option: unknown,
  path: Path,
  report: Report,
  faults: FaultFormat | undefined,
): AnswerTest {
  const codes = option === true ? [] : [option].flat();
  const readable = codes.every((code) => typeof code === 'string' || typeof code === 'number');
  if (faults === undefined)
    report.atKey.error(path, 'MAP-504', [
      'seules les réponses de soap, jsonRpc et xmlRpc ont des erreurs (fault).',
      'only answers of soap, jsonRpc and xmlRpc have faults.',
    ]);
  else if (!readable || (option !== true && codes.length === 0))
    report.error(path, 'MAP-504', [
      'fault est true pour toute erreur, un code, ou une liste de codes.',
      'fault is true for any fault, a code, or a list of codes.',
    ]);
  if (faults === undefined || !readable) return () => false;
  const wanted = new Set(codes.map(String));
  return (opened) => {
    const said = opened.said(faults);
    return said.kind === 'fault' && (option === true || said.codes.some((code) => wanted.has(code)));
  };
}

function compileOne(name: string, option: unknown, path: Path, report: Report): AnswerTest {
  const wrong = (message: Both): AnswerTest => {
    report.error(path, 'MAP-504', message);
    return () => false;
  };
  switch (name) {
    case 'status': {
      const test = statusTest(option);
      if (test === undefined)
        return wrong([
          'status est un nombre, 2xx, 4xx ou 5xx, une suite comme 500-504, ou une liste de ceux-ci.',
          'status is a number, 2xx, 4xx or 5xx, a range such as 500-504, or a list of these.',
        ]);
      return ({ answer }) => test(answer.status);
    }
    case 'json':
    case 'xml':
    case 'xpath':
    case 'css':
      return comparePlaces(name, option, path, report);
    case 'text': {
      const words = isRecord(option) ? option['contains'] : option;
      const list = Array.isArray(words) ? (words as unknown[]) : [words];
      if (!list.every((text): text is string => typeof text === 'string' && text !== ''))
        return wrong([
          'text a besoin des mots à trouver : {contains: "..."}.',
          'text needs the words to find: {contains: "..."}.',
        ]);
      return ({ answer }) => list.some((text) => answer.text.includes(text));
    }
    case 'header': {
      if (!isRecord(option) || Object.keys(option).length === 0)
        return wrong([
          'header a besoin de noms et de valeurs : {header: {x-result: ok}}.',
          'header needs names and values: {header: {x-result: ok}}.',
        ]);
      const tests = Object.entries(option).map(([key, wanted]) =>
        compareHeader(key, wanted, [...path, key], report),
      );
      return everyOf(tests);
    }
    case 'mediaType': {
      if (typeof option !== 'string')
        return wrong([
          'mediaType est un texte comme application/json.',
          'mediaType is a text such as application/json.',
        ]);
      const wanted = option.toLowerCase();
      return ({ answer }) => answer.mediaType.toLowerCase().split(';')[0]?.trim() === wanted;
    }
    default:
      near(report.atKey, name, answerConditions).error(path, 'MAP-504', [
        `la condition « ${name} » n’existe pas.`,
        `condition "${name}" does not exist.`,
      ]);
      return () => false;
  }
}

const examples: Readonly<Record<AnswerForm, string>> = {
  json: '{json: {error.code: DUPLICATE}}',
  xml: '{xml: {reponse.code: DUPLICATE}}',
  xpath: '{xpath: {"//erreur/@code": DUPLICATE}}',
  css: '{css: {".message": {contains: Merci}}}',
};

function comparePlaces(form: AnswerForm, option: unknown, path: Path, report: Report): AnswerTest {
  if (!isRecord(option) || Object.keys(option).length === 0) {
    report.error(path, 'MAP-504', [
      `${form} a besoin d’endroits et de valeurs : ${examples[form]}.`,
      `${form} needs places and values: ${examples[form]}.`,
    ]);
    return () => false;
  }
  const tests = Object.entries(option).map(([place, wanted]) =>
    comparePlace(form, place, wanted, [...path, place], report),
  );
  return everyOf(tests);
}

function comparePlace(
  form: AnswerForm,
  place: string,
  wanted: unknown,
  path: Path,
  report: Report,
): AnswerTest {
  const reader = readerOf(form, place, path, report);
  if (isAsked(wanted))
    return (opened) =>
      reader !== undefined && namesReference(reader.read(opened), wanted.asked, opened.answer.asked);
  const compare = comparisonOf(form, wanted);
  if (compare === undefined)
    report.error(path, 'MAP-504', [
      `« ${place} » a besoin de ${comparisons[0]} ; d’une interrogation, {asked: true} aussi.`,
      `"${place}" needs ${comparisons[1]}; of a look-up, {asked: true} too.`,
    ]);
  else if (form === 'json' && [wanted].flat().some((value) => value === 'true' || value === 'false'))
    report.warn(path, 'MAP-512', [
      'true ou false entre guillemets est un texte, auquel une réponse qui dit true ne répond pas : sans guillemets c’est la valeur.',
      'true or false between quotes is a text, which an answer that says true does not fit: without quotes it is the value.',
    ]);
  else if (compare === 'exists' && reader?.value === true)
    report.error(path, 'MAP-504', [
      `« ${place} » donne toujours une valeur : écrivez la valeur, pas exists.`,
      `"${place}" always gives a value: write the value, not exists.`,
    ]);
  if (reader === undefined || compare === undefined) return () => false;
  const { read, hasLists = () => true } = reader;
  if (compare !== 'exists') return (opened) => compare(read(opened));
  const exists = isRecord(wanted) && wanted['exists'] === true;
  // Absence from a page that is no JSON, or from a list that does not exist, proves nothing.
  return (opened) => opened.is(form) && hasLists(opened) && (read(opened) !== undefined) === exists;
}

function compareHeader(name: string, wanted: unknown, path: Path, report: Report): AnswerTest {
  const key = name.toLowerCase();
  const compare = headerComparison(wanted);
  if (compare === undefined) {
    report.error(path, 'MAP-504', [
      `l’en-tête « ${name} » a besoin de ${comparisons[0]}.`,
      `header "${name}" needs ${comparisons[1]}.`,
    ]);
    return () => false;
  }
  if (compare !== 'exists') return ({ answer }) => compare(answer.headers[key]);
  const exists = isRecord(wanted) && wanted['exists'] === true;
  return ({ answer }) => (answer.headers[key] !== undefined) === exists;
}

interface Reader {
  readonly read: (opened: Opened) => unknown;
  /** Always gives a value: a count, a comparison. */
  readonly value?: boolean;
  /** True when the lists it searches exist. */
  readonly hasLists?: (opened: Opened) => boolean;
}

function readerOf(form: AnswerForm, place: string, path: Path, report: Report): Reader | undefined {
  if (form === 'json' || form === 'xml') {
    const keys = form === 'xml' && looksForAsked(place) ? undefined : parsePath(place);
    if (keys !== undefined)
      return {
        read: (opened) => opened[form](keys),
        ...(form === 'json' ? { hasLists: (opened: Opened) => opened.hasLists(keys) } : {}),
      };
    report.atKey.error(path, 'MAP-504', [
      `« ${place} » n’est pas un chemin à points comme error.code.`,
      `"${place}" is no dot path such as error.code.`,
    ]);
    return undefined;
  }
  const compiled = form === 'xpath' ? compileXPath(place) : compileCss(place);
  if ('fault' in compiled) {
    const { fault, suggestion } = compiled;
    const [french, english] = fault ?? ['ce n’est pas un XPath', 'it is no XPath'];
    hinting(report.atKey, suggestion).error(path, 'MAP-504', [
      `${form === 'xpath' ? 'l’XPath' : 'le sélecteur CSS'} ne peut pas être lu : ${french}.`,
      `the ${form === 'xpath' ? 'XPath' : 'CSS selector'} cannot be read: ${english}.`,
    ]);
    return undefined;
  }
  return 'selector' in compiled
    ? { read: (opened) => opened.css(compiled) }
    : { read: (opened) => opened.xpath(compiled), value: compiled.gives === 'value' };
}

// Compares a value of an answer with a value, a list of values, {exists}, {contains} or {matches}.
// Invariant: no comparison takes longer than reading the value, whatever a file asks.

type Comparison = (found: unknown) => boolean;

const comparisons: Both = [
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

/** Compiles a comparison; undefined when badly written. */
function comparisonOf(form: AnswerForm, wanted: unknown): Comparison | 'exists' | undefined {
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
function headerComparison(wanted: unknown): Comparison | 'exists' | undefined {
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
