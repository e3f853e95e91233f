// A correction never renews a consent: a yes that the recipient has accepted is not said again until it is given anew.
import type { ConsentChannel, ConsentRecord, ConsentState, Lead } from '../../../src/domain/lead.ts';
import type { Told, CompiledMapping } from '../../../src/mapping/contract.ts';
import { bodiesOf, severalCalls } from '../calls/calls-support.ts';
import { compiled, flow, lead, mail, problemsOf, situation, webhook, written } from '../support.ts';

const answer = (
  channel: ConsentChannel,
  state: ConsentState,
  leadRevision = 1,
  more: Partial<ConsentRecord> = {},
): ConsentRecord => ({
  ...{ purpose: 'marketing', channel, state, recordedAt: new Date('2026-11-20T09:15:00Z'), leadRevision },
  ...{ legalEntity: 'DEMO SAS', wordingVersion: 'w3' },
  ...more,
});
const answered = (...consents: readonly ConsentRecord[]): Lead => lead({ consents });

/** The recipient has accepted what was answered up to this revision. */
const toldUpTo = (revision: number, ...pairs: readonly string[]): Told =>
  new Map(
    (pairs.length === 0 ? ['marketing.email', 'marketing.phone'] : pairs).map((pair) => [pair, revision]),
  );

const update = (told?: Told) => situation({ action: 'update', ...(told === undefined ? {} : { told }) });

const body = (mapping: CompiledMapping, whose: Lead, told?: Told): unknown =>
  JSON.parse(written(mapping, whose, update(told)));

const name = '- {to: nom, from: identity.lastName}';
const one = compiled(webhook(name, 'update: {}'));

test('a yes that was accepted is left out of an update, its proof too, and the log says so', () => {
  const mapping = compiled(
    webhook(
      name,
      'update: {}',
      `consent:
  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}
  - {to: OPTIN_LE, channel: email, proof: date}
`,
    ),
  );
  expect(body(mapping, answered(answer('email', 'granted')), toldUpTo(1))).toEqual({ nom: 'Durand' });
  const result = mapping.apply(answered(answer('email', 'granted')), update(toldUpTo(1)));
  expect(result.ok && result.record.consents).toEqual([
    { purpose: 'marketing', channel: 'email', state: 'granted', field: 'OPTIN', value: '(unchanged)' },
  ]);
  expect(result.ok && result.record.fieldNames).toEqual(['nom']);
});

test('a yes that came later, that nobody accepted, or of which nobody knows when it came, is written', () => {
  const whole = { nom: 'Durand', OPTIN: 'O' };
  expect(body(one, answered(answer('email', 'granted', 2)), toldUpTo(1))).toEqual(whole);
  expect(body(one, answered(answer('email', 'granted')), toldUpTo(1, 'marketing.phone'))).toEqual(whole);
  expect(body(one, answered(answer('email', 'granted')))).toEqual(whole);
  const { leadRevision: _unknown, ...kept } = answer('email', 'granted');
  expect(body(one, answered(kept), toldUpTo(9))).toEqual(whole);
});

test.each([
  ['refused', 'N'],
  ['not_asked', 'I'],
  ['withdrawn', 'R'],
] as const)('%s is written by every update', (state, value) =>
  expect(body(one, answered(answer('email', state)), toldUpTo(9))).toEqual({ nom: 'Durand', OPTIN: value }),
);

test('a yes given again after a withdrawal is written, whatever was accepted before', () => {
  const again = answered(
    answer('email', 'granted', 1, { receipt: 1 }),
    answer('email', 'withdrawn', 2, { recordedAt: new Date('2026-11-21T09:15:00Z'), receipt: 2 }),
    answer('email', 'granted', 3, { recordedAt: new Date('2026-11-22T09:15:00Z'), receipt: 3 }),
  );
  expect(body(one, again, toldUpTo(2))).toEqual({ nom: 'Durand', OPTIN: 'O' });
  expect(body(one, again, toldUpTo(3))).toEqual({ nom: 'Durand' });
});

test('a yes by phone that has run out since is written as the refusal it is', () => {
  const mapping = compiled(
    webhook(
      name,
      'update: {}',
      'consent: [{to: TEL, channel: phone, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}]\n',
    ),
  );
  const old = answered(answer('phone', 'granted', 1, { validUntil: new Date('2026-11-23T00:00:00Z') }));
  expect(body(mapping, old, toldUpTo(1))).toEqual({ nom: 'Durand', TEL: 'N' });
});

describe('a field that holds several answers is left out whole or written whole', () => {
  const shapes = {
    lines: `consent:
  - {to: note, line: 'Mail : {value}', channel: email, values: {granted: oui, refused: non, not_asked: rien, withdrawn: fini}}
  - {to: note, line: 'Tel : {value}', channel: phone, values: {granted: oui, refused: non, not_asked: rien, withdrawn: fini}}
`,
    list: `consent:
  - {to: 'subs[]', channel: email, values: {granted: email, refused: omit, not_asked: omit, withdrawn: omit}}
  - {to: 'subs[]', channel: phone, values: {granted: phone, refused: omit, not_asked: omit, withdrawn: omit}}
`,
    rows: `consent:
  - {to: 'optins', each: consents, channels: [email, phone], fields: [{to: by, from: channel}, {to: is, values: {granted: in, refused: out, not_asked: none, withdrawn: gone}}]}
`,
  };
  const both = (email: ConsentState, phone: ConsentState, revision = 1): Lead =>
    answered(answer('email', email), answer('phone', phone, revision));

  test.each(Object.entries(shapes))('%s', (_shape, consent) => {
    const mapping = compiled(webhook(name, 'update: {}', consent));
    expect(body(mapping, both('granted', 'granted'), toldUpTo(1))).toEqual({ nom: 'Durand' });
    // The refusal is as it was accepted: writing the field would only renew the yes beside it.
    expect(body(mapping, both('granted', 'refused'), toldUpTo(1))).toEqual({ nom: 'Durand' });
    expect(body(mapping, both('granted', 'withdrawn', 2), toldUpTo(1))).toEqual(
      body(mapping, both('granted', 'withdrawn', 2)),
    );
    expect(body(mapping, both('refused', 'withdrawn'), toldUpTo(1))).toEqual(
      body(mapping, both('refused', 'withdrawn')),
    );
  });
});

test('a create and an erase never leave an answer out', () => {
  const told = toldUpTo(9);
  expect(JSON.parse(written(one, answered(answer('email', 'granted')), situation()))).toEqual({
    nom: 'Durand',
    OPTIN: 'O',
  });
  expect(one.tells('create')).toEqual(new Set(['marketing.email']));
  expect(one.optInOnUpdate).toBe('changed');
  expect(told.size).toBe(2);
});

test("what the client's schema asks for is written all the same", () => {
  const schema = JSON.stringify({
    type: 'object',
    required: ['nom', 'OPTIN'],
    properties: { nom: { type: 'string' }, OPTIN: { enum: ['O', 'N', 'I', 'R'] } },
  });
  const mapping = compiled(webhook(name, 'schema: s.json\nupdate: {}'), { 'demo/s.json': schema });
  expect(body(mapping, answered(answer('email', 'granted')), toldUpTo(1))).toEqual({
    nom: 'Durand',
    OPTIN: 'O',
  });
});

describe('with several calls', () => {
  const calls = (consent: string, list: string): string =>
    severalCalls(`consent:\n${consent}
calls:
${list}
  - { name: person, send: { url: 'https://crm.demo.example/persons' }, fields: [{ to: name, from: identity.lastName }], capture: { id: $.id } }
update:
  optIn: changed
  calls:
${list.replaceAll(/^/gm, '  ')}
    - { name: person, send: { method: PATCH, url: 'https://crm.demo.example/persons/{person.id}' }, fields: [{ to: name, from: identity.lastName }] }
`);
  const made = (mapping: CompiledMapping, whose: Lead, told: Told): readonly string[] =>
    Object.entries(bodiesOf(mapping, whose, { action: 'update', told })).flatMap(([call, text]) =>
      text === '(not made)' ? [] : [call],
    );

  test('a call that the opt-in sends is not made for a yes that was accepted', () => {
    const mapping = compiled(
      calls(
        `  - { to: 'call:subscribe', channel: email, values: { granted: send, refused: omit, not_asked: omit, withdrawn: omit } }
  - { to: 'call:unsubscribe', channel: email, inverted: confirmed, values: { granted: omit, refused: send, not_asked: send, withdrawn: send } }`,
        `  - { name: subscribe, send: { url: 'https://crm.demo.example/in' }, fields: [{ to: email, from: identity.email }] }
  - { name: unsubscribe, send: { url: 'https://crm.demo.example/out' }, fields: [{ to: email, from: identity.email }] }`,
      ),
    );
    expect(made(mapping, answered(answer('email', 'granted')), toldUpTo(1))).toEqual(['person']);
    expect(made(mapping, answered(answer('email', 'granted', 2)), toldUpTo(1))).toEqual([
      'subscribe',
      'person',
    ]);
    expect(made(mapping, answered(answer('email', 'withdrawn')), toldUpTo(1))).toEqual([
      'unsubscribe',
      'person',
    ]);
    expect([mapping.tells('create', 'subscribe'), mapping.tells('create', 'person')]).toEqual([
      new Set(['marketing.email']),
      new Set(),
    ]);
  });

  test('a call of nothing but opt-ins is not made where it would say none', () => {
    const mapping = compiled(
      severalCalls(`consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: N, withdrawn: N } }
calls:
  - { name: person, send: { url: 'https://crm.demo.example/persons' }, fields: [{ consent: OPTIN }, { to: name, from: identity.lastName }], capture: { id: $.id } }
update:
  calls:
    - { name: optin, send: { method: PATCH, url: 'https://crm.demo.example/persons/{person.id}' }, fields: [{ consent: OPTIN }] }
    - { name: person, send: { method: PATCH, url: 'https://crm.demo.example/persons/{person.id}' }, fields: [{ to: name, from: identity.lastName }] }
`),
    );
    expect(made(mapping, answered(answer('email', 'granted')), toldUpTo(1))).toEqual(['person']);
    expect(made(mapping, answered(answer('email', 'refused')), toldUpTo(1))).toEqual(['optin', 'person']);
  });
});

describe('what the file says', () => {
  test('optIn: always writes it with each update; mails and CSV hold it in any case', () => {
    expect(compiled(webhook(name, 'update: {optIn: always}')).optInOnUpdate).toBe('always');
    expect(compiled(mail('', name, undefined, 'update: {}')).optInOnUpdate).toBe('always');
    const csv = flow('csv: {delimiter: ";"}', name, undefined, 'update: {}');
    expect(compiled(csv).optInOnUpdate).toBe('always');
    expect(problemsOf(csv.replace('update: {}', 'update: {optIn: changed}')).join()).toContain('MAP-311');
  });

  test('a PUT without optIn is asked about; with it, it is not', () => {
    const put = "update: {send: {method: PUT, url: 'https://crm.demo.example/api/{reference}'}}";
    expect(problemsOf(webhook(name, put)).join()).toContain('MAP-312');
    for (const said of ['changed', 'always'])
      expect(problemsOf(webhook(name, put.replace('update: {', `update: {optIn: ${said}, `)))).toEqual([]);
    expect(problemsOf(webhook(name, put.replace('PUT', 'PATCH')))).toEqual([]);
  });

  test('a list that holds other values besides is told: its yes goes with every update', () => {
    const shared = webhook(
      `${name}\n- {to: 'tags[]', value: relais}`,
      'update: {}',
      "consent: [{to: 'tags[]', channel: email, values: {granted: in, refused: omit, not_asked: omit, withdrawn: omit}}]\n",
    );
    expect(problemsOf(shared).join()).toContain('MAP-313');
    expect(body(compiled(shared), answered(answer('email', 'granted')), toldUpTo(1))).toEqual({
      nom: 'Durand',
      tags: ['relais', 'in'],
    });
    expect(problemsOf(shared.replace('update: {}', 'update: {optIn: always}'))).toEqual([]);
  });

  test('a test of the file says what a correction writes', () => {
    const tests = (expected: string): readonly string[] =>
      problemsOf(
        webhook(
          name,
          `update: {}\ntests: [{lead: samples/durand, action: update, optIn: unchanged, expect: {OPTIN: ${expected}}}]`,
        ),
      );
    expect(tests('(absent)')).toEqual([]);
    expect(tests('O').join()).toContain('MAP-801');
  });
});
