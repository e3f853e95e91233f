// Fresh creates are queued as they are planned, where nothing speaks against it; everything else waits for its dispatch.
import { createQueueAtOnce } from '../../src/delivery/planning/push-jobs.ts';
import { createPlanner, type Planned } from '../../src/delivery/plan.ts';
import { closedCircuit } from '../../src/domain/breaker.ts';
import { silentLog } from '../../src/log.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import type { Job } from '../../src/queue/jobs.ts';
import type { Producer } from '../../src/queue/producer.ts';
import type { BeginNearby } from '../../src/queue/worker-pool.ts';
import { queuedLongAgo } from '../../src/store/deliveries/queued-long-ago.ts';
import { addChange } from '../../src/store/leads/lead-changes.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
let pushed: Job[] = [];
let fresh: string[] = [];
let number = 0;

beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.run(
    "INSERT INTO destination_states (destination_id, client_id, circuit) VALUES ('essai-crm', 'essai', ?)",
    [JSON.stringify(closedCircuit)],
  );
});
beforeEach(async () => {
  [pushed, fresh] = [[], []];
  await home.owner.run('DELETE FROM deliveries');
  await home.owner.run('DELETE FROM lead_changes');
  await home.owner.run(
    "UPDATE destinations SET mapping_version_id = 1, status = 'active', connector = 'webhook' WHERE id = 'essai-crm'",
  );
  await home.owner.run('UPDATE destination_states SET held = 0');
});
afterAll(() => home.close());

const mapping = {
  accepts: () => ({ yes: true }),
  actions: { create: {}, update: {}, erase: {} },
  updateOn: ['corrected'],
  maxAgeMs: 3_600_000,
  limits: { concurrency: 8 },
} as unknown as CompiledMapping;

/** Plans these changes of new leads in one batch, and pushes as the planner's loop does. */
async function plan(
  kinds: readonly string[],
  { window = 100, version = mapping, away = false, nearby = undefined as BeginNearby | undefined } = {},
): Promise<Planned> {
  const push: Producer['push'] = (_destination, jobs) => {
    if (away) return Promise.reject(new Error('away'));
    pushed.push(...jobs);
    return Promise.resolve();
  };
  const atOnce = createQueueAtOnce({
    producer: { push } as unknown as Producer,
    nearby: { begin: nearby },
    log: silentLog,
    window,
    noteFresh: (id) => void fresh.push(id),
  });
  const planner = createPlanner({
    database: home.gateway,
    published: { version: () => Promise.resolve(version) },
    admit: atOnce.admit,
    log: silentLog,
  });
  for (const kind of kinds) {
    const leadId = await home.lead(`Q-${(number += 1)}`);
    await addChange(home.gateway, { clientId: 'essai', leadId, revision: 1, kind });
  }
  const planned = await planner.planBatch(100);
  await atOnce.push(planned.queued);
  return planned;
}
const states = async (): Promise<readonly string[]> =>
  (await home.owner.all<{ state: string }>('SELECT state FROM deliveries ORDER BY id')).map(
    ({ state }) => state,
  );

test('fresh creates are queued and pushed under their own ids, and no dispatch is asked for', async () => {
  await expect(plan(['created', 'created'])).resolves.toMatchObject({
    taken: 2,
    planned: 2,
    destinations: [],
  });
  const rows = await home.owner.all<{ id: number; state: string; stamped: number }>(
    'SELECT id, state, queued_at IS NOT NULL AS stamped FROM deliveries ORDER BY id',
  );
  expect(rows.map(({ state, stamped }) => [state, stamped])).toEqual([
    ['queued', 1],
    ['queued', 1],
  ]);
  expect(pushed).toEqual(rows.map(({ id }) => ({ deliveryId: id, run: 1, attempt: 1 })));
  expect(fresh).toEqual(['essai-crm']);
});

test('the worker of the same process begins what it has a place for, and the rest goes through Redis', async () => {
  const begun: Job[] = [];
  const nearby: BeginNearby = (_destination, [first, ...rest]) => {
    if (first !== undefined) begun.push(first);
    return rest;
  };
  const { queued } = await plan(['created', 'created'], { nearby });
  expect([...begun, ...pushed]).toEqual(queued.map(({ deliveryId }) => ({ deliveryId, run: 1, attempt: 1 })));
  expect(pushed).toHaveLength(1);
  expect(fresh).toEqual(['essai-crm']);
});

test('half of the window is filled so, and the rest waits for its dispatch', async () => {
  await home.delivery(999_999, { state: 'sending', lease_until: new Date('2099-01-01') });
  const planned = await plan(['created', 'created', 'created'], { window: 5 });
  expect(planned.destinations).toEqual(['essai-crm']);
  expect(pushed).toHaveLength(1);
  expect((await states()).toSorted()).toEqual(['planned', 'planned', 'queued', 'sending']);
});

test.each<[name: string, prepare: () => Promise<unknown>]>([
  ['is suspended', () => home.owner.run("UPDATE destinations SET status = 'suspended'")],
  ['is held', () => home.owner.run('UPDATE destination_states SET held = 1')],
  ['sends files', () => home.owner.run("UPDATE destinations SET connector = 'flow'")],
  ['comes for its leads', () => home.owner.run("UPDATE destinations SET connector = 'pull'")],
  [
    'has older work that is due',
    () => home.delivery(999_998, { state: 'waiting', reason: 'retry:HTTP_503' }),
  ],
  ['has replays that are due', () => home.delivery(999_997, { priority: 1, run: 2 })],
])('nothing is queued so for a destination that %s', async (_name, prepare) => {
  await prepare();
  const planned = await plan(['created']);
  expect(planned.queued).toEqual([]);
  expect(planned.destinations).toEqual(['essai-crm']);
  expect(await states()).toContain('planned');
  expect(pushed).toEqual([]);
});

test('nothing is queued so outside the hours of its destination', async () => {
  const hours = {
    zone: 'Europe/Paris',
    week: [[], [], [], [], [], [], []],
    holidays: undefined,
    rightsWait: false,
  };
  const version = { ...mapping, limits: { concurrency: 8, hours } } as unknown as CompiledMapping;
  await expect(plan(['created'], { version })).resolves.toMatchObject({ planned: 1, queued: [] });
});

test('a backfilled lead waits for its dispatch', async () => {
  const planned = await plan(['backfill:essai-crm']);
  expect(planned).toMatchObject({ planned: 1, queued: [], destinations: ['essai-crm'] });
});

test('what could not be pushed is found again like anything that Redis lost', async () => {
  const planned = await plan(['created'], { away: true });
  expect(pushed).toEqual([]);
  const everywhere = { destinations: [], among: false };
  const found = await queuedLongAgo(home.gateway, new Date('2099-01-01'), 10, everywhere);
  expect(found.map(({ deliveryId }) => deliveryId)).toEqual(
    planned.queued.map(({ deliveryId }) => deliveryId),
  );
  expect(found).toHaveLength(1);
});
