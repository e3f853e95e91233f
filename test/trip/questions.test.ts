// A recipient that is asked by POST what became of a lead: by our reference alone, and nothing is sent twice.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  crm = await startHttpRecipient();
  const base = `http://localhost:${crm.port}`;
  const file = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
  gateway = await openGateway({
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': file
        .replace(
          /^send: .*$/m,
          `send: { url: '${base}/leads', lookup: { url: '${base}/search', headers: { Accept: application/json }, fields: [{ to: 'domain[0][0]', value: ref }, { to: 'domain[0][1]', from: id }] } }\nonUnknown: lookup`,
        )
        .replace(
          /^response:$/m,
          "response:\n  - { accepted: { status: 200, json: { 'found[0].id': { exists: true } } }, on: lookup, reference: '$.found[0].id' }\n  - { absent: { status: 200, json: { 'found[0]': { exists: false } } }, on: lookup }",
        ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'asks' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const at = (url: string) => crm.received.filter((request) => request.url === url);

test('the question is a POST of our reference; what it finds is delivered, with the number it gives', async () => {
  crm.answer = (request, response) => {
    if (request.url === '/search') response.writeHead(200).end('{"found":[{"id":"C-1"}]}');
    else response.destroy();
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.soon('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
  expect(at('/leads')).toHaveLength(1);
  expect(at('/search').map(({ method, body }) => `${method} ${body.toString()}`)).toEqual([
    'POST {"domain":[["ref","L-1"]]}',
  ]);
  expect(at('/search')[0]?.headers['idempotency-key']).toBeUndefined();
  const [row] = await gateway.owner.all<{ reference: string }>(
    'SELECT recipient_reference reference FROM deliveries',
  );
  expect(row?.reference).toBe('C-1');
});
