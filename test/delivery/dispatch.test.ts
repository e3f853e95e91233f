// What goes on the belt: replays take a few places and never a probe, and all of what Redis lost is pushed again at once.
import { createDispatcher, type Dispatcher } from '../../src/delivery/dispatch.ts';
import type { Published } from '../../src/delivery/trip/mapping-cache.ts';
import { closedCircuit, type Circuit } from '../../src/domain/breaker.ts';
import { silentLog } from '../../src/log.ts';
import type { Job } from '../../src/queue/jobs.ts';
import type { Producer } from '../../src/queue/producer.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
let pushed: number[] = [];
let epoch: 'kept' | 'lost' = 'kept';
const longAgo = new Date('2026-10-01T10:00:00Z');

beforeAll(async () => {
  home = await openStoreHome();
});
beforeEach(async () => {
  [pushed, epoch] = [[], 'kept'];
  await home.owner.run('DELETE FROM deliveries');
  await home.owner.run('DELETE FROM destination_states');
});
afterAll(() => home.close());

function dispatcherFor(concurrency: number, window = 500): Dispatcher {
  const keep = (_destination: string, jobs: readonly Job[]): Promise<void> => {
    pushed.push(...jobs.flatMap((job) => ('deliveryId' in job ? [job.deliveryId] : [])));
    return Promise.resolve();
  };
  const producer: Producer = {
    push: keep,
    pushAgain: keep,
    hasEntries: () => Promise.resolve(false),
    epochLost: () => Promise.resolve(epoch),
    close: () => Promise.resolve(),
  };
  const published = {
    version: () => Promise.resolve({ limits: { concurrency } }),
  } as unknown as Published;
  return createDispatcher({ database: home.gateway, published, producer, window, log: silentLog });
}
const hold = (circuit: Partial<Circuit>): Promise<unknown> =>
  home.owner.run(
    "REPLACE INTO destination_states (destination_id, client_id, circuit, held) VALUES ('essai-crm', 'essai', ?, 1)",
    [JSON.stringify({ ...closedCircuit, ...circuit })],
  );
const end = (id: number | undefined): Promise<unknown> =>
  home.owner.run("UPDATE deliveries SET state = 'delivered', settled_at = UTC_TIMESTAMP(3) WHERE id = ?", [
    id ?? 0,
  ]);
const replays = (count: number): Promise<number[]> =>
  many(1, count, { priority: 1, run: 2, due_at: longAgo });
async function many(
  from: number,
  count: number,
  columns: Parameters<StoreHome['delivery']>[1],
): Promise<number[]> {
  const ids: number[] = [];
  for (let lead = from; lead < from + count; lead += 1) ids.push(await home.delivery(lead, columns));
  return ids;
}

test.each([
  [1, 1],
  [8, 8],
  [50, 20],
])(
  'a destination that takes %i at once has %i replays on the belt: a fresh lead waits for one round of them',
  async (concurrency, most) => {
    const ids = await replays(30);
    await dispatcherFor(concurrency).dispatch(['essai-crm']);
    expect(pushed).toEqual(ids.slice(0, most));
  },
);

test('of a destination that is held an erasure probes first, and the one whose lead has nothing else to say before', async () => {
  const [poison] = await many(1, 5, { due_at: longAgo, state: 'waiting' });
  const [creation] = await many(11, 1, { due_at: longAgo });
  await many(11, 1, { due_at: longAgo, action: 'erase', revision: 2 });
  const [erasure] = await many(12, 1, { due_at: new Date(), action: 'erase' });
  await hold({ state: 'open', cause: 'unavailable', nextProbeAt: Date.now() - 1_000 });
  await dispatcherFor(8).dispatch(['essai-crm']);
  expect(pushed).toEqual([erasure]);
  await end(erasure);
  await dispatcherFor(8).dispatch(['essai-crm']);
  expect(pushed).toEqual([erasure, poison]);
  await end(poison);
  // It has come back, and takes a few at once: the erasure that waited for its creation leaves before the others.
  await end(creation);
  await hold({ state: 'ramping', allowance: 1 });
  await dispatcherFor(8).dispatch(['essai-crm']);
  expect(pushed).toHaveLength(3);
  expect((await home.owner.all('SELECT action FROM deliveries WHERE id = ?', [pushed[2] ?? 0]))[0]).toEqual({
    action: 'erase',
  });
});

test('of a destination that is held the probe is a fresh lead, though replays have waited longer', async () => {
  const [oldest] = await replays(5);
  const [fresh] = await many(11, 1, { due_at: new Date() });
  await hold({ state: 'open', cause: 'rejection', nextProbeAt: Date.now() - 1_000 });
  await dispatcherFor(8).dispatch(['essai-crm']);
  expect(pushed).toEqual([fresh]);
  await end(fresh);
  // Where nothing fresh waits, a replay will do.
  await dispatcherFor(8).dispatch(['essai-crm']);
  expect(pushed).toEqual([fresh, oldest]);
});

test('a window that was filled a moment ago is filled again once a quarter of it is free; where nothing was pushed, nothing is', async () => {
  const ids = await many(1, 6, { due_at: longAgo });
  const dispatcher = dispatcherFor(8, 4);
  expect(await dispatcher.refill()).toBe(0);
  await dispatcher.dispatch(['essai-crm']);
  expect(pushed).toEqual(ids.slice(0, 4));
  expect(await dispatcher.refill()).toBe(0);
  await home.owner.run("UPDATE deliveries SET state = 'delivered' WHERE id = ?", [ids[0] ?? 0]);
  expect(await dispatcher.refill()).toBe(1);
  expect(pushed).toEqual(ids.slice(0, 5));
});

test('what Redis lost is pushed again at once, however much it was, and each once', async () => {
  await home.owner.text('CREATE TABLE IF NOT EXISTS numbers (n INT NOT NULL PRIMARY KEY)');
  await home.owner.run('INSERT IGNORE INTO numbers VALUES (0)');
  for (let n = 1; n < 4_096; n *= 2)
    await home.owner.run('INSERT IGNORE INTO numbers SELECT n + ? FROM numbers', [n]);
  await home.owner.run(
    `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, queued_at, due_at, expires_at)
     SELECT 'essai', 'essai-crm', n + 1, 1, 'create', CONCAT('key-', n), 'queued', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), '2099-01-01' FROM numbers WHERE n < 2500`,
  );
  const dispatcher = dispatcherFor(8);
  expect(await dispatcher.pushAgain()).toBe(0);
  epoch = 'lost';
  expect(await dispatcher.pushAgain()).toBe(2_500);
  expect(new Set(pushed).size).toBe(2_500);
});
