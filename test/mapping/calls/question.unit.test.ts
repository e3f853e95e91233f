// The body of a look-up: written like every other body, and of references alone.
import { severalCalls } from './calls-support.ts';
import type { CompiledMapping } from '../../../src/mapping/contract.ts';
import { connectors } from '../../../connectors/index.ts';
import { composedPreview } from '../../../src/mapping/tools/composed-preview.ts';
import { at, compiled, lead, problemsOf, webhook } from '../support.ts';

const rules = `response:
  - { accepted: { status: 201, json: { ok: true } } }
  - { accepted: { status: 200, json: { 'result[0].id': { exists: true } } }, on: lookup, reference: '$.result[0].id' }
  - { absent: { status: 200, json: { 'result[0]': { exists: false } } }, on: lookup }`;
const asking = (lookup: string, more = ''): string =>
  webhook('- {to: nom, from: identity.lastName}', more)
    .replace(/^send: .*$/m, `send: {url: https://crm.demo.example/api, lookup: ${lookup}}`)
    .replace(/^response: .*$/m, rules);

const about = { action: 'create' as const, key: 'dlv_1', leadReference: 'DM-1', writtenAt: at };
const textOf = (mapping: CompiledMapping, over: object = {}, call?: string): string | undefined => {
  const body = mapping.question({ ...about, ...over }, call);
  return body === undefined ? undefined : `${body.mediaType} ${Buffer.from(body.bytes).toString()}`;
};

test('its fields are written as those of a lead, in the format of the file', () => {
  const mapping = compiled(
    asking(`{url: https://crm.demo.example/search, fields: [
      {to: model, value: crm.lead},
      {to: 'domain[0][0]', value: ref},
      {to: 'domain[0][2]', from: id},
      {to: key, from: delivery.key, as: upper},
      {to: filter, template: "(ref_ext = '{{id}}')"}]}`),
  );
  expect(textOf(mapping)).toBe(
    `application/json {"model":"crm.lead","domain":[["ref","DM-1"]],"key":"DLV_1","filter":"(ref_ext = 'DM-1')"}`,
  );
});

test('it may have a format of its own', () => {
  const fields = 'fields: [{to: ref, from: id}]';
  expect(textOf(compiled(asking(`{url: https://crm.demo.example/s, form: {}, ${fields}}`)))).toBe(
    'application/x-www-form-urlencoded ref=DM-1',
  );
  const xml = asking(
    `{url: https://crm.demo.example/s, xml: {record: find, declaration: false, indent: false}, fields: [{to: find.ref, from: id}]}`,
  );
  expect(textOf(compiled(xml))).toBe('application/xml; charset=utf-8 <find><ref>DM-1</ref></find>');
});

test('one that asks by its address alone has no body', () => {
  expect(textOf(compiled(asking("{url: 'https://crm.demo.example/find/{key}'}")))).toMatch(/ $/);
});

test('a reference that is not known leaves nothing to ask with: an open question would find anybody', () => {
  const mapping = compiled(
    asking(
      '{url: https://crm.demo.example/search, fields: [{to: ref, from: id}, {to: crm, from: delivery.reference}]}',
    ),
  );
  expect(textOf(mapping)).toBeUndefined();
  expect(textOf(mapping, { recipientReference: 'H-1' })).toContain('{"ref":"DM-1","crm":"H-1"}');
  const optional = compiled(
    asking(
      '{url: https://crm.demo.example/search, fields: [{to: ref, from: id}, {to: crm, from: delivery.reference, when: {present: delivery.reference}}]}',
    ),
  );
  expect(textOf(optional)).toContain('{"ref":"DM-1"}');
});

test('each of several calls asks its own question, with the ids of earlier ones', () => {
  const mapping = compiled(
    severalCalls(`calls:
  - name: person
    send: { url: https://crm.demo.example/persons, lookup: { url: https://crm.demo.example/rpc, fields: [{ to: ref, from: delivery.key }] } }
    fields: [{ to: name, from: identity.lastName }]
    capture: { id: $.id }
  - name: deal
    send: { url: https://crm.demo.example/deals, lookup: { url: https://crm.demo.example/rpc, fields: [{ to: person, from: calls.person.id }, { to: ref, from: id }] } }
    fields: [{ to: person, from: calls.person.id }]
`).replace(/^response: .*$/m, rules),
  );
  expect(textOf(mapping, {}, 'person')).toContain('{"ref":"dlv_1"}');
  expect(textOf(mapping, { captured: { 'person.id': 42 } }, 'deal')).toContain('{"person":42,"ref":"DM-1"}');
  expect(textOf(mapping, {}, 'deal')).toBeUndefined();
});

describe('what may not stand in a question', () => {
  const told = (lookup: string): string => problemsOf(asking(lookup)).join('\n');

  test.each([
    'from: identity.email',
    'from: identity.mobile',
    'from: project.programme',
    'from: comment',
    'from: revision',
    "template: '{{id}} {{identity.lastName}}'",
    'from: id, when: {present: identity.email}',
  ])('%s: a person found by their data is not the lead', (field) => {
    expect(
      told(`{url: https://crm.demo.example/s, fields: [{to: ref, from: id}, {to: q, ${field}}]}`),
    ).toMatch(/MAP-514 .*references only/);
  });

  test('a list of the lead', () => {
    expect(
      told(
        '{url: https://crm.demo.example/s, fields: [{to: ref, from: id}, {to: q, each: identity.phones, fields: [{to: n, from: number}]}]}',
      ),
    ).toMatch(/MAP-514/);
  });

  test('an opt-in', () => {
    expect(told('{url: https://crm.demo.example/s, fields: [{to: ref, from: id}, {consent: rest}]}')).toMatch(
      /MAP-514/,
    );
  });

  test('nothing that names the lead', () => {
    expect(told('{url: https://crm.demo.example/s, fields: [{to: model, value: crm.lead}]}')).toMatch(
      /MAP-515/,
    );
    expect(told('{url: https://crm.demo.example/s}')).toContain('must name the lead');
  });

  test('a list of what came lately, of which no rule asks whose it is', () => {
    const list = asking('{url: "https://crm.demo.example/s?timestamp={since}"}');
    const anybody = list.replace(
      / {2}- \{ accepted: \{ status: 200.*/,
      '  - { accepted: { status: 200, json: { ok: true } }, on: lookup }',
    );
    expect(problemsOf(anybody).join('\n')).toMatch(/MAP-515 .*asked/);
    const own = list.replace("'result[0].id': { exists: true }", "'result[ref=asked].id': { exists: true }");
    expect(problemsOf(own)).toEqual([]);
    const first = list.replace("'result[0].id': { exists: true }", "'result[0].ref': { asked: true }");
    expect(problemsOf(first)).toEqual([]);
    expect(
      problemsOf(
        webhook('- {to: a, value: 1}').replace(
          'https://crm.demo.example/api',
          '"https://crm.demo.example/{since}"',
        ),
      ).join('\n'),
    ).toMatch(/MAP-406.*\{since\}/);
  });

  test.each(['map: {A: B, else: omit}', 'max: {length: 3, on: truncate}', 'max: {length: 3, on: omit}'])(
    'a reference of which something may be missing: %s',
    (lossy) => {
      expect(told(`{url: https://crm.demo.example/s, fields: [{to: ref, from: id, ${lossy}}]}`)).toMatch(
        /MAP-515/,
      );
    },
  );

  test('a body where the method has none', () => {
    expect(told('{url: https://crm.demo.example/s, method: GET, fields: [{to: ref, from: id}]}')).toMatch(
      /MAP-406.*GET/,
    );
  });

  test.each([
    ['json: {lisst: true}', 'Did you mean "list"?'],
    ['form: {fields: a}', 'Did you mean "field"?'],
    ['xml: {recrod: ref}', 'Did you mean "record"?'],
    ['soap: {acton: find}', 'Did you mean "action"?'],
    ['jsonRpc: {metod: find}', 'Did you mean "method"?'],
  ])('a slip in its format, %s, is told', (block, meant) => {
    expect(told(`{url: https://crm.demo.example/s, ${block}, fields: [{to: ref, from: id}]}`)).toContain(
      meant,
    );
  });

  test('a format without fields, which writes nothing', () => {
    expect(told("{url: 'https://crm.demo.example/s/{key}', json: {list: true}}")).toMatch(
      /MAP-102 .*"json" needs fields/,
    );
  });

  test('a slip in a field is told at its place', () => {
    expect(told('{url: https://crm.demo.example/s, fields: [{to: ref, form: id}]}')).toContain(
      'Did you mean "from"?',
    );
  });
});

describe('people see the question', () => {
  const mapping = compiled(
    asking(
      '{url: https://crm.demo.example/search, headers: {X-Api-Key: secret:ASK}, fields: [{to: ref, from: id}]}',
    ),
  );

  test('in the preview, secrets masked', () => {
    const [call] = composedPreview(mapping, lead(), {
      action: 'create',
      key: 'k',
      now: at,
      connectors,
    }).calls;
    expect(call?.question?.head).toEqual([
      'POST /search HTTP/1.1',
      'host: crm.demo.example',
      expect.stringMatching(/^accept: /),
      'user-agent: Relais/1',
      'content-type: application/json',
      'webhook-id: k',
      'x-api-key: «secret:ASK»',
    ]);
    expect(Buffer.from(call?.question?.content ?? []).toString()).toBe('{"ref":"DM-1"}');
    expect(mapping.secretNames).toEqual(['ASK']);
  });

  test('in the document a client signs', () => {
    const { connectorFacts, actions } = mapping;
    const rows = connectorFacts.words.transport(actions.create?.settings as object, []);
    expect(rows.find(({ point }) => point[0] === 'Vérification')?.agreed[0]).toBe(
      'POST https://crm.demo.example/search, par nos références seulement, sans donnée de la personne',
    );
  });
});

test('headers of an action are laid over the shared ones by name; null takes one out', () => {
  const mapping = compiled(
    webhook(
      '- {to: nom, from: identity.lastName}',
      'update: {send: {headers: {accept: text/plain, X-Gone: null}}}',
    ).replace(
      /^send: .*$/m,
      'send: {url: https://crm.demo.example/api, headers: {Accept: application/json, X-Gone: a, X-Kept: b}}',
    ),
  );
  expect(mapping.actions.create?.settings).toMatchObject({
    headers: { Accept: 'application/json', 'X-Gone': 'a', 'X-Kept': 'b' },
  });
  expect(mapping.actions.update).toHaveProperty('settings.headers', { 'X-Kept': 'b', accept: 'text/plain' });
});

test('headers of a call are laid over the shared ones, and a mistake is told where it stands', () => {
  const file = (own: string): string =>
    severalCalls(`calls:
  - name: person
    send: { url: https://crm.demo.example/persons, headers: ${own} }
    fields: [{ to: name, from: identity.lastName }]
`).replace('send: {auth', 'send: {headers: {Accept: application/json, X-Bad: "{id}"}, auth');
  expect(problemsOf(file('{Accept: text/xml}')).join()).toMatch(/crm.yaml:3:\d+  MAP-406 .*no placeholder/);
  expect(problemsOf(file('{X-Bad: "{id}"}')).join()).toMatch(/crm.yaml:9:\d+  MAP-406 .*no placeholder/);
  const [call] = compiled(file('{Accept: text/xml, x-bad: null}')).actions.create?.calls ?? [];
  expect(call).toHaveProperty('settings.headers', { Accept: 'text/xml' });
});

test('where leads are calls of a procedure, a question is one too, of a method or an operation of its own', () => {
  const optIn = (to: string): string =>
    `consent:\n  - {to: '${to}', channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n`;
  const base = (to: string, blocks: string, lookup: string): string =>
    webhook(`- {to: '${to}.nom', from: identity.lastName}`, blocks, optIn(`${to}.optin`))
      .replace(/^send: .*$/m, `send: {url: https://crm.demo.example/api, lookup: ${lookup}}`)
      .replace(/^response: .*$/m, `${rules}\n  - { invalid: { fault: true } }`);
  const json = base(
    'params',
    'jsonRpc: {method: lead.add}',
    '{url: https://crm.demo.example/api, jsonRpc: {method: lead.find}, fields: [{to: params.ref, from: id}]}',
  );
  expect(textOf(compiled(json))).toBe(
    'application/json {"jsonrpc":"2.0","id":"dlv_1","method":"lead.find","params":{"ref":"DM-1"}}',
  );
  const soap = base(
    'lead',
    "soap: {action: 'urn:add'}\nxml: {record: lead, declaration: false, indent: false}",
    "{url: https://crm.demo.example/api, soap: {action: 'urn:find'}, xml: {record: find}, fields: [{to: find.ref, from: id}]}",
  );
  expect(textOf(compiled(soap))).toMatch(
    /^text\/xml; charset=utf-8 <soap:Envelope .*<find><ref>DM-1<\/ref><\/find>/,
  );
  expect(compiled(soap).question(about)?.headers).toMatchObject({ soapaction: '"urn:find"' });
  expect(problemsOf(json.replace('params.ref', 'ref')).join()).toContain('MAP-710');
});

test('a question that is a call of a procedure is answered by its protocol: a fault never says that the lead is not there', () => {
  const mapping = compiled(
    asking(
      '{url: https://crm.demo.example/rpc, jsonRpc: {method: lead.find}, fields: [{to: params.ref, from: id}]}',
    ).replace(/^response:$/m, 'response:\n  - { unauthorized: { fault: 100 }, on: lookup }'),
  );
  const said = (text: string) =>
    mapping.classify(
      { status: 200, headers: {}, mediaType: 'application/json', text, truncated: false },
      'lookup',
    );
  expect(said('{"jsonrpc":"2.0","error":{"code":7}}')).toMatchObject({ kind: 'unknown', reason: 'FAULT' });
  expect(said('{"jsonrpc":"2.0","error":{"code":100}}')).toMatchObject({ kind: 'unauthorized' });
  expect(said('{"jsonrpc":"2.0","result":[]}')).toMatchObject({ kind: 'absent' });
});

test('the question of one of several calls has the faults of its own protocol too', () => {
  const mapping = compiled(
    severalCalls(`calls:
  - name: person
    send: { url: https://crm.demo.example/persons, lookup: { url: https://crm.demo.example/rpc, jsonRpc: { method: find }, fields: [{ to: params.ref, from: delivery.key }] } }
    fields: [{ to: name, from: identity.lastName }]
`).replace(/^response: .*$/m, rules),
  );
  const text = '{"jsonrpc":"2.0","error":{"code":7}}';
  expect(
    mapping.classify(
      { status: 200, headers: {}, mediaType: 'application/json', text, truncated: false },
      'lookup',
      { action: 'create', name: 'person' },
    ),
  ).toMatchObject({ kind: 'unknown', reason: 'FAULT' });
});
