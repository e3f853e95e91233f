// Several calls in a mapping: what each writes, which ids it captures, which of them a lead needs, where the opt-in goes.
import type { Answer } from '../../../connectors/contract.ts';
import type { ConsentState } from '../../../src/domain/lead.ts';
import { consentStates } from '../../../src/domain/lead.ts';
import { callSituations } from '../../../src/mapping/calls/situations.ts';
import type { CompiledMapping } from '../../../src/mapping/contract.ts';
import { previewCalls } from '../../../src/mapping/tools/preview.ts';
import { bodiesOf, severalCalls } from './calls-support.ts';
import { check, compiled, lead, problemsOf, situation } from '../support.ts';

const url = 'https://crm.demo.example/api';
const two = (capture = '{id: $.data.id}', more = ''): string =>
  severalCalls(`calls:
  - {name: person, send: {url: ${url}/persons}, fields: [{to: nom, from: identity.lastName}], capture: ${capture}}
  - {name: deal, send: {url: "${url}/persons/{person.id}/deals"}, fields: [{to: person, from: calls.person.id}, {to: note, template: "personne {{calls.person.id}}"}]}
${more}`);
const answer = (body: unknown, over: Partial<Answer> = {}): Answer => ({
  ...{
    status: 201,
    headers: {},
    mediaType: 'application/json',
    text: JSON.stringify(body),
    truncated: false,
  },
  ...over,
});
const person = { action: 'create', name: 'person' } as const;
const capturedFrom = (mapping: CompiledMapping, body: unknown, over: Partial<Answer> = {}): unknown => {
  const outcome = mapping.classify(answer(body, over), 'create', person);
  return 'captures' in outcome
    ? outcome.captures
    : outcome.kind === 'unknown'
      ? outcome.reason
      : outcome.kind;
};
const answered = (state: ConsentState): ReturnType<typeof lead> =>
  lead({
    consents: [
      { purpose: 'marketing', channel: 'email', state, recordedAt: new Date('2026-11-20T09:15:00Z') },
    ],
  });

describe('ids of one answer feed the next call', () => {
  test('a number stays a number, in a template it is a text', () => {
    const bodies = bodiesOf(compiled(two()), lead(), { captured: { 'person.id': 42 } });
    expect(bodies['deal']).toEqual({ person: 42, note: 'personne 42' });
  });

  test('an id that is not known stops the call instead of leaving its field out', () => {
    const mapping = compiled(two());
    expect(mapping.apply(lead(), situation({ call: 'deal' }))).toEqual({
      ...{ ok: false, why: 'capture_missing', capture: 'person.id' },
    });
  });

  test.each<[string, string, unknown, Partial<Answer>, unknown]>([
    ['a place', '{id: $.data.id}', { ok: true, data: { id: 7 } }, {}, { 'person.id': 7 }],
    ['a text', '{id: $.data.id}', { ok: true, data: { id: ' P-7 ' } }, {}, { 'person.id': 'P-7' }],
    [
      'the first place that holds one',
      '{id: [$.id, $.old]}',
      { ok: true, old: 'O1' },
      {},
      { 'person.id': 'O1' },
    ],
    [
      'the end of a header',
      '{id: {path: "header:Location", after: /}}',
      { ok: true },
      { headers: { location: 'https://crm.demo.example/api/persons/ab-12' } },
      { 'person.id': 'ab-12' },
    ],
    [
      'the middle of a header',
      '{id: {path: "header:OData-EntityId", after: "(", before: ")"}}',
      { ok: true },
      { headers: { 'odata-entityid': 'https://org.demo.example/leads(6f0c-11)' } },
      { 'person.id': '6f0c-11' },
    ],
    [
      'two of them',
      '{id: $.a, owner: $.b}',
      { ok: true, a: 1, b: 'x' },
      {},
      { 'person.id': 1, 'person.owner': 'x' },
    ],
    ['none', '{id: $.data.id}', { ok: true }, {}, 'CAPTURE_MISSING'],
    ['one of two', '{id: $.a, owner: $.b}', { ok: true, a: 1 }, {}, 'CAPTURE_MISSING'],
    ['a mail address', '{id: $.id}', { ok: true, id: 'zoe@courriel.example' }, {}, 'CAPTURE_MISSING'],
    ['a name', '{id: $.id}', { ok: true, id: 'Zoé Lefèvre' }, {}, 'CAPTURE_MISSING'],
    ['a path', '{id: $.id}', { ok: true, id: '../admin' }, {}, 'CAPTURE_MISSING'],
    [
      'a number that JSON would round, digit by digit',
      '{id: $.id}',
      {},
      { text: '{"ok":true,"id":1152921504606846977}' },
      { 'person.id': '1152921504606846977' },
    ],
    [
      'a number written with a power of ten',
      '{id: $.id}',
      {},
      { text: '{"ok":true,"id":1e300}' },
      'CAPTURE_MISSING',
    ],
    ['too long a text', '{id: $.id}', { ok: true, id: 'x'.repeat(129) }, {}, 'CAPTURE_MISSING'],
    ['a refusal', '{id: $.id}', { id: 1 }, { status: 401 }, 'unauthorized'],
  ])('captured: %s', (_title, capture, body, over, expected) => {
    expect(capturedFrom(compiled(two(capture)), body, over)).toEqual(expected);
  });

  test('rules of a call come before those of the file', () => {
    const mapping = compiled(
      severalCalls(`calls:
  - {name: person, send: {url: ${url}}, fields: [{to: nom, from: identity.lastName}], response: [{duplicate: {status: 409}}]}
  - {name: deal, send: {url: ${url}}, fields: [{to: ref, from: id}]}
`),
    );
    expect(mapping.classify(answer({}, { status: 409 }), 'create', person).kind).toBe('duplicate');
    expect(
      mapping.classify(answer({}, { status: 409 }), 'create', { action: 'create', name: 'deal' }).kind,
    ).toBe('unknown');
  });
});

describe('which calls a lead needs', () => {
  const some = compiled(
    severalCalls(`calls:
  - {name: person, send: {url: ${url}}, fields: [{to: nom, from: identity.lastName}]}
  - {name: company, when: {equals: {project.use: rental_investment}}, send: {url: ${url}}, fields: [{to: ref, from: id}], capture: {id: $.id}}
  - {name: deal, send: {url: ${url}}, fields: [{to: company, from: calls.company.id}, {to: ref, from: id}]}
`),
  );

  test('a when leaves one out; what reads its id then writes nothing there', () => {
    expect(bodiesOf(some)).toMatchObject({ company: '(not made)' });
    const result = some.apply(lead(), situation({ call: 'deal' }));
    expect(result.ok && result.record.fieldNames).toEqual(['ref']);
  });

  test('and makes it for the leads it is about', () => {
    const investor = lead({ project: { use: 'rental_investment' } });
    expect(callSituations(some, investor, situation()).map((call) => call.applies)).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('calls without fields have no body, in every action', () => {
    const mapping = compiled(
      severalCalls(`calls:
  - {name: person, send: {url: ${url}}, fields: [{to: nom, from: identity.lastName}], capture: {id: $.id}}
  - {name: assign, send: {method: PUT, url: "${url}/{person.id}/assign"}}
erase:
  calls: [{name: person, send: {method: DELETE, url: "${url}/{person.id}"}}]
`),
    );
    expect(bodiesOf(mapping)['assign']).toBe('(none)');
    expect(bodiesOf(mapping, lead(), { action: 'erase' })).toEqual({ person: '(none)' });
  });

  test('a call by GET reads an id, may be asked again, and its answer alone tells nothing of the lead', () => {
    const mapping = compiled(
      severalCalls(`calls:
  - {name: person, send: {url: ${url}}, fields: [{to: nom, from: identity.lastName}], capture: {id: $.id}}
  - {name: address, send: {method: GET, url: "${url}/{person.id}/addresses"}, capture: {id: "$.data[0].id"}, response: [{accepted: {status: 200}}]}
  - {name: mark, send: {method: PUT, url: "${url}/addresses/{address.id}"}, fields: [{to: ok, value: true}]}
`),
    );
    expect(bodiesOf(mapping)['address']).toBe('(none)');
    expect(mapping.actions.create?.calls?.map((call) => [call.name, call.onUnknown])).toEqual([
      ['person', 'resend'],
      ['address', 'resend'],
      ['mark', 'resend'],
    ]);
    const asked = { action: 'create', name: 'address' } as const;
    const found = answer({ data: [{ id: 'a-1' }] }, { status: 200 });
    expect(mapping.classify(found, 'create', asked)).toMatchObject({ captures: { 'address.id': 'a-1' } });
    const nothing = answer({ data: [] }, { status: 200 });
    expect(mapping.classify(nothing, 'create', asked)).toMatchObject({ kind: 'unknown' });
  });
});

describe('the opt-in with several calls (C16, C20)', () => {
  const gated = (more = ''): string => `consent:
  - {to: optin, channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: "0"}}
  - {to: "call:blacklist", channel: email, inverted: confirmed, values: {granted: omit, refused: send, not_asked: send, withdrawn: send}}
calls:
  - {name: blacklist, send: {url: ${url}/blacklist}, fields: [{to: ref, from: id}]}
  - {name: person, send: {url: ${url}/persons}, fields: [{to: nom, from: identity.lastName}]}
  - {name: deal, send: {url: ${url}/deals}, fields: [{to: ref, from: id}]}
${more}`;

  test.each(consentStates)(
    '%s: the union of the calls writes every line, and the log is told of each',
    (state) => {
      const mapping = compiled(severalCalls(gated()));
      const someone = answered(state);
      const told = callSituations(mapping, someone, situation())
        .filter((call) => call.applies)
        .flatMap(({ situation: own }) => {
          const result = mapping.apply(someone, own);
          return result.ok ? result.record.consents : [];
        });
      expect(told.map(({ field, value }) => `${field}=${value}`).toSorted()).toEqual([
        `call:blacklist=${state === 'granted' ? '(omitted)' : 'send'}`,
        `optin=${state === 'granted' ? '1' : '0'}`,
      ]);
      expect(new Set(told.map((row) => row.state))).toEqual(new Set([state]));
    },
  );

  test('lines follow the first call that always leaves; a line may be placed in several', () => {
    expect(bodiesOf(compiled(severalCalls(gated())))).toEqual({
      ...{ blacklist: '(not made)', person: { nom: 'Durand', optin: '1' }, deal: { ref: 'DM-1' } },
    });
    const both = gated()
      .replace('[{to: ref, from: id}]}\n', '[{to: ref, from: id}]}\n')
      .replaceAll('fields: [{to: nom', 'fields: [{consent: optin}, {to: nom')
      .replace(/(deals\}, fields: \[)/, '$1{consent: optin}, ');
    expect(bodiesOf(compiled(severalCalls(both)))).toMatchObject({
      ...{ person: { optin: '1' }, deal: { optin: '1' } },
    });
  });

  test('a mark of the address may be in a call that asks for the address, where the answer itself always leaves', () => {
    const marked = (more: string, when = 'present: identity.email'): string =>
      severalCalls(`consent:
  - {to: mark, channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: "0"}}
${more}calls:
  - {name: person, send: {url: ${url}}, fields: [{to: nom, from: identity.lastName}, {consent: optin}], capture: {id: $.id}}
  - {name: address, send: {method: PUT, url: "${url}/{person.id}/address"}, when: {${when}}, fields: [{consent: mark}]}
`);
    const optIn =
      '  - {to: optin, channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}\n';
    const mapping = compiled(marked(optIn));
    const { email: _email, ...nobody } = lead().identity;
    expect(bodiesOf(mapping, lead({ identity: { ...nobody, email: 'd@courriel.example' } }))).toEqual({
      ...{ person: { nom: 'Durand', optin: 'O' }, address: { mark: '1' } },
    });
    expect(bodiesOf(mapping, lead({ identity: nobody }))).toMatchObject({ address: '(not made)' });
    const sms = optIn.replace('email', 'sms');
    expect(problemsOf(marked(sms)).join()).toContain('MAP-654  "mark"');
    expect(problemsOf(marked(optIn, 'present: project.programme')).join()).toContain('MAP-654  "mark"');
  });

  test('without a recorded answer no call is written', () => {
    const mapping = compiled(severalCalls(gated()));
    for (const { situation: own } of callSituations(mapping, lead({ consents: [] }), situation()))
      expect(mapping.apply(lead({ consents: [] }), own)).toMatchObject({ ok: false, why: 'opt_in_missing' });
  });

  test('the truth table shows when the call is sent', () => {
    expect(compiled(severalCalls(gated())).consentTable).toContainEqual({
      ...{ field: 'call:blacklist', purpose: 'marketing', channel: 'email' },
      values: { granted: '(omitted)', refused: 'send', not_asked: 'send', withdrawn: 'send' },
    });
  });

  test('a call sent like a granted one for another state is refused as every shared value is', () => {
    const shared = gated().replace('refused: send', 'refused: omit');
    expect(problemsOf(severalCalls(shared)).join()).toContain('MAP-303');
  });

  test('what gives its id to an opt-in call may stand before every call that carries an opt-in, and nothing else may', () => {
    const calls: Readonly<Record<string, string>> = {
      entry: `{name: entry, send: {url: ${url}/list}, fields: [{to: ref, from: id}], capture: {id: $.id}}`,
      block: `{name: block, send: {url: "${url}/list/{entry.id}"}, fields: [{to: active, value: 1}]}`,
      person: `{name: person, send: {url: ${url}/persons}, fields: [{to: nom, from: identity.lastName}, {consent: rest}]}`,
    };
    const consent = gated().slice(0, gated().indexOf('calls:')).replace('call:blacklist', 'call:block');
    const inOrder = (...order: readonly string[]): string =>
      problemsOf(
        severalCalls(`${consent}calls:\n${order.map((name) => `  - ${calls[name]}\n`).join('')}`),
      ).join();
    expect(inOrder('entry', 'block', 'person')).toBe('');
    expect(inOrder('entry', 'person', 'block')).toContain('MAP-655');
  });

  test('a call that needs the id of the person may stand behind it, and no later', () => {
    const behind = (order: readonly string[]): readonly string[] => {
      const calls: Readonly<Record<string, string>> = {
        person: `{name: person, send: {url: ${url}}, fields: [{to: nom, from: identity.lastName}], capture: {id: $.id}}`,
        deal: `{name: deal, send: {url: ${url}}, fields: [{to: ref, from: id}]}`,
        optin: `{name: optin, send: {method: PUT, url: "${url}/{person.id}/consents"}, fields: [{consent: OPTIN}]}`,
      };
      return problemsOf(severalCalls(`calls:\n${order.map((name) => `  - ${calls[name]}\n`).join('')}`));
    };
    expect(behind(['person', 'optin', 'deal'])).toEqual([]);
    expect(behind(['person', 'deal', 'optin']).join()).toContain('MAP-655');
  });
});

describe('the preview shows every call', () => {
  test('with a mark for what is not yet known, and each under its own key', () => {
    const calls = previewCalls(compiled(two()), lead(), situation());
    expect(calls.map(({ name, applies }) => [name, applies])).toEqual([
      ['person', true],
      ['deal', true],
    ]);
    expect(calls.map((call) => call.situation.key)).toEqual(['dlv_1-person', 'dlv_1-deal']);
    const [, deal] = calls;
    expect(deal?.preview.result).toMatchObject({
      text: '{"person":"‹person.id›","note":"personne ‹person.id›"}',
    });
  });
});

describe('tests in the file', () => {
  const tested = (test: string): readonly string[] =>
    problemsOf(two('{id: $.data.id}', `tests: [${test}]\n`)).map((line) => line.replace(/^\S+ +/, ''));

  test.each<[string, string, RegExp | undefined]>([
    [
      'a call and what it writes',
      '{lead: samples/durand, call: deal, captured: {person.id: 4}, expect: {person: 4}}',
      undefined,
    ],
    [
      'another value',
      '{lead: samples/durand, call: deal, captured: {person.id: 4}, expect: {person: 5}}',
      /MAP-801/,
    ],
    ['a call that is not there', '{lead: samples/durand, call: deel}', /MAP-104.*person, deal.*"deal"/],
    ['the calls a lead makes', '{lead: samples/durand, calls: [person, deal]}', undefined],
    ['other calls', '{lead: samples/durand, calls: [person]}', /MAP-801.*makes the calls person, deal/],
    [
      'an answer and its ids',
      '{response: {status: 201, body: {ok: true, data: {id: 4}}}, call: person, outcome: accepted, captures: {id: 4}}',
      undefined,
    ],
    [
      'another id',
      '{response: {status: 201, body: {ok: true, data: {id: 4}}}, call: person, outcome: accepted, captures: {id: "4"}}',
      /MAP-803.*the id id read is 4/,
    ],
    [
      'a yes without its id is no success',
      '{response: {status: 201, body: {ok: true}}, call: person, outcome: accepted}',
      /MAP-803.*read as unknown/,
    ],
  ])('%s', (_title, test, expected) => {
    const problems = tested(test);
    if (expected === undefined) expect(problems).toEqual([]);
    else expect(problems.join('\n')).toMatch(expected);
  });
});

test('every call has its own XML record', () => {
  const result = check(`destination: demo-crm
connector: webhook
send: {auth: {bearer: secret:DEMO}}
xml: {record: person}
response: [{accepted: {status: 200, xml: {answer.ok: "1"}}}]
consent:
  - {to: person.optin, channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: "0"}}
calls:
  - {name: person, send: {url: ${url}}, fields: [{to: person.name, from: identity.lastName}], capture: {id: "xml:answer.id"}}
  - {name: deal, send: {url: ${url}}, xml: {record: deal}, fields: [{to: deal@person, from: calls.person.id}]}
`);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const texts = previewCalls(result.mapping, lead(), situation({ captured: { 'person.id': 'P1' } })).map(
    ({ preview }) =>
      preview.result.ok ? preview.result.text.replaceAll(/>\s+</g, '><') : preview.result.why,
  );
  expect(texts[0]).toContain('<person><name>Durand</name><optin>1</optin></person>');
  expect(texts[1]).toContain('<deal person="P1"/>');
});

describe("the client's schema of a call", () => {
  const list = `calls:
  - {name: person, schema: person.json, send: {url: https://crm.demo.example/p}, fields: [{to: nom, from: identity.lastName}], capture: {id: $.id}}
  - {name: deal, schema: deal.json, send: {url: "https://crm.demo.example/p/{person.id}"}, fields: [{to: person, from: calls.person.id}]}
`;
  const files = (deal: unknown) => ({
    'demo/person.json': JSON.stringify({ type: 'object', properties: { nom: { pattern: '^[A-Z]+$' } } }),
    'demo/deal.json': JSON.stringify(deal),
  });
  const number = { type: 'object', properties: { person: { type: 'number' } } };

  test('each call is held to its own, captured ids included, and tells the field, never its value', () => {
    const mapping = compiled(severalCalls(list), files(number));
    const apply = (call: string, id: string | number) =>
      mapping.apply(lead(), situation({ call, captured: { 'person.id': id } }));
    const person = apply('person', 1);
    expect(person).toMatchObject({ problems: [{ field: 'nom', code: 'SCHEMA_PATTERN' }] });
    expect(JSON.stringify(person)).not.toContain('Durand');
    expect(apply('deal', '7')).toMatchObject({ problems: [{ field: 'person', code: 'SCHEMA_TYPE' }] });
    expect(apply('deal', 7).ok).toBe(true);
  });

  test('its mistakes are told in the call', () => {
    expect(problemsOf(severalCalls(list), files({ required: ['stage'] })).join()).toMatch(
      /crm\.yaml:9:26 +MAP-707 +the schema requires "stage"/,
    );
    const { 'demo/person.json': only } = files({});
    expect(problemsOf(severalCalls(list), { 'demo/person.json': only }).join()).toMatch(
      /crm\.yaml:9:26 +MAP-007 +the schema file "deal\.json"/,
    );
  });
});
