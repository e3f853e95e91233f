// The trip of one lead, from a committed row to the client's CRM, on real parts.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeAll(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('a committed lead reaches the CRM once, with its opt-in under the client’s own name, and is proved', async () => {
  await gateway.send(leadRow('R-1'));
  await gateway.until(
    'R-1 delivered',
    async () => (await gateway.states("l.reference = 'R-1'"))[0]?.state === 'delivered',
  );
  expect(crm.received).toHaveLength(1);
  expect(JSON.parse(crm.received[0]?.body.toString() ?? '')).toEqual({
    OPTIN: 'OUI',
    ref: 'R-1',
    nom: 'Lefèvre',
    tel: '0639980123',
  });
  const entries = (await gateway.entries()).filter((one) => one.delivery > 0);
  expect(entries.map((one) => one.entry)).toEqual(['departed', 'outcome']);
  expect(entries[0]?.consents).toContain('"field":"OPTIN","value":"OUI"');
  expect(entries[1]).toMatchObject({ outcome: 'accepted' });
});
