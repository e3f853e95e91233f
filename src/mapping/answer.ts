// Reads places of a recipient's answer: JSON paths, XML paths, headers.
// Invariant: never throws; an answer that cannot be parsed simply has no such place, so no rule that needs it matches.
import { XMLParser } from 'fast-xml-parser';
import type { Answer } from '../../connectors/contract.ts';

/** An answer parsed at most once, whatever the number of rules. */
export interface Opened {
  readonly answer: Answer;
  readonly json: (path: readonly string[]) => unknown;
  readonly xml: (path: readonly string[]) => unknown;
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

export function openAnswer(answer: Answer): Opened {
  const json = once(() => {
    try {
      return JSON.parse(answer.text) as unknown;
    } catch {
      return undefined;
    }
  });
  const xml = once(() => {
    try {
      // A JSON or plain text is no XML, though the parser would read it as one.
      return answer.text.trimStart().startsWith('<') && !answer.truncated
        ? (parser.parse(answer.text) as unknown)
        : undefined;
    } catch {
      return undefined;
    }
  });
  return {
    answer,
    json: (path) => walk(json(), path),
    xml: (path) => {
      const found = walk(xml(), path);
      return typeof found === 'object' && found !== null ? walk(found, ['#text']) : found;
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function walk(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** `error.code`, `errors[0].code` or `$.error.code` to its keys; undefined when badly written. */
export function parsePath(text: string): readonly string[] | undefined {
  const body = text
    .replace(/^\$\.?/, '')
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .replace(/^\./, '');
  if (body === '') return text === '$' ? [] : undefined;
  const keys = body.split('.');
  return keys.every((key) => key !== '' && !/[[\]*?\s]/.test(key)) ? keys : undefined;
}

export type Extract = (opened: Opened) => unknown;

/** `$.id`, `xml:reponse.id` or `header:X-Id`; undefined when badly written. */
export function compilePlace(text: unknown): Extract | undefined {
  if (typeof text !== 'string') return undefined;
  if (text.startsWith('header:')) {
    const name = text.slice('header:'.length).trim().toLowerCase();
    return /^[a-z0-9-]+$/.test(name) ? ({ answer }) => answer.headers[name] : undefined;
  }
  if (text.startsWith('xml:')) {
    const path = parsePath(text.slice('xml:'.length));
    return path === undefined ? undefined : (opened) => opened.xml(path);
  }
  if (!text.startsWith('$')) return undefined;
  const path = parsePath(text);
  return path === undefined ? undefined : (opened) => opened.json(path);
}
