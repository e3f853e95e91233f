// Renders the OpenAPI document as a page: addresses by subject, their inputs and answers, and a request to copy.
// Invariant: it loads nothing and runs nothing; one style sheet, named in the policy by its digest.
import { html, styleSheet, written, type Html, type Piece } from '../../privacy/papers/html.ts';
import { inLanguage, preferredLanguage, type Both, type Language } from '../../support/words.ts';
import { problem } from '../schemas.ts';
import {
  addressesOf,
  fieldsOf,
  schemaIn,
  typeIn,
  typeText,
  type Address,
  type Described,
  type SchemaSaid,
} from './document.ts';
import { frenchSummaries, tagWords, words } from './words.ts';
import type { FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';

type Say = (both: Both) => string;

function docsPage(document: Described, language: Language): string {
  const say: Say = (both) => inLanguage(both, language);
  const byTag = Map.groupBy(addressesOf(document), ({ tags }) => tags?.[0] ?? '');
  const other: Language = language === 'fr' ? 'en' : 'fr';
  return `<!doctype html>\n${written(
    html`<html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${say(words.title)}</title>
        ${styleSheet(style)}
      </head>
      <body>
        <a class="skip" href="#content">${say(words.skip)}</a>
        <header>
          <h1>${say(words.title)}</h1>
          <p>
            <a href="/v1/openapi.json">${say(words.document)}</a> · <span>${document.info.version}</span> ·
            <a href="/v1/docs?language=${other}" lang="${other}" hreflang="${other}"
              >${say(words.otherLanguage)}</a
            >
          </p>
        </header>
        <nav aria-label="${say(words.contents)}">${contents(byTag, language, say)}</nav>
        <main id="content" tabindex="-1">
          <p>${say(words.lead)}</p>
          <h2 id="keys">${say(words.keys)}</h2>
          <p>${say(words.keysText)}</p>
          <h2 id="again">${say(words.again)}</h2>
          <p>${say(words.againText)}</p>
          <h2 id="errors">${say(words.errors)}</h2>
          <p>${say(words.errorsText)}</p>
          ${fieldTable(say(words.errors), problem, say)}
          ${[...byTag].map(
            ([tag, addresses]) =>
              html`<h2 id="${tag}">${say(tagWords[tag] ?? [tag, tag])}</h2>
                ${addresses.map((address) => section(address, language, say))}`,
          )}
        </main>
      </body>
    </html>`,
  )}\n`;
}

const contents = (
  byTag: ReadonlyMap<string, readonly Address[]>,
  language: Language,
  say: Say,
): readonly Html[] =>
  [...byTag].map(
    ([tag, addresses]) =>
      html`<details open>
        <summary>${say(tagWords[tag] ?? [tag, tag])}</summary>
        <ul>
          ${addresses.map(
            (address) =>
              html`<li>
                <a href="#${address.mark}">${summaryOf(address, language)}</a>
                <code>${address.method} ${address.path}</code>
              </li>`,
          )}
        </ul>
      </details>`,
  );

const summaryOf = ({ method, path, summary = '' }: Address, language: Language): string =>
  language === 'fr' ? (frenchSummaries[`${method} ${path}`] ?? summary) : summary;

function section(address: Address, language: Language, say: Say): Html {
  const { mark, method, path, description, parameters = [], requestBody, security = [] } = address;
  const scopes = security.flatMap((scheme) => Object.values(scheme).flat());
  const title = summaryOf(address, language);
  return html`<section id="${mark}" aria-labelledby="${mark}-title">
    <h3 id="${mark}-title">${title}</h3>
    <p class="address">
      <b>${method}</b> <code>${path}</code>
      <span class="scope">${say(words.scope)} : <code>${scopes.join(' ')}</code></span>
    </p>
    ${description !== undefined && html`<p lang="en">${description}</p>`}
    ${
      parameters.length > 0 &&
      html`<h4>${say(words.parameters)}</h4>
        ${table(
          `${say(words.parameters)} : ${title}`,
          [words.name, words.place, words.type, words.required, words.meaning].map(say),
          parameters.map((parameter) => [
            html`<code>${parameter.name}</code>`,
            html`<span lang="en">${parameter.in}</span>`,
            html`<span lang="en">${typeText(parameter.schema)}</span>`,
            parameter.required === true ? say(words.yes) : undefined,
            html`<span lang="en">${parameter.description ?? parameter.schema?.description ?? ''}</span>`,
          ]),
        )}`
    }
    ${
      requestBody !== undefined &&
      html`<h4>${say(words.body)}</h4>
        ${fieldTable(`${say(words.body)} : ${title}`, schemaIn(requestBody), say)}`
    }
    ${answers(address, title, say)}
    <h4>${say(words.example)}</h4>
    <pre
      tabindex="0"
      role="region"
      aria-label="${say(words.example)} : ${title}"
    ><code>${curlOf(address)}</code></pre>
  </section>`;
}

/** Successes only; problems are the same everywhere and are described above. */
const answers = ({ responses = {} }: Address, title: string, say: Say): readonly Html[] =>
  Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(
      ([status, answer]) =>
        html`<details>
          <summary><span>${say(words.answer)} ${status}</span> <code>${typeIn(answer) ?? ''}</code></summary>
          ${fieldTable(`${say(words.answer)} ${status} : ${title}`, schemaIn(answer), say)}
        </details>`,
    );

function fieldTable(caption: string, schema: SchemaSaid | undefined, say: Say): Html {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return html`<p>${say(words.none)}</p>`;
  return table(
    caption,
    [words.name, words.type, words.required, words.meaning].map(say),
    fields.map(({ name, type, isRequired, description }) => [
      html`<code>${name}</code>`,
      html`<span lang="en">${type}</span>`,
      isRequired ? say(words.yes) : undefined,
      html`<span lang="en">${description}</span>`,
    ]),
  );
}

const table = (caption: string, head: readonly string[], rows: readonly (readonly Piece[])[]): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;

// Serves GET /v1/docs, the page of this server's own document. Public, like the document: it contains no data.
// Invariant: made from the present document; nothing of the request is in the page but its language.

const languages: readonly Language[] = ['fr', 'en'];

/** The requested language; else the browser's, of the two; else French. */
export function languageOf(query: unknown, header: string | undefined): Language {
  const { language } = (typeof query === 'object' && query !== null ? query : {}) as {
    readonly language?: unknown;
  };
  const asked = languages.find((one) => one === language);
  return asked ?? preferredLanguage(header);
}

export function docsRoute(server: FastifyInstance): void {
  const pages = new Map<Language, string>();
  server.get('/v1/docs', { config: { permission: 'public' }, schema: { hide: true } }, (request, reply) => {
    const language = languageOf(request.query, request.headers['accept-language']);
    // The addresses are fixed when the server listens: one page for each language, made once.
    const page = pages.get(language) ?? docsPage(server.swagger() as unknown as Described, language);
    pages.set(language, page);
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .header('referrer-policy', 'no-referrer')
      .header('x-frame-options', 'DENY')
      .header('vary', 'accept-language')
      .send(page);
  });
}

// The style sheet of the interface's page, light and dark; contrast of each pair is 4.5:1 or more.
// Invariant: the policy names this exact text by its digest, so that no other style is accepted.

export const style = `
:root { color-scheme: light dark; --ground: #f5f7f9; --surface: #fff; --ink: #17212b; --quiet: #4b5b6b; --line: #ccd5de; --accent: #0b4f71; }
@media (prefers-color-scheme: dark) { :root { --ground: #12181e; --surface: #1a222a; --ink: #e4eaf0; --quiet: #a9b7c4;
  --line: #36424e; --accent: #86c5e8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 0.9375rem/1.5 system-ui, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', Arial, sans-serif; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: 0.5rem; top: -4rem; padding: 0.5rem 1rem; background: var(--surface); border: 2px solid var(--accent); }
.skip:focus { top: 0.5rem; }
header, nav, main { max-width: 70rem; margin: 0 auto; padding: 0.5rem 1rem; }
main:focus { outline: none; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2rem 0 0.5rem; padding-top: 0.5rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.0625rem; margin: 0 0 0.25rem; }
h4 { font-size: 0.9375rem; margin: 1rem 0 0.25rem; }
p { margin: 0 0 0.5rem; max-width: 75ch; }
header p { margin: 0; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin: 0 0 1rem; }
.address { font-size: 1rem; }
.scope { color: var(--quiet); font-size: 0.875rem; display: inline-block; margin-left: 0.75rem; }
code, pre { font-family: ui-monospace, 'Liberation Mono', 'DejaVu Sans Mono', monospace; font-size: 0.9em; }
pre { margin: 0; padding: 0.5rem 0.75rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
nav ul { list-style: none; margin: 0 0 0.5rem; padding-left: 1rem; }
nav code { color: var(--quiet); margin-left: 0.5rem; }
summary { cursor: pointer; padding: 0.25rem 0; font-weight: 600; color: var(--accent); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--surface); margin: 0 0 0.5rem; }
table { position: relative; width: 100%; border-collapse: collapse; font-size: 0.875rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
td:nth-child(1) { min-width: 9rem; }
td:last-child { min-width: 14rem; }
`;

const digest = createHash('sha256').update(style).digest('base64');

/** Allows only this style; no script, no form, no frame around it. */
export const policy = [
  "default-src 'none'",
  `style-src 'sha256-${digest}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

// Example requests for each address, with invented data: developers copy them, and a test sends them to a running server.
// Invariant: reserved domains and numbers alone; that test fails for an address without an example.

const inPath: Readonly<Record<string, string>> = {
  client: 'horizon',
  reference: 'WEB-4711',
  destination: 'horizon-crm',
  delivery: '4711',
  version: '1',
  run: '12',
  row: '1204',
  task: '4711',
};

const inQuery: Readonly<Record<string, string>> = {
  '/v1/deliveries': '?destination=horizon-crm&state=failed',
  '/v1/deliveries/count': '?state=failed',
  '/v1/events': '?after=now',
  '/v1/tasks': '?limit=20',
};

const row = { client_id: 'horizon', reference: 'WEB-4711' };
const answered = { purpose: 'marketing', channel: 'email', recordedAt: '2026-11-28T10:00:00Z' };
const why = { reason: 'ticket 12' };
const filter = { destination: 'horizon-crm', state: 'failed' };

const bodies: Readonly<Record<string, object>> = {
  '/v1/leads': {
    country: 'FR',
    items: [
      {
        ...row,
        channel: 'web_form',
        collected_at: '2026-11-28T10:00:00Z',
        last_name: 'Martin',
        mobile: '06 39 98 00 01',
        consents: [{ ...answered, state: 'refused' }],
      },
    ],
  },
  '/v1/corrections': { items: [{ ...row, row_reference: 'WEB-4711-c1', mobile: '+33639980002' }] },
  '/v1/consents': {
    items: [{ ...row, row_reference: 'WEB-4711-o1', consents: [{ ...answered, state: 'withdrawn' }] }],
  },
  '/v1/interactions': {
    items: [
      {
        ...row,
        row_reference: 'WEB-4711-i1',
        interactions: [{ kind: 'inbound_call', at: '2026-11-28T10:00:00Z' }],
      },
    ],
  },
  '/v1/leads/search': { reference: 'WEB-4711' },
  '/v1/persons/search': { phone: '06 39 98 00 01', ...why },
  '/v1/deliveries/replay/plan': { filter },
  '/v1/deliveries/cancel/plan': { filter },
  '/v1/tasks/close/plan': { filter },
  '/v1/deliveries/replay': { filter, expected: 2, ...why },
  '/v1/deliveries/cancel': { filter, expected: 2, ...why },
  '/v1/tasks/close': { filter, expected: 2, ...why, evidence: 'mail of 20 November' },
  '/v1/tasks/{task}/close': { ...why, evidence: 'mail of 20 November' },
  '/v1/bulk-runs/{run}/pause': {},
  '/v1/bulk-runs/{run}/resume': {},
  '/v1/destinations/{destination}/test': {},
  '/v1/pull/{destination}': { limit: 50 },
  '/v1/pull/{destination}/answers': {
    items: [
      {
        key: '0f8fad5b-d9cb-469f-a165-70867728950e',
        lease: '1-1-4711',
        outcome: 'accepted',
        reference: 'C-10234',
      },
    ],
  },
  '/v1/contacts': { operation: 'readContacts' },
};

export interface Example {
  readonly path: string;
  /** Undefined: none is sent. */
  readonly body: object | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function exampleOf({ method, path, parameters = [], security = [] }: Address): Example {
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? name);
  const body = method === 'POST' ? (bodies[path] ?? why) : undefined;
  const isRepeatable = parameters.some(({ name }) => name.toLowerCase() === 'idempotency-key');
  return {
    path: `${named}${inQuery[path] ?? ''}`,
    body,
    headers: [
      security.some((scheme) => 'header' in scheme)
        ? ['x-api-key', 'relais_…']
        : ['Authorization', 'Bearer relais_…'],
      ...(isRepeatable ? ([['Idempotency-Key', 'ticket-12-1']] as const) : []),
      ...(body === undefined ? [] : ([['Content-Type', 'application/json']] as const)),
    ],
  };
}

/** As typed into a shell. */
export function curlOf(address: Address): string {
  const { path, body, headers } = exampleOf(address);
  return [
    `curl -s 'https://relais.centre.example${path}'`,
    ...headers.map(([name, value]) => `-H '${name}: ${value}'`),
    ...(body === undefined ? [] : [`-d '${JSON.stringify(body)}'`]),
  ].join(' \\\n  ');
}
