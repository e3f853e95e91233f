// C22, C24: what a person takes back reaches every recipient of the lead, the second as well as the first.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  const client = files['essai/client.yaml'] ?? '';
  const mapping = files['essai/crm.yaml'] ?? '';
  gateway = await openGateway({
    files: {
      'essai/client.yaml': `${client}${client.slice(client.indexOf('  - {')).replace('Essai CRM, destination: essai-crm', 'Essai Agence, destination: essai-agence')}`,
      'essai/crm.yaml': mapping,
      'essai/agence.yaml': mapping
        .replace('destination: essai-crm', 'destination: essai-agence')
        .replaceAll('/leads', '/agence'),
    },
  });
  for (const destinationId of ['essai-crm', 'essai-agence'])
    await gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('a withdrawal, then an erasure, of two leads: both recipients hear of each', async () => {
  const of = (method: string): readonly string[] =>
    crm.received
      .filter((request) => request.method === method)
      .map(({ url }) => url)
      .toSorted();
  const each = (path: string): readonly string[] => [
    `/agence${path}`,
    `/agence${path}`,
    `/leads${path}`,
    `/leads${path}`,
  ];
  const references = ['W-1', 'W-2'];
  await gateway.send(...references.map((reference) => strangerRow(reference)));
  await gateway.until(
    'four creates',
    async () => (await gateway.states("d.state = 'delivered'")).length === 4,
  );
  expect(of('POST')).toEqual(each(''));
  for (const reference of references)
    await gateway.app.rights.withdraw({
      ...{ clientId: 'essai', reference, actor: 'tester', reason: 'request 7' },
      purpose: 'marketing',
      channels: ['email'],
    });
  await gateway.until(
    'four updates',
    async () => (await gateway.states("d.state = 'delivered'")).length === 8,
  );
  expect(of('PUT')).toEqual(each('/C-1'));
  for (const reference of references)
    await gateway.app.rights.erase({ clientId: 'essai', reference, actor: 'tester', reason: 'request 8' });
  await gateway.until(
    'four erasures',
    async () => (await gateway.states("d.state = 'delivered' AND d.action = 'erase'")).length === 4,
  );
  expect(of('DELETE')).toEqual(each('/C-1'));
});
