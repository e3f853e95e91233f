// What passed between a caller and a real CRM, as it is kept under test/sandbox/recorded/NAME/VERSION/.
// Invariant: a secret is the placeholder {NAME} here; members without a value are left out, so that a body stays readable.
import { XMLParser } from 'fast-xml-parser';
import type { CrmRequest } from '../../../sandbox/simulators/simulator.ts';

export interface Exchange {
  /** Milliseconds after the first request: a CRM that locks callers out counts in time. */
  readonly at: number;
  /** Others of the same method and path that were under way. */
  readonly beside?: number;
  /** What the real one suffered at that moment, e.g. `its database was stopped`. */
  readonly during?: string;
  readonly request: {
    readonly method: string;
    /** With the query. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
}

export interface Recording {
  /** The product and its exact version. */
  readonly system: string;
  readonly date: string;
  /** What was driven, in a sentence. */
  readonly driven: string;
  readonly exchanges: readonly Exchange[];
}

/** One exchange a line: a difference between two recordings is a difference of lines. */
export const written = ({ exchanges, ...about }: Recording): string =>
  `${JSON.stringify(about, undefined, 2).slice(0, -2)},\n  "exchanges": [\n${exchanges
    .map((exchange) => `    ${JSON.stringify(exchange)}`)
    .join(',\n')}\n  ]\n}\n`;

/** While a public form was closed. */
export const formClosed = 'its form was closed';

/** The division of a page in which Dolibarr says its error; '' where there is none. */
export const toldOnPage = (page: string): string => /<div class="error[\s\S]*?<\/div>/.exec(page)?.[0] ?? '';

/** Headers of the connection, of the machine or of the day: they say nothing of the CRM. */
const passing =
  /^(host|connection|content-length|transfer-encoding|accept-encoding|user-agent|traceparent|webhook-|idempotency-|date|server|expires|last-modified|cache-control|pragma|x-app-timestamp|set-cookie|keep-alive|vary|etag|x-powered-by|access-control-|x-frame|x-content|x-xss|strict-|content-security|content-encoding|referrer)/;

export const headersOf = (
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || passing.test(name.toLowerCase())
        ? []
        : [[name.toLowerCase(), [value].flat().join(', ')]],
    ),
  );

/** JSON and XML as values, anything else as text; undefined where there is nothing. */
export function valueOf(text: string, mediaType = ''): unknown {
  if (text === '') return undefined;
  if (mediaType.includes('xml')) return new XMLParser({ ignoreAttributes: true }).parse(text);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Without members that say nothing: null, empty lists and objects, and Dolibarr's traces of its own source. */
export function terse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(terse);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const short = terse(inner);
      const empty = typeof short === 'object' && (short === null || Object.keys(short).length === 0);
      const kept = ['list', 'result', 'errors', 'params'].includes(name);
      return name === 'debug' || (empty && !(kept && short !== null)) ? [] : [[name, short]];
    }),
  );
}

/** The request as a simulated CRM takes it. What was no text of UTF-8 is kept as `{ base64 }`, what was too long as `{ letters }`. */
export function requestOf({ request, beside = 0 }: Exchange): CrmRequest {
  const { method, path, headers, body } = request;
  const url = new URL(path, 'https://recorded.example');
  return {
    method,
    // A secret in an address is its placeholder, as the simulated CRM knows it.
    path: url.pathname.replaceAll('%7B', '{').replaceAll('%7D', '}'),
    query: url.searchParams,
    headers,
    beside,
    body: bytesOf(body),
  };
}

const isBytes = (body: unknown): body is { readonly base64: string } =>
  typeof body === 'object' && body !== null && Object.keys(body).join() === 'base64';

const isLong = (body: unknown): body is { readonly letters: number } =>
  typeof body === 'object' && body !== null && Object.keys(body).join() === 'letters';

export function bytesOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (isBytes(body)) return Buffer.from(body.base64, 'base64');
  if (isLong(body)) return Buffer.alloc(body.letters, 'x');
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** A body as it is kept: text that JSON does not read as an object or a list stays the text it was. */
export function keptBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return { base64: bytes.toString('base64') };
  const value = valueOf(text);
  return typeof value === 'object' && value !== null && JSON.stringify(value) === text ? value : text;
}
