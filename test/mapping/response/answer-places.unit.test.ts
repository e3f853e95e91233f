// XPath and CSS over recipients' answers: what is found, what is hostile, what a check refuses.
import fc from 'fast-check';
import type { Answer } from '../../../connectors/contract.ts';
import { compileCss } from '../../../src/mapping/response/css.ts';
import { compileXPath } from '../../../src/mapping/response/xpath.ts';
import { severalCalls } from '../calls/calls-support.ts';
import { compiled, problemsOf, webhook } from '../support.ts';

const page = (text: string, mediaType = 'text/html', truncated = false): Answer => ({
  ...{ status: 200, headers: {}, mediaType, text, truncated },
});
const withRules = (...rules: readonly string[]) => {
  const text = webhook('- {to: a, value: 1}').replace(
    /^response: .*$/m,
    `response:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`,
  );
  const { classify } = compiled(text);
  return (answer: Answer) => classify(answer, 'create');
};
/** What a place gives, as the reference it becomes. */
const taken = (place: string, text: string, mediaType = 'application/xml') => {
  const outcome = withRules(`{accepted: {mediaType: ${mediaType}}, reference: '${place}'}`)(
    page(text, mediaType),
  );
  return outcome.kind === 'accepted' ? outcome.reference : outcome.kind;
};

describe('XPath', () => {
  test('a name fits in every namespace, for elements and attributes, after operators too', () => {
    const soap =
      '<?xml version="1.0" encoding="windows-1252"?>\n<s:Envelope xmlns:s="urn:soap" xmlns="urn:crm" xmlns:x="urn:x"><s:Body><div x:ref="A1">8</div><mod>2</mod></s:Body></s:Envelope>';
    expect(taken('xpath:/Envelope/Body/div/@ref', soap)).toBe('A1');
    expect(taken('xpath://div div //mod', soap)).toBe('4');
    expect(taken('xpath://div * //mod', soap)).toBe('16');
    expect(taken('xpath://Body/*[2]', soap)).toBe('2');
    expect(taken('xpath://Body/child::mod[. mod 2 = 0]', soap)).toBe('2');
    expect(taken('xpath://div[@ref="A1" and //mod]/text()', soap)).toBe('8');
    expect(taken('xpath://nobody', soap)).toBe('unknown');
  });

  test('equality is typed: nodes are texts, counts are numbers, comparisons are true or false', () => {
    const of = (wanted: string) =>
      withRules(`{accepted: {xpath: {${wanted}}}}`)(page('<r><n>1</n><ok>true</ok></r>')).kind;
    expect(of('//n: 1')).toBe('accepted');
    expect(of('//ok: true')).toBe('accepted');
    expect(of('count(//n): 1')).toBe('accepted');
    expect(of('count(//n): "1"')).toBe('unknown');
    expect(of('//n = 1: true')).toBe('accepted');
    expect(of('//n = 1: "true"')).toBe('unknown');
    expect(of('//n: [2, 3]')).toBe('unknown');
    expect(of('//n: {contains: "1"}, //x: {exists: false}')).toBe('accepted');
  });

  test.each([
    [
      'a DOCTYPE with an entity of a file',
      '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r>&a;</r>',
    ],
    [
      'entities that multiply',
      `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">${'bcdefghij'.replaceAll(/./g, (letter, at: number) => `<!ENTITY ${letter} "${`&${'abcdefghi'[at] ?? ''};`.repeat(10)}">`)}]><r>&j;</r>`,
    ],
    ['nesting without end', `${'<r>'.repeat(9_000)}${'</r>'.repeat(9_000)}`],
    ['what is not well-formed', '<r><a></r>'],
    ['an entity nobody declared', '<r>&eacute;</r>'],
    ['no XML at all', 'r'],
    ['nothing', ''],
  ])('%s matches no rule, and exists: false neither', (_what, text) => {
    const of = withRules(
      '{accepted: {xpath: {//r: {exists: true}}}}',
      '{duplicate: {xpath: {//z: {exists: false}}}}',
    );
    expect(of(page(text, 'application/xml')).kind).toBe('unknown');
    expect(of(page('<r/>', 'application/xml')).kind).toBe('accepted');
  });

  test('an answer that was cut off is not read', () => {
    const of = withRules('{accepted: {xpath: {//r: {exists: true}}}}');
    expect(of(page('<r/>', 'application/xml', true)).kind).toBe('unknown');
  });

  test('a reference is taken only where it is one, a delay in seconds, a reason through its map', () => {
    const of = withRules(
      "{accepted: {xpath: {//ok: {exists: true}}}, reference: 'xpath://ok'}",
      "{throttled: {xpath: {//wait: {exists: true}}}, after: 'xpath://wait'}",
      "{invalid: {xpath: {//e: {exists: true}}}, reason: {path: 'xpath://e', map: {E1: phone_invalid, else: other}}}",
    );
    expect(of(page('<ok>Mme Durand</ok>'))).not.toHaveProperty('reference');
    expect(of(page('<ok> H-1 </ok>'))).toHaveProperty('reference', 'H-1');
    expect(of(page('<wait>90</wait>'))).toHaveProperty('afterMs', 90_000);
    expect(of(page('<e>E1</e>'))).toHaveProperty('reason', 'phone_invalid');
    expect(of(page('<e>Mme Durand</e>'))).toHaveProperty('reason', 'other');
  });

  test('whatever the expression: refused by the check, or read without an error', () => {
    const parts = [
      '//',
      '/',
      'a',
      '*',
      '@',
      '[',
      ']',
      '(',
      ')',
      '1',
      '"x"',
      'div',
      'count',
      '=',
      '|',
      '.',
      '$',
      ':',
      ',',
      '::',
      'child',
    ];
    const of = page('<a x="1"><div>2</div></a>');
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 8 }), (words) => {
        const place = compileXPath(words.join(' '));
        if ('fault' in place) return place.fault !== undefined;
        const outcome = withRules(`{accepted: {xpath: {${JSON.stringify(words.join(' '))}: 1}}}`)(of);
        return ['accepted', 'unknown'].includes(outcome.kind);
      }),
      { numRuns: 300 },
    );
  });
});

describe('CSS', () => {
  const html =
    '<!DOCTYPE html><html><body><div id="r" data-id="H-7"><p class="msg">Votre\n  demande est   enregistr&eacute;e<script>x()</script></p><a data-id="L-9" href="/l/9?a=@b">x</a></div>';

  test('finds text with single spaces and without scripts, and attributes', () => {
    const of = withRules(
      '{accepted: {css: {"#r > p.msg": "Votre demande est enregistrée"}}, reference: "css:#r@data-id"}',
    );
    expect(of(page(html))).toMatchObject({ kind: 'accepted', reference: 'H-7' });
    expect(taken('css:a[href*="@b"]@data-id', html, 'text/html')).toBe('L-9');
    expect(taken('css:p:nth-of-type(2)', html, 'text/html')).toBe('unknown');
  });

  test('a page is no JSON: what is absent there proves nothing', () => {
    const of = withRules('{accepted: {status: 200, json: {error: {exists: false}}}}');
    expect(of(page(html)).kind).toBe('unknown');
    expect(of(page('{"error":null}', 'application/json')).kind).toBe('unknown');
    expect(of(page('{"id":1}', 'application/json')).kind).toBe('accepted');
  });

  test('a selector does not read JSON, nor a page that was cut off', () => {
    const of = withRules('{accepted: {css: {p: {exists: false}}}}');
    expect(of(page('{"p":1}', 'application/json')).kind).toBe('unknown');
    expect(of(page('<b>', 'text/html', true)).kind).toBe('unknown');
    expect(of(page('<b>')).kind).toBe('accepted');
  });

  test('pages nested without end are read or not, never an error', () => {
    const of = withRules('{accepted: {css: {"a a b": {exists: true}}}}');
    expect(of(page('<a>'.repeat(20_000))).kind).toBe('unknown');
    expect(withRules('{accepted: {css: {a: x}}}')(page(`${'<a>'.repeat(20_000)}x`)).kind).toMatch(
      /accepted|unknown/,
    );
  });

  test.each(['', ' ', 'a >', '> > a', 'a,', 'a[', 'a::before', 'a:foo', 'a{b}', '@id', 'a@', 'a;b'])(
    '"%s" is refused',
    (selector) => {
      expect(compileCss(selector)).toHaveProperty('fault');
    },
  );
});

test('ids for later calls are captured by XPath and CSS, never a person by its name', () => {
  const calls = (place: string) =>
    severalCalls(
      [
        'calls:',
        `  - {name: person, send: {url: https://crm.demo.example/p}, fields: [{to: nom, from: identity.lastName}], capture: {id: '${place}'}, response: [{accepted: {status: 200, css: {'*': {exists: true}}}}]}`,
        '  - {name: deal, send: {url: "https://crm.demo.example/p/{person.id}"}, fields: [{to: a, value: 1}]}',
        '',
      ].join('\n'),
    );
  const captured = (place: string, text: string) =>
    compiled(calls(place)).classify(page(text), 'create', { action: 'create', name: 'person' });
  const given = { captures: { 'person.id': '42' } };
  expect(captured('xpath://personne/id', '<r><personne><id>42</id></personne></r>')).toMatchObject(given);
  expect(captured('css:#fiche@data-id', '<p id="fiche" data-id="42">')).toMatchObject(given);
  expect(captured('css:#fiche@data-id', '<p id="fiche">')).toMatchObject({ reason: 'CAPTURE_MISSING' });
  expect(problemsOf(calls('xpath://contact/email')).join()).toContain('"email" is a person');
  expect(problemsOf(calls('css:.nom')).join()).toContain('"nom" is a person');
  expect(problemsOf(calls('xpath://contact[')).join()).toContain('MAP-653  this place cannot be read');
});

test('a recorded answer in tests: is read by XPath and CSS', () => {
  const text = webhook('- {to: a, value: 1}').replace(
    /^response: .*$/m,
    [
      'response:',
      '  - {accepted: {xpath: {//ok: {exists: true}}}, reference: "xpath://ok/@id"}',
      '  - {refused: {css: {.non: {exists: true}}}}',
      'tests:',
      "  - {response: {status: 200, body: '<r><ok id=\"7\"/></r>'}, outcome: accepted, reference: '7'}",
      "  - {response: {status: 200, body: '<p class=non>'}, outcome: refused}",
      "  - {response: {status: 200, body: '<p class=oui>'}, outcome: refused}",
    ].join('\n'),
  );
  expect(problemsOf(text)).toHaveLength(1);
  expect(problemsOf(text)[0]).toContain('MAP-803');
});
