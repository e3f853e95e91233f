// Bodies in an envelope on the production path: written by a mapping, carried by the connector, answered by a real server
// that speaks the protocol, judged by the mapping's rules.
import type { Answer, Outcome } from '../../connectors/contract.ts';
import { createWebhookConnector } from '../../connectors/webhook/index.ts';
import { singleParcel } from '../../src/mapping/tools/composed-preview.ts';
import { previewMapping } from '../../src/mapping/tools/preview.ts';
import { compiled, lead, noted, situation, webhook as mappingOf } from '../mapping/support.ts';
import { certificateFor } from './servers/certificate.ts';
import { startHttpRecipient } from './servers/http.ts';
import type { HttpRecipient, Received } from './servers/http.ts';
import { contextOf } from './rigs.ts';

const webhook = createWebhookConnector();
let recipient: HttpRecipient;
let ca: string;
beforeAll(async () => {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  ca = certificate.cert;
  recipient = await startHttpRecipient(certificate);
});
afterAll(async () => {
  await webhook.close?.();
  await recipient.close();
});
beforeEach(() => void recipient.received.splice(0));

const optIn = (to: string): string =>
  `consent:\n  - {to: '${to}', channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n`;
const mapping = (field: string, consent: string, blocks: string, accepted: string) =>
  compiled(
    mappingOf(`- {to: '${field}', from: comment}`, blocks, optIn(consent)).replace(
      /^response: .*$/m,
      `response:\n  - {accepted: {status: 200, ${accepted}}}\n  - {invalid: {fault: true}}`,
    ),
  );

type Mapping = ReturnType<typeof mapping>;

async function sendOnce(made: Mapping, comment: string): Promise<Outcome> {
  const someone = noted(comment);
  const at = situation();
  const { result } = previewMapping(made, someone, at);
  if (!result.ok) throw new Error('not written');
  const parcel = singleParcel(made, someone, at, result);
  const classify = (answer: Answer, stage: Parameters<Mapping['classifyBeside']>[1]): Promise<Outcome> =>
    made.classifyBeside(answer, stage);
  return await webhook.send(
    parcel,
    { url: `https://localhost:${recipient.port}/in` },
    contextOf({ secrets: {}, target: 'localhost', ca }, { classify }),
  );
}

const only = (): Received => {
  const [received] = recipient.received;
  if (received === undefined) throw new Error('nothing arrived');
  return received;
};

const answerWith = (text: string, type: string, status = 200): void => {
  recipient.answer = (_request, response) =>
    void response.writeHead(status, { 'content-type': type }).end(text);
};

const odd = 'deux\r\nlignes & <fin> ]]> "é"\u{1f3e0}';

const protocols = [
  {
    name: 'JSON-RPC',
    made: mapping(
      'params[0].note',
      'params[0].optin',
      'jsonRpc: {method: lead.add}',
      'json: {result: {exists: true}}',
    ),
    headers: { 'content-type': 'application/json' },
    holds: JSON.stringify(odd),
    yes: ['{"jsonrpc":"2.0","id":"dlv_1","result":42}', 'application/json', 200],
    no: [
      '{"jsonrpc":"2.0","id":"dlv_1","error":{"code":200,"message":"Odoo Server Error"}}',
      'application/json',
      200,
    ],
  },
  {
    name: 'XML-RPC',
    made: mapping(
      'params[0].note',
      'params[0].optin',
      'xmlRpc: {method: lead.add}',
      'xpath: {//methodResponse/params/param/value/int: {exists: true}}',
    ),
    headers: { 'content-type': 'text/xml; charset=utf-8', accept: 'text/xml, application/xml;q=0.9' },
    holds: '<string>deux&#13;\nlignes &amp; &lt;fin&gt; ]]&gt; "é"\u{1f3e0}</string>',
    yes: [
      '<methodResponse><params><param><value><int>42</int></value></param></params></methodResponse>',
      'text/xml',
      200,
    ],
    no: [
      '<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>2</int></value></member></struct></value></fault></methodResponse>',
      'text/xml',
      200,
    ],
  },
  {
    name: 'SOAP 1.1',
    made: mapping(
      'lead.note',
      'lead.optin',
      'soap: {action: "urn:add"}\nxml: {record: lead}',
      'xpath: {//AddResult: OK}',
    ),
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:add"' },
    holds: 'deux&#13;\nlignes &amp; &lt;fin&gt; ]]&gt; "é"\u{1f3e0}</note>',
    yes: [
      '<s:Envelope xmlns:s="urn:s"><s:Body><AddResult>OK</AddResult></s:Body></s:Envelope>',
      'text/xml',
      200,
    ],
    no: [
      '<s:Envelope xmlns:s="urn:s"><s:Body><s:Fault><faultcode>s:Server</faultcode></s:Fault></s:Body></s:Envelope>',
      'text/xml',
      500,
    ],
  },
] as const;

type Said = readonly [text: string, type: string, status: number];

describe.each(protocols)('$name', ({ made, headers, holds, ...answers }) => {
  const yes: Said = answers.yes;
  const no: Said = answers.no;

  test('arrives as the protocol asks, and what a prospect wrote stays what it is', async () => {
    answerWith(...yes);
    expect((await sendOnce(made, odd)).kind).toBe('accepted');
    expect(only().headers).toMatchObject(headers);
    expect(only().body.toString('utf8')).toContain(holds);
  });

  test('a fault is read by its rule, and is nothing that was delivered', async () => {
    answerWith(...no);
    expect((await sendOnce(made, odd)).kind).toBe('invalid');
  });

  test('a second attempt sends the same bytes', async () => {
    answerWith(...yes);
    await sendOnce(made, odd);
    await sendOnce(made, odd);
    const [first, second] = recipient.received;
    expect(second?.body).toEqual(first?.body);
    expect(second?.headers['content-type']).toBe(first?.headers['content-type']);
  });
});

test('multipart: each part arrives as it was written, under the same boundary at every attempt', async () => {
  const made = compiled(mappingOf('- {to: note, from: comment}', 'multipart: {}'));
  answerWith('{"ok":true,"id":7}', 'application/json', 201);
  expect(await sendOnce(made, odd)).toMatchObject({ kind: 'accepted', reference: '7' });
  await sendOnce(made, odd);
  const [first, second] = recipient.received;
  const form = await new Response(new Uint8Array(only().body), {
    headers: { 'content-type': String(only().headers['content-type']) },
  }).formData();
  expect([...form]).toEqual([
    ['note', odd],
    ['OPTIN', 'O'],
  ]);
  expect(second?.body).toEqual(first?.body);
});

test('a question about a lead has none of the headers of its body', async () => {
  const [, , soap] = protocols;
  answerWith('{}', 'application/json');
  const parcel = singleParcel(soap.made, lead(), situation(), {
    body: {
      bytes: Buffer.from('x'),
      mediaType: 'text/xml',
      extension: 'xml',
      headers: { soapaction: '"urn:add"' },
    },
  });
  const settings = {
    url: `https://localhost:${recipient.port}/in`,
    lookup: { url: `https://localhost:${recipient.port}/in?ref={leadReference}` },
  };
  await webhook.lookup?.(parcel, settings, contextOf({ secrets: {}, target: 'localhost', ca }));
  expect(only().method).toBe('GET');
  expect(only().headers['soapaction']).toBeUndefined();
});
