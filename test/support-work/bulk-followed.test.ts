// What has become of what a bulk run did: counted and listed by the run's own list, as long as that is kept.
import { reachOf } from '../../src/access/permissions.ts';
import { dissolve } from '../../src/store/retention/gone-leads.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import type { DeliveryFilter } from '../../src/domain/delivery-filter.ts';
import { eachDelivery } from '../../src/store/deliveries/delivery-lists.ts';
import type { BulkRow } from '../../src/store/deliveries/bulk-runs.ts';
import { planBulk } from '../../src/support/acts/bulk.ts';
import { cancelRun, dropEndedRuns, workRun } from '../../src/support/bulk-runs.ts';
import { workStep } from '../../src/support/bulk-work.ts';
import { bulkFollowed } from '../../src/support/reads/bulk-runs.ts';
import { countOfFilter, deliveriesPage } from '../../src/support/reads/deliveries.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { begunRun, openBulkHome, type BulkHome } from './bulk-home.ts';

let home: BulkHome;
beforeAll(async () => {
  home = await openBulkHome();
});
afterAll(() => home.gateway.close());

const by = { actor: 'account:1', reason: 'ticket 12' };
async function begin(ids: readonly number[]): Promise<BulkRow> {
  const { database } = home.gateway.app;
  return begunRun(database, {
    ...{ order: { kind: 'replay', anew: false }, by, filter: { destination: 'essai-crm' } },
    deliveries: await readDeliveries(database, ids),
  });
}
const settle = (ids: readonly number[], state: string): Promise<unknown> =>
  home.gateway.owner.run(`UPDATE deliveries SET state = ? WHERE id IN (${ids.map(() => '?').join(', ')})`, [
    state,
    ...ids,
  ]);
const listed = async (filter: DeliveryFilter, limit: number): Promise<readonly number[]> => {
  const ids: number[] = [];
  for (let after: number | undefined; ;) {
    const page = await deliveriesPage(home.gateway.app, wholeCentre, filter, {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    ids.push(...page.items.map(({ id }) => id));
    if (page.next === undefined) return ids;
    after = page.next;
  }
};

test('what a run did is counted by its state by now, and listed page by page; what it refused is not among it', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(130, 'FOLLOWED');
  const outside = await home.failed(3, 'OUTSIDE');
  const run = await begin(ids);
  await settle(ids.slice(0, 1), 'queued');
  expect(await workRun(app, run)).toMatchObject({ state: 'done', done: 129, refused: 1 });
  await settle(ids.slice(1, 4), 'delivered');
  await settle(ids.slice(4, 6), 'failed');
  expect(await bulkFollowed(app, run)).toEqual({
    states: [
      { state: 'planned', count: 124 },
      { state: 'delivered', count: 3 },
      { state: 'failed', count: 2 },
    ],
    known: 129,
  });
  const bulkRun = run.id;
  expect(await listed({ bulkRun }, 50)).toEqual(ids.slice(1).toReversed());
  expect(await listed({ bulkRun, state: 'planned' }, 60)).toEqual(ids.slice(6).toReversed());
  expect(await listed({ bulkRun, state: 'failed' }, 50)).toEqual(ids.slice(4, 6).toReversed());
  expect(await listed({ bulkRun, state: 'failed', lead: 'FOLLOWED-5' }, 50)).toEqual(ids.slice(5, 6));
  expect(await listed({ bulkRun, lead: 'OUTSIDE-1' }, 50)).toEqual([]);
  expect(await listed({ state: 'failed', lead: 'OUTSIDE-1' }, 50)).toEqual(outside.slice(1, 2));
  expect(await countOfFilter(app, wholeCentre, { bulkRun })).toEqual({ count: 129, isMore: false });
  const pages: number[] = [];
  for await (const page of eachDelivery(app.database, { bulkRun })) pages.push(...page.map(({ id }) => id));
  expect(pages).toEqual(ids.slice(1));
  const plan = await planBulk(app, wholeCentre, { kind: 'replay', filter: { bulkRun, state: 'failed' } });
  expect(plan).toMatchObject({ matched: 2, going: 2, first: ids.slice(4, 6) });
});

test('a run that is another client’s, or that there is none of, is answered as one that does not exist', async () => {
  const { app } = home.gateway;
  const run = await begin(await home.failed(1, 'SCOPE'));
  const asked = (clientId: string | undefined, bulkRun: number): Promise<unknown> =>
    deliveriesPage(app, reachOf(clientId), { bulkRun }, { limit: 50 });
  await expect(asked('essai', run.id)).rejects.toMatchObject({ code: 'FIND-001' });
  await expect(asked(undefined, 999_999)).rejects.toMatchObject({ code: 'FIND-001' });
  await expect(asked(undefined, run.id)).resolves.toMatchObject({ items: [] });
});

test('of a run that was stopped the list has what it did', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(150, 'STOPPED');
  const run = await begin(ids);
  await workStep(app, run);
  await cancelRun(app.database, run.id, by);
  expect(await listed({ bulkRun: run.id }, 200)).toEqual(ids.slice(0, 100).toReversed());
});

test('of a lead that is gone no list names a delivery any more; the others stay', async () => {
  const { app, owner } = home.gateway;
  const ids = await home.failed(3, 'GONE');
  const run = await begin(ids);
  const later = await begin(ids.slice(1));
  await workRun(app, run);
  const [lead] = await owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'GONE-1'");
  await owner.transaction((tx) => dissolve(tx, [lead?.id ?? 0]));
  expect(await listed({ bulkRun: run.id }, 50)).toEqual([ids[2], ids[0]]);
  expect(
    await owner.all(
      'SELECT delivery_id AS id FROM bulk_items WHERE run_id IN (?, ?) ORDER BY run_id, delivery_id',
      [run.id, later.id],
    ),
  ).toEqual([{ id: ids[0] }, { id: ids[2] }, { id: ids[2] }]);
  await cancelRun(app.database, later.id, by);
});

test('the list goes a month after the end of its run, which itself is kept', async () => {
  const { app, owner } = home.gateway;
  const [old, recent] = [
    await begin(await home.failed(2, 'OLD')),
    await begin(await home.failed(2, 'RECENT')),
  ];
  for (const run of [old, recent]) await workRun(app, run);
  const ended = 'UPDATE bulk_runs SET ended_at = TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)) WHERE id = ?';
  await owner.run(ended, [-31, old.id]);
  await owner.run(ended, [-29, recent.id]);
  await dropEndedRuns(app.database);
  expect(await bulkFollowed(app, old)).toEqual({ states: [], known: 0 });
  expect(await bulkFollowed(app, recent)).toMatchObject({ known: 2 });
  expect(await listed({ bulkRun: old.id }, 50)).toEqual([]);
});
