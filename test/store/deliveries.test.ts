// How due rows are taken, who holds a lease and may settle, and that each of many settled at once gets its own values.
import { takeDue } from '../../src/store/deliveries/due-work.ts';
import { lockLeased, markSending, renewLeases } from '../../src/store/deliveries/leases.ts';
import { markSettled, type Settlement } from '../../src/store/deliveries/delivery-settlements.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
beforeEach(() => home.owner.run('DELETE FROM deliveries'));
afterAll(() => home.close());

describe('taking what is due', () => {
  const at = (second: number): Date => new Date(Date.UTC(2026, 9, 1, 10, 0, second));
  const take = async (limit: number, replays: number): Promise<number[]> =>
    (await home.gateway.transaction((tx) => takeDue(tx, 'essai-crm', limit, { replays, reserved: 0 }))).map(
      (one) => one.deliveryId,
    );

  test('fresh leads come before replayed ones, however old those are; oldest first among equals', async () => {
    const replayed = await home.delivery(1, { priority: 1, due_at: at(0) });
    const late = await home.delivery(2, { due_at: at(30) });
    const early = await home.delivery(3, { due_at: at(20) });
    const retry = await home.delivery(4, { due_at: at(40), state: 'waiting', reason: 'retry' });
    await expect(take(10, 10)).resolves.toEqual([retry, early, late, replayed]);
    expect(await home.row(retry)).toMatchObject({ state: 'queued', reason: '' });
  });
  test('a backlog of replays never takes the whole window', async () => {
    for (let lead = 1; lead <= 8; lead += 1) await home.delivery(lead, { priority: 1, due_at: at(lead) });
    const fresh = await home.delivery(9, { due_at: at(50) });
    const taken = await take(5, 2);
    expect(taken).toHaveLength(3);
    expect(taken[0]).toBe(fresh);
    await expect(take(5, 0)).resolves.toEqual([]);
  });
  test('nothing that is not due, not here, in a file, or in another state', async () => {
    await home.delivery(1, { due_at: new Date('2098-01-01T00:00:00Z') });
    await home.delivery(2, { destination_id: 'essai-mail' });
    await home.delivery(3, { batch_id: 7 });
    for (const [index, state] of [
      'queued',
      'sending',
      'withheld',
      'pending',
      'delivered',
      'failed',
      'cancelled',
    ].entries())
      await home.delivery(10 + index, { state });
    await expect(take(50, 50)).resolves.toEqual([]);
  });
  test('two dispatchers at once never take the same row', async () => {
    for (let lead = 1; lead <= 40; lead += 1) await home.delivery(lead);
    const both = await Promise.all([take(30, 0), take(30, 0)]);
    const all = both.flat();
    expect(new Set(all).size).toBe(all.length);
    all.push(...(await take(30, 0)));
    expect(all).toHaveLength(40);
  });
});

describe('the lease and its fencing token', () => {
  const sending = async (lead: number, leaseMs = 60_000): Promise<number> => {
    const id = await home.delivery(lead, { state: 'queued' });
    await markSending(home.gateway, [id], { step: 1, owner: 'w1', leaseMs });
    return id;
  };
  const ours = async (id: number, token: number): Promise<boolean> =>
    (await home.gateway.transaction((tx) => lockLeased(tx, [{ id, token }])))(id, token);

  test('a claim counts one attempt, takes the next token, and its holder is known by it', async () => {
    const id = await sending(1);
    expect(await home.row(id)).toMatchObject({
      state: 'sending',
      attempt: 1,
      lease_token: 1,
      lease_owner: 'w1',
    });
    await expect(ours(id, 1)).resolves.toBe(true);
    await expect(ours(id, 0)).resolves.toBe(false);
    await expect(ours(id, 2)).resolves.toBe(false);
  });
  test('a worker that stalled and was overtaken is fenced out, though the row is being sent again', async () => {
    const id = await sending(1);
    await home.owner.run("UPDATE deliveries SET state = 'queued' WHERE id = ?", [id]);
    await markSending(home.gateway, [id], { step: 1, owner: 'w2', leaseMs: 60_000 });
    await expect(ours(id, 1)).resolves.toBe(false);
    await expect(ours(id, 2)).resolves.toBe(true);
    await expect(renewLeases(home.gateway, [{ id, token: 1 }], 60_000)).resolves.toBe(false);
  });
  test('a lease that ran out is nobody’s, and cannot be renewed back to life', async () => {
    const id = await sending(1, -1_000);
    await expect(ours(id, 1)).resolves.toBe(false);
    await expect(renewLeases(home.gateway, [{ id, token: 1 }], 60_000)).resolves.toBe(false);
  });
  test('a row that has been settled is nobody’s', async () => {
    const id = await sending(1);
    await home.owner.run("UPDATE deliveries SET state = 'delivered' WHERE id = ?", [id]);
    await expect(ours(id, 1)).resolves.toBe(false);
  });
  test('of many leases each is judged for itself', async () => {
    const ids = [await sending(1), await sending(2, -1_000), await sending(3)];
    const leases = ids.map((id, index) => ({ id, token: index === 2 ? 9 : 1 }));
    const holds = await home.gateway.transaction((tx) => lockLeased(tx, leases));
    expect(leases.filter(({ id, token }) => holds(id, token))).toEqual([leases[0]]);
  });
  test('a worker that overtook itself names a row twice: the newer lease holds, the older does not', async () => {
    const id = await sending(1);
    await home.owner.run("UPDATE deliveries SET state = 'queued' WHERE id = ?", [id]);
    await markSending(home.gateway, [id], { step: 1, owner: 'w1', leaseMs: 60_000 });
    const both = [
      { id, token: 1 },
      { id, token: 2 },
    ];
    for (const leases of [both, both.toReversed()]) {
      const holds = await home.gateway.transaction((tx) => lockLeased(tx, leases));
      expect([holds(id, 1), holds(id, 2)]).toEqual([false, true]);
    }
  });
});

describe('settling many at once', () => {
  const base: Omit<Settlement, 'id'> = {
    ...{
      state: 'delivered',
      reason: 'accepted',
      afterMs: 0,
      spend: true,
      maybeReceived: true,
      askFirst: false,
    },
    leaveBatch: true,
  };
  test('each row gets its own values, whatever its neighbours get', async () => {
    const ids: number[] = [];
    for (let lead = 1; lead <= 5; lead += 1)
      ids.push(
        await home.delivery(lead, { state: 'sending', batch_id: 4, spent: lead, recipient_reference: 'OLD' }),
      );
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = ids;
    await markSettled(home.gateway, [
      { ...base, id: a, reference: 'CRM-1' },
      {
        ...base,
        id: b,
        state: 'waiting',
        reason: 'retry:HTTP_503',
        afterMs: 3_600_000,
        spend: false,
        maybeReceived: false,
        leaveBatch: false,
      },
      { ...base, id: c, state: 'failed', reason: 'refused:NO' },
      {
        ...base,
        id: d,
        state: 'pending',
        reason: 'recipient_decides',
        spend: false,
        askFirst: true,
        afterMs: 60_000,
        leaveBatch: false,
      },
      { ...base, id: e, state: 'withheld', reason: 'opt_in_missing', spend: false, maybeReceived: false },
    ]);
    const rows = await home.owner.all(
      `SELECT state, reason, spent, maybe_received AS received, ask_first AS ask, recipient_reference AS ref, batch_id AS batch,
              settled_at IS NOT NULL AS ended, pending_since IS NOT NULL AS decides, lease_until AS lease,
              TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(3), TIMESTAMPADD(SECOND, 30, due_at)) AS minutes FROM deliveries ORDER BY id`,
    );
    const row = (state: string, reason: string, more: object): object => ({
      ...{
        state,
        reason,
        received: 1,
        ask: 0,
        ref: 'OLD',
        batch: 0,
        ended: 0,
        decides: 0,
        lease: null,
        minutes: 0,
      },
      ...more,
    });
    expect(rows).toEqual([
      row('delivered', 'accepted', { spent: 2, ref: 'CRM-1', ended: 1 }),
      row('waiting', 'retry:HTTP_503', { spent: 2, received: 0, batch: 4, minutes: 60 }),
      row('failed', 'refused:NO', { spent: 4, ended: 1 }),
      row('pending', 'recipient_decides', { spent: 4, ask: 1, batch: 4, decides: 1, minutes: 1 }),
      row('withheld', 'opt_in_missing', { spent: 5, received: 0 }),
    ]);
  });
  test('the moment a decision began to be awaited stays, however often it is asked for', async () => {
    const since = new Date('2026-10-01T10:00:00Z');
    const id = await home.delivery(1, { state: 'sending', pending_since: since });
    await markSettled(home.gateway, [{ ...base, id, state: 'pending', reason: 'recipient_decides' }]);
    expect(await home.row(id)).toMatchObject({ pending_since: since, settled_at: null });
  });
  test('a reason longer than its column is cut, not refused', async () => {
    const id = await home.delivery(1, { state: 'sending' });
    await markSettled(home.gateway, [{ ...base, id, reason: `refused:${'X'.repeat(100)}` }]);
    expect(String((await home.row(id))['reason'])).toHaveLength(80);
  });
});
