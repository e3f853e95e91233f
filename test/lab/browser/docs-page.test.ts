// /v1/docs: the document as a page: every address, its scope, its fields; each example asked of the running server; axe in Chromium.
import { createHash } from 'node:crypto';
import { keyScopes } from '../../../src/access/permissions.ts';
import {
  addressesOf,
  fieldsOf,
  schemaIn,
  typeText,
  type Address,
  type Described,
} from '../../../src/api/docs/document.ts';
import { exampleOf, curlOf, languageOf } from '../../../src/api/docs/page.ts';
import { frenchSummaries, tagWords } from '../../../src/api/docs/words.ts';
import { findingsOfAll } from '../../console/chromium.ts';
import { openRig, type Answered, type Rig } from '../../api/rig.ts';

let rig: Rig;
let addresses: readonly Address[];
let french: Answered;
let english: Answered;
beforeAll(async () => {
  rig = await openRig();
  const document = (await rig.ask(undefined, 'GET', '/v1/openapi.json')).body as unknown as Described;
  addresses = addressesOf(document);
  french = await rig.ask(undefined, 'GET', '/v1/docs', { headers: { 'accept-language': 'de, fr;q=0.5' } });
  english = await rig.ask(undefined, 'GET', '/v1/docs?language=en');
});
afterAll(() => rig.close());

const sectionOf = ({ text }: Answered, { mark }: Address): string =>
  text.split(`<section id="${mark}"`)[1]?.split('</section>')[0] ?? '';
const plain = (text: string): string =>
  text
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');

test('every address of the document is on the page, with its scope, its fields and a request to copy', () => {
  expect(addresses.length).toBeGreaterThan(35);
  const scopes = new Map(
    rig.api.routes.map(({ method, url, permission }) => [
      `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`,
      permission,
    ]),
  );
  for (const address of addresses)
    for (const page of [french, english]) {
      const section = sectionOf(page, address);
      const name = `${address.method} ${address.path}`;
      expect([name, plain(section).includes(`: ${String(scopes.get(name))} `)]).toEqual([name, true]);
      const fields = fieldsOf(address.requestBody === undefined ? undefined : schemaIn(address.requestBody));
      for (const field of fields) expect(section).toContain(`<code>${field.name}</code>`);
      for (const parameter of address.parameters ?? [])
        expect(section).toContain(`<code>${parameter.name}</code>`);
      expect(plain(section)).toContain(curlOf(address).split('\n')[0] ?? '-');
    }
  expect(new Set(addresses.map(({ mark }) => mark)).size).toBe(addresses.length);
});

test('each address and each subject has French words, and no words are left over', () => {
  expect(Object.keys(frenchSummaries).toSorted()).toEqual(
    addresses.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
  expect(Object.keys(tagWords).toSorted()).toEqual(
    [...new Set(addresses.flatMap(({ tags = [] }) => tags))].toSorted(),
  );
  expect(plain(french.text)).toContain('Déposer des leads');
  expect(plain(english.text)).toContain('Hand in leads');
  expect([french.text.includes('<html lang="fr">'), english.text.includes('<html lang="en">')]).toEqual([
    true,
    true,
  ]);
});

test.each([
  [undefined, undefined, 'fr'],
  [undefined, 'en-GB, fr', 'en'],
  ['fr', 'en', 'fr'],
  ['de', 'nl', 'fr'],
  [['en', 'fr'], undefined, 'fr'],
])('asked for %j by a browser of %j the page is %s', (language, header, expected) => {
  expect(languageOf(language === undefined ? {} : { language }, header)).toBe(expected);
});

test('it is open to anybody, loads and runs nothing, and no other style than its own is taken', async () => {
  expect([french.status, french.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(french.text) ?? [];
  const digest = createHash('sha256').update(style).digest('base64');
  expect(french.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(french.text).not.toMatch(/<script|<link|<img|<iframe|\sstyle=|\son\w+=|url\(|@import/i);
  const hostile = await rig.ask(undefined, 'GET', '/v1/docs?language=%3Cscript%3E&x="><script>', {
    headers: { 'accept-language': '"><script>alert(1)</script>' },
  });
  expect(hostile.text).toBe(french.text);
});

test('what is shown of people and hosts is invented', () => {
  for (const address of addresses) {
    const curl = curlOf(address);
    expect(curl.match(/https?:\/\/[^/'\s]+/g)).toEqual(['https://relais.centre.example']);
    expect(curl).not.toMatch(/@(?![\w.-]*\.(example|invalid)\b)/);
    for (const [digits] of curl.matchAll(/(?<![\w-])(?:\+33|0)\s?[1-9](?:\s?\d{2}){4}/g))
      expect(digits.replaceAll(/\s/g, '').replace(/^0/, '+33')).toMatch(/^\+33(63998|19900)/);
  }
});

test('each request to copy is taken by the running server as it stands there', async () => {
  const key = await rig.keyWith({ scopes: keyScopes.filter((scope) => scope !== 'lead.pull') });
  const pulling = await rig.keyWith({ scopes: ['lead.pull'], clientId: 'essai' });
  const here = (text: string): string => text.replaceAll('horizon', 'essai');
  for (const address of addresses) {
    const { path, body, headers } = exampleOf(address);
    const isPull = address.tags?.includes('pull') === true;
    const { status, text } = await rig.ask(isPull ? undefined : key, address.method, here(path), {
      ...(body === undefined ? {} : { body: here(JSON.stringify(body)) }),
      headers: Object.fromEntries(
        headers.map(([name, value]) => [
          name.toLowerCase(),
          value
            .replace('relais_…', isPull ? pulling : key)
            .replace('ticket-12-1', `t-${address.mark}`.slice(0, 60)),
        ]),
      ),
    });
    // What it names is not here, or is not in a state for it: those are answers. Not as described is none.
    expect([address.mark, [200, 202, 404, 409].includes(status) ? '' : `${status} ${text}`]).toEqual([
      address.mark,
      '',
    ]);
    expect([address.mark, text.includes('There is nothing at this address')]).toEqual([address.mark, false]);
    if (address.tags?.includes('intake') === true && address.path === '/v1/leads')
      expect(text).toContain('"accepted"');
  }
});

test('a schema is told field by field, lists and names that are not known included', () => {
  expect(
    fieldsOf({
      type: 'object',
      required: ['items'],
      properties: {
        items: {
          type: 'array',
          maxItems: 3,
          items: {
            type: 'object',
            properties: { at: { type: ['string', 'null'], format: 'date-time' } },
          },
        },
        open: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { count: { type: 'integer', minimum: 1 } } },
        },
      },
    }).map(({ name, type, isRequired }) => `${name}: ${type}${isRequired ? '!' : ''}`),
  ).toEqual([
    'items: array of object, up to 3!',
    'items[].at: string (date-time) | null',
    'open: object',
    'open.*.count: integer, from 1',
  ]);
  expect(typeText({ enum: ['a', 'b'] })).toBe('a | b');
});

test('axe-core finds nothing on the page in either language, light and dark, wide and narrow', async () => {
  expect(
    await findingsOfAll(rig.api.port, new Map(), ['/v1/docs?language=fr', '/v1/docs?language=en']),
  ).toEqual([]);
}, 480_000);
