// Regressions of a review: a file too big for one statement, a job twice in one claim, a person arriving after the erasure.
import { claimDeliveries } from '../../src/delivery/attempt/claim.ts';
import { currentConsent } from '../../src/domain/consent.ts';
import { readLeads } from '../../src/store/leads.ts';
import { markSettled } from '../../src/store/delivery-settlements.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

test('five thousand rows with mixed decisions settle in one transaction', async () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => ({
    ...{ id: 1_000_000 + index, state: index % 2 === 0 ? ('delivered' as const) : ('withheld' as const) },
    ...{ reason: index % 2 === 0 ? 'accepted' : 'opt_in_missing', afterMs: index, spend: index % 3 === 0 },
    ...{
      maybeReceived: index % 2 === 0,
      askFirst: index % 5 === 0,
      reference: `R-${index}`,
      leaveBatch: index % 7 === 0,
    },
  }));
  await gateway.app.database.transaction((tx) => markSettled(tx, rows));
});

test('a job that stands twice in one claim is claimed once', async () => {
  await gateway.send(leadRow('T-1'));
  await gateway.start('planner');
  await gateway.until('queued', async () => (await gateway.states())[0]?.state === 'queued');
  const [row] = await gateway.states();
  const job = { deliveryId: row?.id ?? 0, run: 1, attempt: 1 };
  const settings = { leaseMs: 5_000, owner: 'test', limits: { concurrency: 8 } };
  const claim = await gateway.app.database.transaction((tx) =>
    claimDeliveries(tx, 'essai-crm', [job, job], settings),
  );
  expect(claim.claimed.map((one) => one.id)).toEqual([job.deliveryId]);
});

test('a withdrawal beats a grant stamped ahead of our clock', async () => {
  const ahead = new Date(Date.now() + 240_000).toISOString();
  const consents = JSON.stringify([
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: ahead },
  ]);
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
