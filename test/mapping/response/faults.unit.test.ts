// Faults inside an answer: SOAP, JSON-RPC and XML-RPC say no with any status, 200 included. Never an acceptance (guarantee 5).
import type { Answer } from '../../../connectors/contract.ts';
import { compiled, problemsOf, webhook } from '../support.ts';

const answer = (status: number, text: string, mediaType = 'text/xml'): Answer => ({
  status,
  headers: {},
  mediaType,
  text,
  truncated: false,
});

const blocks = {
  jsonRpc: 'jsonRpc: {method: m}',
  xmlRpc: 'xmlRpc: {method: m}',
  soap: 'soap: {}\nxml: {record: params}',
} as const;
const place = { jsonRpc: 'params.x', xmlRpc: 'params[0].x', soap: 'params.x' } as const;

const text = (format: keyof typeof blocks, rules: string): string =>
  webhook(
    `- {to: '${place[format]}', value: 1}`,
    blocks[format],
    `consent:\n  - {to: '${place[format].replace('x', 'optin')}', channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n`,
  )
    .replace('/api}', "/api, lookup: {url: 'https://crm.demo.example/api/{key}'}}")
    .replace(/^response: .*$/m, `response:\n${rules}\n  - {absent: {status: 404}, on: lookup}`);
const judge = (format: keyof typeof blocks, rules: string) => compiled(text(format, rules)).classify;

/** Rules of somebody who trusts the status, and finds words that stand in faults too. */
const blind = [
  '  - {accepted: {status: 2xx}}',
  '  - {accepted: {text: {contains: demande}}}',
  '  - {duplicate: {text: {contains: existe}}}',
  '  - {pending: {text: {contains: plus tard}}}',
].join('\n');

const faults = {
  jsonRpc: [
    '{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"la demande existe, plus tard"}}',
    '{"jsonrpc":"2.0","id":1,"result":null,"error":["UserError","la demande existe"]}',
    '{"error":"la demande existe"}',
    '[{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"la demande"}}]',
  ],
  xmlRpc: [
    '<?xml version="1.0"?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member><member><name>faultString</name><value>la demande existe, plus tard</value></member></struct></value></fault></methodResponse>',
  ],
  soap: [
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>la demande existe, plus tard</faultstring></s:Fault></s:Body></s:Envelope>',
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text xml:lang="fr">la demande existe</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>',
    '<Envelope><Body><Fault/></Body></Envelope>',
  ],
} as const;

const cases = Object.entries(faults).flatMap(([format, texts]) =>
  texts.map((said) => ({ format: format as keyof typeof blocks, said })),
);

test.each(cases)(
  '$format: a fault in a 200 is no acceptance, whatever the rules of the file: $said',
  ({ format, said }) => {
    const classify = judge(format, blind);
    for (const status of [200, 201, 204])
      expect(classify(answer(status, said), 'create')).toMatchObject({ kind: 'unknown', reason: 'FAULT' });
  },
);

test.each(['jsonRpc', 'xmlRpc', 'soap'] as const)(
  '%s: a page that is no answer of the protocol proves nothing',
  (format) => {
    const classify = judge(format, blind);
    const page = answer(200, '<html><p>Maintenance, la demande existe</p></html>', 'text/html');
    expect(classify(page, 'create')).toMatchObject({ kind: 'unknown', reason: 'NOT_OF_THE_PROTOCOL' });
    expect(
      classify({ ...answer(200, '{"jsonrpc": "2.0", "result": 1, "pad'), truncated: true }, 'create').kind,
    ).toBe('unknown');
  },
);

test('JSON-RPC: an object of something else in front is no answer of the protocol; a result left out is', () => {
  const classify = judge('jsonRpc', blind);
  for (const text of [
    '{"message":"API quota spent, la demande existe"}',
    '{"success":false}',
    '{}',
    '[{"id":1}]',
  ])
    expect(classify(answer(200, text), 'create')).toMatchObject({
      kind: 'unknown',
      reason: 'NOT_OF_THE_PROTOCOL',
    });
  for (const text of ['{"jsonrpc":"2.0","id":1}', '{"result":1,"error":null,"id":1}'])
    expect(classify(answer(200, text), 'create').kind).toBe('accepted');
});

test('a one-way SOAP call may be acknowledged without a body, as the file says', () => {
  expect(judge('soap', '  - {accepted: {status: 202}}')(answer(202, ''), 'create').kind).toBe('accepted');
});

test('a rule reads the fault by its code, whatever status carries it', () => {
  const rules = [
    '  - {accepted: {status: 200, xpath: {//statut: OK}}}',
    '  - {unauthorized: {fault: [Client.Authentication, FailedAuthentication]}}',
    '  - {invalid: {fault: [Client, Sender]}, reason: our_fault}',
    '  - {duplicate: {fault: Server, text: {contains: existe}}}',
  ].join('\n');
  const classify = judge('soap', rules);
  const fault = (code: string, words = ''): string =>
    `<s:Envelope xmlns:s="urn:s"><s:Body><s:Fault><faultcode>${code}</faultcode><faultstring>${words}</faultstring></s:Fault></s:Body></s:Envelope>`;
  expect(classify(answer(500, fault('s:Client')), 'create')).toMatchObject({
    kind: 'invalid',
    reason: 'our_fault',
  });
  expect(classify(answer(500, fault('s:Client.Authentication')), 'create').kind).toBe('unauthorized');
  expect(classify(answer(500, fault('s:Server', 'existe')), 'create').kind).toBe('duplicate');
  expect(classify(answer(500, fault('s:Server')), 'create')).toMatchObject({
    kind: 'unavailable',
    reason: 'FAULT',
  });
  const sub =
    '<e:Envelope xmlns:e="urn:e"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>w:FailedAuthentication</e:Value></e:Subcode></e:Code></e:Fault></e:Body></e:Envelope>';
  expect(classify(answer(400, sub), 'create').kind).toBe('unauthorized');
});

test('the codes JSON-RPC reserves for a request that was not executed are our fault', () => {
  const classify = judge('jsonRpc', '  - {accepted: {status: 200, json: {result: {exists: true}}}}');
  for (const code of [-32700, -32600, -32601, -32602])
    expect(classify(answer(200, `{"error":{"code":${code}}}`), 'create')).toMatchObject({
      kind: 'invalid',
      reason: 'FAULT_NOT_READ',
    });
  expect(classify(answer(200, '{"error":{"code":-32000}}'), 'create')).toMatchObject({
    kind: 'unknown',
    reason: 'FAULT',
  });
  expect(classify(answer(401, '{"error":{"code":-32600}}'), 'create').kind).toBe('unauthorized');
  expect(classify(answer(500, '{"error":{"code":-32600}}'), 'create').kind).toBe('invalid');
  // A gateway's answer, or a server's that is down: nothing of it is about the lead.
  expect(classify(answer(504, '{"error":{"code":-32600}}'), 'create')).toMatchObject({
    kind: 'unknown',
    outage: true,
  });
  expect(classify(answer(503, '{"error":{"code":-32600}}'), 'create').kind).toBe('unavailable');
  expect(classify(answer(200, '{"jsonrpc":"2.0","id":1,"result":42,"error":null}'), 'create').kind).toBe(
    'accepted',
  );
});

test('a look-up that ends in a fault knows nothing: neither that the lead is there nor that it is absent', () => {
  const rules = [
    '  - {accepted: {status: 200, json: {result: {exists: true}}}}',
    '  - {accepted: {status: 200}, on: lookup}',
    '  - {absent: {status: 200, text: {contains: introuvable}}, on: lookup}',
  ].join('\n');
  const said = answer(200, '{"error":{"code":200,"message":"introuvable"}}');
  expect(judge('jsonRpc', rules)(said, 'lookup')).toMatchObject({ kind: 'unknown', reason: 'FAULT' });
});

test('an acceptance that asks for a fault is a mistake, and so is a fault where the format has none', () => {
  expect(problemsOf(text('soap', '  - {accepted: {fault: Server}}')).join()).toContain('MAP-502');
  expect(
    problemsOf(
      webhook('- {to: a, value: 1}').replace('{accepted:', '{invalid: {fault: true}}, {accepted:'),
    ).join(),
  ).toContain('MAP-504');
});

test('the check asks for a rule that reads faults where the file has none', () => {
  expect(problemsOf(text('xmlRpc', '  - {accepted: {status: 200}}')).join()).toContain('MAP-520');
  expect(
    problemsOf(
      text('xmlRpc', '  - {accepted: {status: 200, xpath: {//int: 1}}}\n  - {invalid: {fault: true}}'),
    ).join(),
  ).not.toContain('MAP-520');
});

test('a yes that is longer than what is read is asked about or held, never sent again blindly', () => {
  const cut = { ...answer(200, '{"jsonrpc":"2.0","id":"dlv_1","result":{"id":42,"log":"'), truncated: true };
  const classify = judge('jsonRpc', '  - {accepted: {status: 200}}\n  - {invalid: {fault: true}}');
  expect(classify(cut, 'create')).toMatchObject({
    kind: 'unknown',
    reason: 'ANSWER_TOO_LARGE',
    saidYes: true,
  });
  expect(classify({ ...cut, status: 503 }, 'create').kind).toBe('unavailable');
});

test('an error that is false or empty is none', () => {
  const classify = judge(
    'jsonRpc',
    '  - {accepted: {status: 200, json: {result: {exists: true}}}}\n  - {invalid: {fault: true}}',
  );
  for (const error of ['false', '""', 'null'])
    expect(classify(answer(200, `{"result":7,"error":${error}}`), 'create').kind).toBe('accepted');
  expect(classify(answer(200, '{"result":7,"error":{}}'), 'create').kind).toBe('invalid');
});
