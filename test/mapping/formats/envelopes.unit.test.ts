// Bodies that stand in an envelope: multipart forms, SOAP, JSON-RPC and XML-RPC, each written by the ordinary fields.
import { connectors } from '../../../connectors/index.ts';
import type { Body } from '../../../connectors/contract.ts';
import { composedPreview } from '../../../src/mapping/tools/composed-preview.ts';
import type { CompiledMapping } from '../../../src/mapping/contract.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import { bodiesOf, severalCalls } from '../calls/calls-support.ts';
import { at, compiled, lead, noted, problemsOf, situation, webhook, written } from '../support.ts';

const optInAt = (to: string): string =>
  `consent:\n  - {to: '${to}', channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n`;

const fault = '  - {invalid: {fault: true}}';
const rpc = (block: string, fields: string, optIn: string, more = ''): string =>
  webhook(fields, `${block}\n${more}`, optInAt(optIn)).replace(
    /^response: .*$/m,
    `response:\n  - {accepted: {status: 200, json: {result: {exists: true}}}}\n${fault}`,
  );

const soap = (block: string, fields: string, more = ''): string =>
  webhook(fields, `soap: ${block}\n${more}`, optInAt('ns:lead.optin')).replace(
    /^response: .*$/m,
    `response:\n  - {accepted: {status: 200, xpath: {//statut: OK}}}\n${fault}`,
  );
const xmlNs = "xml: {record: 'ns:lead', xmlns: {ns: 'urn:crm'}, indent: false}";

function bodyOf(mapping: CompiledMapping, someone: Lead = lead(), key = 'dlv_1'): Body {
  const result = mapping.apply(someone, situation({ key }));
  if (!result.ok) throw new Error(JSON.stringify(result));
  return mapping.write([result.record], 'create');
}

const textOf = ({ bytes }: Body): string => Buffer.from(bytes).toString('utf8');

/** Names and values of a multipart body, read by the platform's own reader. */
async function partsOf(body: Body): Promise<readonly (readonly [string, string])[]> {
  const form = await new Response(new Uint8Array(body.bytes), {
    headers: { 'content-type': body.mediaType },
  }).formData();
  return await Promise.all(
    [...form].map(
      async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()] as const,
    ),
  );
}

const headOf = (mapping: CompiledMapping): readonly string[] =>
  composedPreview(mapping, lead(), { action: 'create', key: 'dlv_1', now: at, connectors }).calls[0]?.composed
    ?.head ?? [];

describe('multipart/form-data', () => {
  const plain = compiled(
    webhook('- {to: nom, from: identity.lastName}\n- {to: \'le "mot"\', from: comment}', 'multipart: {}'),
  );

  test('each field is a part of its own, in the order of the file', async () => {
    const body = bodyOf(plain, noted('deux\r\nlignes, et élève'));
    expect(body.mediaType).toMatch(/^multipart\/form-data; boundary=[\w-]{10,70}$/);
    expect(await partsOf(body)).toEqual([
      ['nom', 'Durand'],
      ['le "mot"', 'deux\r\nlignes, et élève'],
      ['OPTIN', 'O'],
    ]);
  });

  test('the same delivery gives the same bytes, another key another boundary', () => {
    expect(bodyOf(plain)).toEqual(bodyOf(plain));
    expect(bodyOf(plain, lead(), 'dlv_2').mediaType).not.toBe(bodyOf(plain).mediaType);
  });

  test('a prospect who writes the boundary into a comment forges no part', async () => {
    const boundary = /boundary=(.*)$/.exec(bodyOf(plain).mediaType)?.[1] ?? '';
    const forged = `--${boundary}\r\ncontent-disposition: form-data; name="OPTIN"\r\n\r\nX\r\n--${boundary}-1--`;
    const body = bodyOf(plain, noted(forged));
    expect(await partsOf(body)).toEqual([
      ['nom', 'Durand'],
      ['le "mot"', forged],
      ['OPTIN', 'O'],
    ]);
  });

  test('one part can hold the whole record as a file, beside constants', async () => {
    const whole = compiled(
      webhook(
        '- {to: nom, from: identity.lastName}',
        'multipart: {field: lead, holds: json, fileName: lead.json, with: {source: centre}}',
      ),
    );
    const body = bodyOf(whole);
    expect(await partsOf(body)).toEqual([
      ['source', 'centre'],
      ['lead', '{"nom":"Durand","OPTIN":"O"}'],
    ]);
    expect(textOf(body)).toContain('name="lead"; filename="lead.json"\r\ncontent-type: application/json\r\n');
  });
});

describe('JSON-RPC 2.0', () => {
  const odoo = compiled(
    rpc(
      'jsonRpc: {method: call}',
      [
        '- {to: params.service, value: object}',
        '- {to: params.method, value: execute_kw}',
        "- {to: 'params.args[0]', value: base}",
        "- {to: 'params.args[1]', value: 7}",
        "- {to: 'params.args[2]', value: crm.lead}",
        "- {to: 'params.args[3]', value: create}",
        "- {to: 'params.args[4][0].contact_name', from: identity.lastName}",
        "- {to: 'params.args[4][0].expected_revenue', from: project.budgetMax}",
      ].join('\n'),
      'params.args[4][0].x_optin',
    ),
  );

  test('the fields write params, the envelope has version, method and the key of the delivery', () => {
    expect(JSON.parse(textOf(bodyOf(odoo)))).toEqual({
      jsonrpc: '2.0',
      id: 'dlv_1',
      method: 'call',
      params: {
        service: 'object',
        method: 'execute_kw',
        args: [
          'base',
          7,
          'crm.lead',
          'create',
          [{ contact_name: 'Durand', expected_revenue: 285000.5, x_optin: 'O' }],
        ],
      },
    });
    expect(headOf(odoo)).toContain('content-type: application/json');
  });

  test('params can be a list, and an argument without a value never lets the next one slip into its place', () => {
    const list = compiled(
      rpc(
        'jsonRpc: {method: model.party.create}',
        "- {to: 'params[0][0].name', from: identity.lastName}\n- {to: 'params[1]', from: identity.firstName}",
        'params[2].optin',
      ),
    );
    expect(JSON.parse(written(list))).toMatchObject({
      params: [[{ name: 'Durand' }], 'élise', { optin: 'O' }],
    });
    expect(list.apply(lead({ identity: { lastName: 'Durand' } }), situation())).toEqual({
      ok: false,
      why: 'invalid',
      problems: [{ field: 'params[1]', code: 'PLACE_EMPTY' }],
    });
  });

  test('an update and each of several calls may name a method of their own', () => {
    const changing = compiled(
      rpc(
        'jsonRpc: {method: lead.create}',
        '- {to: params.nom, from: identity.lastName}',
        'params.optin',
        'update: {jsonRpc: {method: lead.write}}',
      ),
    );
    const change = situation({ action: 'update' });
    expect(JSON.parse(written(changing, lead(), change))).toMatchObject({
      method: 'lead.write',
      params: { nom: 'Durand' },
    });
    expect(JSON.parse(written(changing))).toMatchObject({ method: 'lead.create' });
  });
});

test('two calls of JSON-RPC: the number the first one gives is an argument of the second, with its context beside it', () => {
  const mapping = compiled(
    severalCalls(`jsonRpc: {method: model.party.party.create}
${optInAt('params[0][0].note')}calls:
  - name: party
    send: {url: https://crm.demo.example/base/}
    fields:
      - {to: 'params[0][0].name', from: identity.lastName}
      - {to: 'params[1].language', value: fr}
    capture: {id: '$.result[0]'}
    response: [{accepted: {status: 200, json: {'result[0]': {exists: true}}}}]
  - name: opportunity
    send: {url: https://crm.demo.example/base/}
    jsonRpc: {method: model.sale.opportunity.create}
    fields:
      - {to: 'params[0][0].party', from: calls.party.id}
      - {to: 'params[0][0].description', template: '{{project.programme}} {{id}}'}
      - {to: 'params[1].company', value: 1}
    response:
      - {accepted: {status: 200, json: {'result[0]': {exists: true}}}, reference: '$.result[0]'}
      - {unavailable: {fault: true, text: {contains: connection already closed}}}
      - {invalid: {fault: true}}
`),
  );
  const bodies = bodiesOf(mapping, lead(), { captured: { 'party.id': 42 } });
  expect(bodies['party']).toMatchObject({
    id: 'dlv_1-party',
    method: 'model.party.party.create',
    params: [[{ name: 'Durand', note: 'O' }], { language: 'fr' }],
  });
  expect(bodies['opportunity']).toMatchObject({
    id: 'dlv_1-opportunity',
    method: 'model.sale.opportunity.create',
    params: [[{ party: 42, description: 'DM-LYON DM-1' }], { company: 1 }],
  });
  const says = (text: string): string =>
    mapping.classify(
      { status: 200, headers: {}, mediaType: 'application/json', text, truncated: false },
      'create',
      {
        action: 'create',
        name: 'opportunity',
      },
    ).kind;
  expect(says('{"id":1,"result":[7]}')).toBe('accepted');
  expect(says('{"id":1,"error":["InterfaceError","connection already closed",""]}')).toBe('unavailable');
  expect(says('{"id":1,"error":["UserError",["required","field"]]}')).toBe('invalid');
});

describe('XML-RPC', () => {
  const typed = compiled(
    rpc(
      'xmlRpc: {method: crm.lead.create}',
      [
        "- {to: 'params[0]', value: 7}",
        "- {to: 'params[1].name', from: identity.lastName}",
        "- {to: 'params[1].budget', from: project.budgetMax}",
        "- {to: 'params[1].rooms', from: project.rooms}",
        "- {to: 'params[1].web', value: true}",
        "- {to: 'params[1].tags[]', value: web}",
        "- {to: 'params[1].le', from: collectedAt, type: dateTime}",
      ].join('\n'),
      'params[1].optin',
    ).replace(
      'json: {result: {exists: true}}',
      'xml: {methodResponse.params.param.value.int: {exists: true}}',
    ),
  );

  test('values have the types of their fields: a budget is a double even without cents', () => {
    const someone = lead({ project: { budgetMax: 285000, rooms: 3 } });
    expect(textOf(bodyOf(typed, someone)).replaceAll('>\n', '>')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>' +
        '<methodCall><methodName>crm.lead.create</methodName><params>' +
        '<param><value><int>7</int></value></param>' +
        '<param><value><struct>' +
        '<member><name>name</name><value><string>Durand</string></value></member>' +
        '<member><name>budget</name><value><double>285000</double></value></member>' +
        '<member><name>rooms</name><value><int>3</int></value></member>' +
        '<member><name>web</name><value><boolean>1</boolean></value></member>' +
        '<member><name>tags</name><value><array><data><value><string>web</string></value></data></array></value></member>' +
        '<member><name>le</name><value><dateTime.iso8601>20261120T10:15:00</dateTime.iso8601></value></member>' +
        '<member><name>optin</name><value><string>O</string></value></member>' +
        '</struct></value></param></params></methodCall>',
    );
    expect(headOf(typed)).toEqual(
      expect.arrayContaining([
        'content-type: text/xml; charset=utf-8',
        'accept: text/xml, application/xml;q=0.9',
      ]),
    );
  });

  test('what a prospect wrote stays text', () => {
    const comment = compiled(
      rpc('xmlRpc: {method: m}', "- {to: 'params[0].note', from: comment}", 'params[0].optin'),
    );
    expect(written(comment, noted('</string></value> & <fin>'))).toContain(
      '<string>&lt;/string&gt;&lt;/value&gt; &amp; &lt;fin&gt;</string>',
    );
  });

  test('a number that an int cannot hold travels as a double, and a text that is no number fails with its field', () => {
    const number = compiled(
      rpc(
        'xmlRpc: {method: m}',
        "- {to: 'params[0].n', from: comment, type: int}\n- {to: 'params[0].big', value: 3000000000}",
        'params[0].optin',
      ),
    );
    expect(written(number, noted('42'))).toContain('<int>42</int>');
    expect(written(number, noted('42'))).toContain('<double>3000000000</double>');
    expect(number.apply(noted('quarante'), situation())).toMatchObject({
      problems: [{ field: 'params[0].n', code: 'NOT_OF_TYPE' }],
    });
  });
});

describe('SOAP', () => {
  const fields = "- {to: 'ns:lead.nom', from: identity.lastName}\n- {to: 'ns:auth.cle', value: centre}";

  test('1.1: the record stands in the body, the header has its own fields, the action is a header of HTTP', () => {
    const mapping = compiled(soap("{action: 'urn:crm#create', header: 'ns:auth'}", fields, xmlNs));
    expect(textOf(bodyOf(mapping))).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns="urn:crm">' +
        '<soap:Header><ns:auth><cle>centre</cle></ns:auth></soap:Header>' +
        '<soap:Body><ns:lead><nom>Durand</nom><optin>O</optin></ns:lead></soap:Body></soap:Envelope>',
    );
    expect(headOf(mapping)).toEqual(
      expect.arrayContaining(['content-type: text/xml; charset=utf-8', 'soapaction: "urn:crm#create"']),
    );
  });

  test('1.2: another namespace, and the action in the media type', () => {
    const mapping = compiled(
      soap("{version: '1.2', action: 'urn:crm#create'}", fields.split('\n')[0] ?? '', xmlNs),
    );
    expect(textOf(bodyOf(mapping))).toContain(
      '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:ns="urn:crm"><soap:Body><ns:lead>',
    );
    expect(headOf(mapping)).toContain(
      'content-type: application/soap+xml; charset=utf-8; action="urn:crm#create"',
    );
    expect(headOf(mapping).join('\n')).not.toContain('soapaction');
  });

  test('an update has its own action', () => {
    const mapping = compiled(
      soap(
        "{action: 'urn:create'}",
        fields.split('\n')[0] ?? '',
        `${xmlNs}\nupdate: {soap: {action: 'urn:change'}}`,
      ),
    );
    const result = mapping.apply(lead(), situation({ action: 'update' }));
    if (!result.ok) throw new Error('not written');
    expect(mapping.write([result.record], 'update').headers).toMatchObject({ soapaction: '"urn:change"' });
  });
});

describe('misuse is told by the check', () => {
  test.each([
    ['soap without its record', webhook('- {to: a, value: 1}', 'soap: {}'), 'MAP-102'],
    [
      'a mail in an envelope',
      webhook('- {to: a, value: 1}', 'jsonRpc: {method: m}').replace(
        'connector: webhook',
        'connector: email',
      ),
      'MAP-408',
    ],
    ['two envelopes', webhook('- {to: a, value: 1}', 'jsonRpc: {method: m}\nxmlRpc: {method: m}'), 'MAP-106'],
    [
      'a target outside params',
      rpc('jsonRpc: {method: m}', '- {to: nom, from: identity.lastName}', 'params.optin'),
      'MAP-710',
    ],
    [
      'params of XML-RPC that are no list',
      rpc('xmlRpc: {method: m}', '- {to: params.nom, value: 1}', 'params[0].optin'),
      'MAP-710',
    ],
    [
      'a place that nothing writes',
      rpc('jsonRpc: {method: m}', "- {to: 'params[0]', value: 1}", 'params[2].optin'),
      'MAP-711',
    ],
    [
      'null where XML-RPC has none',
      rpc('xmlRpc: {method: m}', "- {to: 'params[0].a', from: comment, empty: null}", 'params[0].optin'),
      'MAP-222',
    ],
    ['a type outside XML-RPC', webhook('- {to: a, value: 1, type: int}'), 'MAP-712'],
  ])('%s', (_name, text, code) => {
    expect(problemsOf(text).join('\n')).toContain(code);
  });
});
