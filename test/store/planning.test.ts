// What waits for another delivery, what a backfill may hold up, and what replays may.
import { takeDue } from '../../src/store/deliveries/due-work.ts';
import type { Sql } from '../../src/store/database.ts';
import { startOfPlanning, takeChanges } from '../../src/store/leads/lead-changes.ts';
import { wakeSiblings } from '../../src/store/leads/restrictions.ts';
import { bringForward } from '../../src/store/deliveries/delivery-settlements.ts';
import { addBackfill } from '../../src/store/deliveries/support-writes.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
beforeEach(async () => {
  await home.owner.run('DELETE FROM deliveries');
  await home.owner.run('DELETE FROM lead_changes');
});
afterAll(() => home.close());

describe('what waited for a create', () => {
  const waiting = (lead: number, revision: number, more: object = {}): Promise<number> =>
    home.delivery(lead, {
      revision,
      action: 'update',
      state: 'waiting',
      reason: 'waits_for_create',
      ...more,
    });

  test('moves when it has ended: its own lead and destination only, and only what waited for that', async () => {
    const mine = await waiting(1, 2);
    const unsettled = await waiting(1, 3, { state: 'withheld', reason: 'create_unsettled' });
    const retry = await waiting(1, 4, { reason: 'retry' });
    const other = await waiting(2, 2);
    const elsewhere = await waiting(1, 5, { destination_id: 'essai-mail' });
    await wakeSiblings(home.gateway, [{ leadId: 1, destinationId: 'essai-crm' }]);
    const state = async (id: number): Promise<unknown> => (await home.row(id))['state'];
    expect(await state(mine)).toBe('planned');
    expect(await state(unsettled)).toBe('planned');
    expect(await state(retry)).toBe('waiting');
    expect(await state(other)).toBe('waiting');
    expect(await state(elsewhere)).toBe('waiting');
  });
  test('and was cancelled at that very moment stays cancelled', async () => {
    const id = await waiting(1, 2);
    const crossing: Sql = {
      all: async (sql, values) => {
        const rows = await home.gateway.all<never>(sql, values);
        await home.owner.run(
          "UPDATE deliveries SET state = 'cancelled', reason = 'by_support' WHERE id = ?",
          [id],
        );
        return rows;
      },
      run: (sql, values) => home.gateway.run(sql, values),
      now: home.gateway.now,
    };
    await wakeSiblings(crossing, [{ leadId: 1, destinationId: 'essai-crm' }]);
    expect(await home.row(id)).toMatchObject({ state: 'cancelled', reason: 'by_support' });
  });
});

test('a waiting delivery is brought forward once a run, and only while it waits for its next try', async () => {
  const later = new Date(Date.now() + 3_600_000);
  const at = { state: 'waiting', reason: 'retry:HTTP_503', due_at: later };
  const [mine, held, filed] = [
    await home.delivery(1, at),
    await home.delivery(2, { ...at, reason: 'throttled:RATE' }),
    await home.delivery(3, { ...at, batch_id: 7 }),
  ];
  const isDue = async (id: number): Promise<boolean> =>
    (await home.owner.all('SELECT 1 FROM deliveries WHERE id = ? AND due_at <= UTC_TIMESTAMP(3)', [id]))
      .length === 1;
  await home.owner.run(
    'UPDATE deliveries SET due_at = TIMESTAMPADD(SECOND, 5, UTC_TIMESTAMP(3)) WHERE id = ?',
    [mine],
  );
  await bringForward(home.gateway, [mine]);
  // Due in a moment: it keeps its turn for a pause that is worth it.
  expect((await home.row(mine))['forwarded_run']).toBe(0);
  await home.owner.run('UPDATE deliveries SET due_at = ? WHERE id = ?', [later, mine]);
  await bringForward(home.gateway, [mine, held, filed]);
  expect([await isDue(mine), await isDue(held), await isDue(filed)]).toEqual([true, false, false]);
  await home.owner.run('UPDATE deliveries SET due_at = ? WHERE id = ?', [later, mine]);
  await bringForward(home.gateway, [mine]);
  expect(await isDue(mine)).toBe(false);
  await home.owner.run('UPDATE deliveries SET run = run + 1 WHERE id = ?', [mine]);
  await bringForward(home.gateway, [mine]);
  expect(await isDue(mine)).toBe(true);
});

describe('fresh leads', () => {
  test('are planned before a backfill that was asked for earlier', async () => {
    const old = await home.lead('B-1');
    await home.gateway.transaction((tx) =>
      addBackfill(
        tx,
        {
          clientId: 'essai',
          destinationId: 'essai-crm',
          since: new Date(0),
          after: 0,
          limit: 100,
        },
        { without: [] },
      ),
    );
    const fresh = await home.lead('B-2');
    await home.gateway.run(
      "INSERT INTO lead_changes (client_id, lead_id, revision, kind) VALUES ('essai', ?, 1, 'created')",
      [fresh],
    );
    const taken = await home.gateway.transaction((tx) => takeChanges(tx, 10, startOfPlanning()));
    expect(taken.map((one) => [one.leadId, one.kind])).toEqual([
      [fresh, 'created'],
      [old, 'backfill:essai-crm'],
    ]);
  });
  test('leave replays a reserve: with more fresh leads than room, two replays go all the same', async () => {
    const at = new Date('2026-10-01T10:00:00Z');
    const replays: number[] = [];
    for (let lead = 1; lead <= 4; lead += 1)
      replays.push(await home.delivery(lead, { priority: 1, run: 2, due_at: at }));
    const fresh: number[] = [];
    for (let lead = 11; lead <= 30; lead += 1) fresh.push(await home.delivery(lead, { due_at: at }));
    const taken = await home.gateway.transaction((tx) =>
      takeDue(tx, 'essai-crm', 5, { replays: 20, reserved: 2 }),
    );
    expect(taken.map((one) => one.deliveryId)).toEqual([...replays.slice(0, 2), ...fresh.slice(0, 3)]);
  });
});
