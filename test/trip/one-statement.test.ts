// A withdrawal and a grant whose stamp is ahead of our clock: what was taken back holds.
import { currentConsent } from '../../src/domain/consent.ts';
import { readLeads } from '../../src/store/leads/leads.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

test('a withdrawal beats a grant stamped ahead of our clock', async () => {
  const ahead = new Date(Date.now() + 240_000).toISOString();
  const consents = JSON.stringify([
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: ahead },
  ]);
  await gateway.start('planner');
  await gateway.send(leadRow('W-1', { consents }));
  await gateway.until(
    'taken in',
    async () => (await gateway.owner.all("SELECT 1 FROM leads WHERE reference = 'W-1'")).length === 1,
  );
  const request = { clientId: 'essai', reference: 'W-1', actor: 'tester', reason: 'asked' };
  await gateway.app.rights.withdraw({ ...request, purpose: 'marketing', channels: ['email'] });
  const { database } = gateway.app;
  const [row] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'W-1'");
  const lead = [...(await readLeads(database, [row?.id ?? 0])).values()][0]?.lead;
  expect(currentConsent(lead?.consents ?? [], 'marketing', 'email', database.now())?.state).toBe('withdrawn');
});
