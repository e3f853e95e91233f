// Deliveries of erased leads move to the table of keys, whole or not at all, and are never planned again.
import { archiveDeliveries } from '../../src/delivery/background/archive-erased.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { silentLog } from '../../src/log.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { addChange } from '../../src/store/leads/lead-changes.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
const long = new Date('2026-01-10T10:00:00Z');
const before = new Date('2026-03-01T00:00:00Z');

beforeEach(async () => {
  home = await openStoreHome();
});
afterEach(() => home.close());

const erased = async (reference: string, at = long): Promise<number> => {
  const id = await home.lead(reference);
  await home.owner.run('UPDATE leads SET erased_at = ? WHERE id = ?', [at, id]);
  return id;
};
const settled = { state: 'delivered', settled_at: long };
const left = async (): Promise<readonly number[]> =>
  (
    await home.owner.all<{ lead: number }>(
      'SELECT DISTINCT lead_id AS `lead` FROM deliveries ORDER BY lead_id',
    )
  ).map((row) => row.lead);

test('only erased leads move, once all of it ended long ago and nothing is left to do by hand', async () => {
  const gone = await erased('A-1');
  await home.delivery(gone, settled);
  await home.delivery(gone, { ...settled, action: 'erase', revision: 2 });
  const living = await home.lead('A-2');
  await home.delivery(living, settled);
  const recent = await erased('A-3');
  await home.delivery(recent, { ...settled, settled_at: new Date('2026-03-05T00:00:00Z') });
  const open = await erased('A-4');
  await home.delivery(open, settled);
  await home.delivery(open, { action: 'erase', revision: 2, state: 'waiting' });
  const byHand = await erased('A-5');
  await home.delivery(byHand, settled);
  await home.delivery(byHand, { ...settled, action: 'erase', revision: 2, state: 'failed' });

  // Its erasure has not been planned yet: what it was sent must still be asked back.
  const unplanned = await erased('A-6');
  await home.delivery(unplanned, settled);
  await addChange(home.gateway, { clientId: 'essai', leadId: unplanned, revision: 2, kind: 'erased' });

  await expect(archiveDeliveries(home.gateway, before)).resolves.toBe(2);
  expect(await left()).toEqual([living, recent, open, byHand, unplanned]);
  expect(
    await home.owner.all(
      'SELECT lead_id AS `lead`, revision, action, state FROM delivery_keys ORDER BY revision',
    ),
  ).toEqual([
    { lead: gone, revision: 1, action: 'create', state: 'delivered' },
    { lead: gone, revision: 2, action: 'erase', state: 'delivered' },
  ]);
  await expect(archiveDeliveries(home.gateway, before)).resolves.toBe(0);
});

test('a change that comes late for an archived lead plans nothing a second time', async () => {
  await home.owner.run("UPDATE destinations SET mapping_version_id = 1 WHERE id = 'essai-crm'");
  const mapping = {
    accepts: () => ({ yes: true }),
    actions: { create: {}, update: {}, erase: {} },
    updateOn: ['corrected'],
    maxAgeMs: 3_600_000,
  } as unknown as CompiledMapping;
  const planner = createPlanner({
    database: home.gateway,
    published: { version: () => Promise.resolve(mapping) },
    log: silentLog,
  });
  const [archived, other] = [await erased('B-1'), await erased('B-2')];
  for (const leadId of [archived, other])
    await home.delivery(leadId, { ...settled, departures: 1, sent_revision: 1 });
  await home.owner.run('UPDATE leads SET erased_at = UTC_TIMESTAMP(3) WHERE id = ?', [other]);
  await archiveDeliveries(home.gateway, before);
  expect(await left()).toEqual([other]);
  for (const leadId of [archived, other])
    await addChange(home.gateway, { clientId: 'essai', leadId, revision: 2, kind: 'erased' });
  await planner.planBatch(10);
  // The other one shows that the change would have planned an erasure.
  const rows = await home.owner.all('SELECT lead_id AS `lead`, action FROM deliveries ORDER BY id');
  expect(rows).toEqual([
    { lead: other, action: 'create' },
    { lead: other, action: 'erase' },
  ]);
  expect(await home.owner.all('SELECT id FROM lead_changes')).toEqual([]);
});
