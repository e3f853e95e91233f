// Reads values from a recipient's answer: JSON paths, XML paths, XPath, CSS, headers.
// Invariant: never throws; an answer that cannot be parsed has no such value, so no rule that needs it matches.
import { XMLParser } from 'fast-xml-parser';
import type { Answer, Both } from '../../../connectors/contract.ts';
import { hinting, type Path, type ProblemCode, type Report } from '../document/problems.ts';
import { compileCss, readCss, readHtml, type CssPlace } from './css.ts';
import { answerTooComplex, isTooComplex, withinBudget } from './answer-budget.ts';
import type { FaultFormat } from '../contract.ts';
import { readSaid, type Said } from './faults.ts';
import type { XPathFound } from '../formats/xml-thread.ts';
import {
  compileXPath,
  readXPath,
  readXPaths,
  type ExpressionFault,
  type XPathFinding,
  type XPath,
} from './xpath.ts';

export type AnswerForm = 'json' | 'xml' | 'xpath' | 'css';

/** An answer parsed at most once, whatever the number of rules. */
export interface Opened {
  readonly answer: Answer;
  /** Reads the record this many places after the first of a list; 0 for the first. */
  readonly beside: number;
  readonly readBeside: (beside: number) => Opened;
  readonly json: (path: readonly string[]) => unknown;
  /** True when the lists exist in which a path looks for the record of the look-up. */
  readonly hasLists: (path: readonly string[]) => boolean;
  readonly xml: (path: readonly string[]) => unknown;
  readonly xpath: (expression: XPath) => unknown;
  readonly css: (place: CssPlace) => string | undefined;
  /** True when the answer has that form: only then can a place be absent. */
  readonly is: (form: AnswerForm) => boolean;
  /** The meaning of an answer of a protocol, faults included. */
  readonly said: (format: FaultFormat) => Said;
  /** True when reading a place would have exceeded the limits: the result of the rules then proves nothing. */
  readonly tooComplex: () => boolean;
}

const parser = new XMLParser({
  // Values stay as sent: "0612345678" and "0" are texts.
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  removeNSPrefix: true,
  // An answer's own entities are never expanded.
  processEntities: false,
});

type Find = (expression: XPath) => XPathFinding;

/** For tools: blocks while XPath runs. Deliveries use `understand`. */
export function openAnswer(answer: Answer): Opened {
  const known = new Map<string, XPathFinding>();
  return openWith(answer, (expression) => {
    const { text } = expression;
    if (!known.has(text)) known.set(text, readXPath(answer.text, expression));
    return known.get(text);
  });
}

/**
 * Judges an answer without blocking the event loop: XPath results are read elsewhere, and the answer judged again until none is missing.
 */
export async function understand<T>(answer: Answer, judge: (opened: Opened) => T): Promise<T> {
  const known = new Map<string, XPathFinding>();
  const missing = new Set<string>();
  const opened = openWith(answer, ({ text }) => {
    if (!known.has(text)) missing.add(text);
    return known.get(text);
  });
  for (;;) {
    const judged = judge(opened);
    if (missing.size === 0) return judged;
    const texts = [...missing];
    const found = await readXPaths(answer.text, texts);
    for (const [index, text] of texts.entries()) known.set(text, found[index]);
    missing.clear();
  }
}

function openWith(answer: Answer, find: Find): Opened {
  let complex = false;
  const parsed = parsedOnce(answer, () => (complex = true));
  const findIn = (expression: XPath): XPathFound | undefined => {
    const found = parsed.tagged ? find(expression) : undefined;
    if (found !== 'too complex') return found;
    complex = true;
    return undefined;
  };
  const read = (beside: number): Opened => ({
    answer,
    beside,
    readBeside: read,
    json: (path) => walk(parsed.json(), path, answer.asked, beside),
    hasLists: (path) => hasItsLists(parsed.json(), path, answer.asked),
    xml: (path) => {
      const found = walk(parsed.xml(), path);
      return typeof found === 'object' && found !== null ? walk(found, ['#text']) : found;
    },
    xpath: (expression) => {
      const found = findIn(expression);
      return found === undefined ? undefined : 'value' in found ? found.value : found.text?.trim();
    },
    css: (place) => {
      const document = parsed.html();
      try {
        return document === undefined ? undefined : readCss(document, place);
      } catch {
        complex = true;
        return undefined;
      }
    },
    is: (form) => {
      switch (form) {
        case 'json':
          return parsed.json() !== undefined;
        case 'xml':
          return parsed.xml() !== undefined;
        case 'xpath':
          return findIn(root) !== undefined;
        case 'css':
          return parsed.html() !== undefined;
      }
    },
    said: (format) => readSaid(format, parsed),
    tooComplex: () => complex,
  });
  return read(0);
}

/** The text as JSON, XML and HTML, each parsed on first use; undefined where it has another form. */
function parsedOnce(answer: Answer, noteComplex: () => void) {
  const once = <T>(parse: () => T | undefined): (() => T | undefined) => {
    let isParsed = false;
    let value: T | undefined;
    return () => {
      if (isParsed) return value;
      isParsed = true;
      try {
        value = parse();
      } catch (error) {
        if (isTooComplex(error)) noteComplex();
      }
      return value;
    };
  };
  const whole = !answer.truncated;
  // A JSON or plain text is no XML, though the parser would read it as one.
  const tagged = whole && answer.text.trimStart().startsWith('<');
  return {
    tagged,
    json: once(() => parseJson(answer.text)),
    xml: once(() => {
      if (!tagged) return undefined;
      if (!withinBudget(answer.text)) throw answerTooComplex();
      return parser.parse(answer.text) as unknown;
    }),
    html: once(() =>
      tagged || (whole && /\bx?html\b/.test(answer.mediaType.toLowerCase()))
        ? readHtml(answer.text)
        : undefined,
    ),
  };
}

const root: XPath = { gives: 'nodes', text: '/*' };

/** A number beyond 2^53 remains the digits as written: rounded, it would name another record. */
function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as unknown;
  const exact = (_key: string, value: unknown, { source = '' }: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? source : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as unknown;
}

export type Extract = (opened: Opened) => unknown;

export const placeForms: Both = [
  '$.id, xml:reponse.id, xpath://reponse/@id, css:#ref ou header:X-Id',
  '$.id, xml:reponse.id, xpath://reponse/@id, css:#ref or header:X-Id',
];

/** Compiles a place in one of the forms of `placeForms`; a fault without words for any other text. */
export function compilePlace(text: unknown): Extract | ExpressionFault {
  const none = { fault: undefined };
  if (typeof text !== 'string') return none;
  const [, form = '', rest = ''] = /^(header|xml|xpath|css):(.*)$/s.exec(text) ?? [];
  switch (form) {
    case 'header': {
      const name = rest.trim().toLowerCase();
      return /^[a-z0-9-]+$/.test(name) ? ({ answer }) => answer.headers[name] : none;
    }
    case 'xml': {
      const path = parsePath(rest);
      return path === undefined ? none : (opened) => opened.xml(path);
    }
    case 'xpath': {
      const expression = compileXPath(rest);
      return 'fault' in expression ? expression : (opened) => opened.xpath(expression);
    }
    case 'css': {
      const place = compileCss(rest);
      return 'fault' in place ? place : (opened) => opened.css(place);
    }
    default: {
      const path = text.startsWith('$') ? parsePath(text) : undefined;
      return path === undefined ? none : (opened) => opened.json(path);
    }
  }
}

/** Compiles a place and reports one that cannot be read; `what` names the values of the key. */
export function placeOf(
  raw: unknown,
  path: Path,
  report: Report,
  [code, what]: readonly [ProblemCode, Both],
): Extract | undefined {
  const place = compilePlace(raw);
  if (typeof place === 'function') return place;
  const { fault, suggestion } = place;
  if (fault === undefined) report.error(path, code, what);
  else
    hinting(report, suggestion).error(path, code, [
      `cet endroit ne peut pas être lu : ${fault[0]}.`,
      `this place cannot be read: ${fault[1]}.`,
    ]);
  return undefined;
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
function walk(root: unknown, path: readonly string[], asked?: string, beside = 0): unknown {
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
function hasItsLists(root: unknown, path: readonly string[], asked?: string): boolean {
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
