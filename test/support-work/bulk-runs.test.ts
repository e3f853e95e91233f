// Bulk runs: each delivery once, whoever works them and whoever dies; refusals counted; cancelled where they stand.
import { readBulkRun, type BulkRow } from '../../src/store/deliveries/bulk-runs.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import {
  cancelRun,
  dropEndedRuns,
  readRun,
  resumeRun,
  workAnyRun,
  workRun,
} from '../../src/support/bulk-runs.ts';
import { workStep } from '../../src/support/bulk-work.ts';
import type { BulkOrder } from '../../src/support/bulk-steps.ts';
import { begunRun, openBulkHome, type BulkHome } from './bulk-home.ts';

let home: BulkHome;
const by = { actor: 'Sophie', reason: 'ticket 12' };
const order = { kind: 'replay', anew: false } as const;
const filter = { destination: 'essai-crm', state: 'failed' } as const;

beforeAll(async () => {
  home = await openBulkHome();
});
afterAll(() => home.gateway.close());

async function begin(ids: readonly number[], asked: BulkOrder = order): Promise<BulkRow> {
  const { database } = home.gateway.app;
  const deliveries = await readDeliveries(database, ids);
  return begunRun(database, { order: asked, by, filter, deliveries });
}
/** As if the process that has the run in work were gone, and its lease over. */
const lapse = (id: number) =>
  home.gateway.owner.run('UPDATE bulk_runs SET lease_until = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
const left = (): Promise<unknown[]> =>
  home.gateway.owner.all("SELECT delivery_id FROM bulk_items WHERE state <> 'done'");

test('a run does each of its deliveries once, and counts what it did', async () => {
  const ids = await home.failed(230, 'ONCE');
  const seen: number[] = [];
  const run = await workRun(home.gateway.app, await begin(ids), ({ done }) => seen.push(done));
  expect(seen).toEqual([100, 200, 230]);
  expect(run).toMatchObject({ state: 'done', counted: 230, done: 230, refused: 0, actor: 'Sophie' });
  expect(run.results).toMatchObject({ new_run_new_key: { count: 230 } });
  expect(JSON.parse(run.filter)).toEqual(filter);
  const replays = await home.replays();
  expect(ids.map((id) => replays.get(id))).toEqual(ids.map(() => 1));
  expect(await left()).toEqual([]);
});

test('what is refused meanwhile is counted by reason, with the numbers of it', async () => {
  const ids = await home.failed(120, 'REFUSED');
  const run = await begin(ids);
  const [first = 0, second = 0, third = 0] = ids;
  await home.gateway.owner.run("UPDATE deliveries SET state = 'queued' WHERE id IN (?, ?)", [first, second]);
  await home.gateway.owner.run(
    'UPDATE leads SET erased_at = UTC_TIMESTAMP(3) WHERE id = (SELECT lead_id FROM deliveries WHERE id = ?)',
    [third],
  );
  const ended = await workRun(home.gateway.app, run);
  expect(ended).toMatchObject({ state: 'done', done: 117, refused: 3 });
  expect(ended.results).toMatchObject({
    on_its_way: { count: 2, ids: [first, second] },
    lead_erased: { count: 1, ids: [third] },
  });
});

test('a delivery that joins the filter after the count is not swept in', async () => {
  const ids = await home.failed(3, 'COUNTED');
  const run = await begin(ids);
  const [later = 0] = await home.failed(1, 'LATER');
  expect(await workRun(home.gateway.app, run)).toMatchObject({ done: 3 });
  expect((await home.replays()).has(later)).toBe(false);
});

describe('a delivery that has moved on since it was counted is left alone', () => {
  test.each([
    ['failed, and replayed by another run since', "state = 'delivered', run = 2"],
    ['failed, and proved to be received since', "state = 'delivered'"],
    ['failed, and waiting in another run', "state = 'waiting', reason = 'retry', run = 2, settled_at = NULL"],
  ])('%s', async (_what, then) => {
    const ids = await home.failed(1, `MOVED-${_what.length}`);
    const run = await begin(ids);
    await home.gateway.owner.run(`UPDATE deliveries SET ${then} WHERE id = ?`, ids);
    const ended = await workRun(home.gateway.app, run);
    expect(ended).toMatchObject({ done: 0, refused: 1, results: { moved_on: { count: 1, ids } } });
    expect((await home.replays()).has(ids[0] ?? 0)).toBe(false);
  });
});

test('of several kinds, each leaves alone what nobody has looked at', async () => {
  const { owner, app } = home.gateway;
  const [closing = 0, ending = 0, deciding = 0] = await home.failed(3, 'KINDS');
  const close = await begin([closing], { kind: 'close', evidence: 'mail' });
  // Replayed and failed anew: of that failure nobody has said that it needs nobody.
  await owner.run('UPDATE deliveries SET run = 2 WHERE id = ?', [closing]);
  await owner.run("UPDATE deliveries SET state = 'waiting', reason = 'retry' WHERE id = ?", [ending]);
  const cancel = await begin([ending], { kind: 'cancel' });
  await owner.run('UPDATE deliveries SET run = 2 WHERE id = ?', [ending]);
  await owner.run(
    "UPDATE deliveries SET state = 'waiting', reason = 'unknown_hold', attempt = 1, departed_attempt = 1, maybe_received = 1, settled_at = NULL WHERE id = ?",
    [deciding],
  );
  const resolve = await begin([deciding], { kind: 'resolve', received: false, evidence: 'mail' });
  await owner.run('UPDATE deliveries SET attempt = 2 WHERE id = ?', [deciding]);
  for (const run of [close, cancel, resolve])
    expect(await workRun(app, run)).toMatchObject({ done: 0, results: { moved_on: { count: 1 } } });
});

test('what was counted by an earlier version, which kept no more than its number, is done as it was', async () => {
  const ids = await home.failed(1, 'EARLIER');
  const run = await begin(ids);
  await home.gateway.owner.run("UPDATE bulk_items SET run = 0, attempt = 0, state = '' WHERE run_id = ?", [
    run.id,
  ]);
  expect(await workRun(home.gateway.app, run)).toMatchObject({ done: 1, refused: 0 });
});

test('two processes at once do each delivery once between them', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(650, 'TWO');
  const run = await begin(ids);
  await lapse(run.id);
  const steps = [0, 0];
  // Either takes the run whenever it is free, as two planners do; who is ahead lets the other have its turn.
  const planner = async (own: 0 | 1): Promise<void> => {
    const isAhead = (): boolean => (steps[own] ?? 0) > (steps[1 - own] ?? 0);
    while ((await readRun(app.database, run.id)).state === 'running')
      if (!isAhead() && (await workAnyRun(app))) steps[own] = (steps[own] ?? 0) + 1;
  };
  await Promise.all([planner(0), planner(1)]);
  expect(steps.every((count) => count > 0)).toBe(true);
  const replays = await home.replays();
  expect(ids.filter((id) => replays.get(id) !== 1)).toEqual([]);
  expect(await readRun(app.database, run.id)).toMatchObject({ state: 'done', done: 650, refused: 0 });
});

test('who lost its lease does nothing more, and follows the process that has it now', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(150, 'LOST');
  const stale = await begin(ids);
  await lapse(stale.id);
  const fresh = await resumeRun(app.database, stale.id);
  expect(fresh.leaseToken).toBe(stale.leaseToken + 1);
  expect(await workStep(app, stale)).toBeUndefined();
  expect(await readBulkRun(app.database, stale.id)).toMatchObject({ done: 0, state: 'running' });
  const [followed, worked] = await Promise.all([workRun(app, stale), workRun(app, fresh)]);
  expect([followed.done, worked.done]).toEqual([150, 150]);
});

test('a cancelled run stops between two steps; what it did stays done, and it is over', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(250, 'STOP');
  const run = await begin(ids);
  await workStep(app, run);
  const cancelled = await cancelRun(app.database, run.id, { actor: 'Paul', reason: 'wrong destination' });
  expect(cancelled).toMatchObject({ state: 'cancelled', done: 100, cancelledBy: 'Paul' });
  expect(await workRun(app, run)).toMatchObject({ state: 'cancelled', done: 100 });
  await lapse(run.id);
  expect(await workAnyRun(app)).toBe(false);
  const replays = await home.replays();
  expect(ids.filter((id) => replays.has(id))).toEqual(ids.slice(0, 100));
  expect(await left()).toEqual([]);
  await expect(cancelRun(app.database, run.id, by)).rejects.toMatchObject({ code: 'BULK-001' });
  await expect(cancelRun(app.database, 9_999, by)).rejects.toMatchObject({ code: 'FIND-001' });
});

test('a run that cannot go on keeps no other from its turn', async () => {
  const { app } = home.gateway;
  const broken = await begin(await home.failed(2, 'BROKEN'));
  await home.gateway.owner.run("UPDATE bulk_runs SET options = 'not JSON' WHERE id = ?", [broken.id]);
  const sound = await begin(await home.failed(2, 'SOUND'));
  await lapse(broken.id);
  await lapse(sound.id);
  await expect(workAnyRun(app)).rejects.toThrow();
  expect(await workAnyRun(app)).toBe(true);
  expect(await readRun(app.database, sound.id)).toMatchObject({ state: 'done', done: 2 });
  expect(await readRun(app.database, broken.id)).toMatchObject({ state: 'running', done: 0 });
  await cancelRun(app.database, broken.id, by);
});

describe('a run whose steps fail again and again', () => {
  const open = () =>
    home.gateway.owner.all("SELECT reason FROM alerts WHERE kind = 'bulk_stuck' AND closed_at IS NULL");
  const stuck = async (prefix: string, times: number): Promise<BulkRow> => {
    const run = await begin(await home.failed(2, prefix));
    await home.gateway.owner.run("UPDATE bulk_runs SET options = 'not JSON' WHERE id = ?", [run.id]);
    for (let time = 0; time < times; time += 1) {
      await lapse(run.id);
      await expect(workAnyRun(home.gateway.app)).rejects.toThrow();
    }
    return run;
  };

  test('is told of once, as a task that ends when it goes on', async () => {
    const run = await stuck('STUCK', 2);
    expect(await open()).toEqual([]);
    for (const _ of ['third', 'fourth']) {
      await lapse(run.id);
      await expect(workAnyRun(home.gateway.app)).rejects.toThrow();
    }
    expect(await open()).toEqual([{ reason: `BULK_RUN_${run.id}:SyntaxError` }]);
    expect(await readRun(home.gateway.app.database, run.id)).toMatchObject({
      ...{ state: 'running', failures: 4, failure: 'SyntaxError' },
    });
    await home.gateway.owner.run("UPDATE bulk_runs SET options = '{}' WHERE id = ?", [run.id]);
    await lapse(run.id);
    expect(await workAnyRun(home.gateway.app)).toBe(true);
    expect(await readRun(home.gateway.app.database, run.id)).toMatchObject({ done: 2, failures: 0 });
    expect(await open()).toEqual([]);
  });

  test('needs nobody once it is cancelled', async () => {
    const run = await stuck('GIVEN-UP', 3);
    expect(await open()).toHaveLength(1);
    await cancelRun(home.gateway.app.database, run.id, by);
    expect(await open()).toEqual([]);
  });
});

test('runs that ended long ago are removed; those in work are kept whatever their age', async () => {
  const { owner, app } = home.gateway;
  const [old, recent, running] = [await begin([]), await begin([]), await begin([])];
  for (const run of [old, recent]) await workRun(app, run);
  await owner.run('UPDATE bulk_runs SET created_at = TIMESTAMPADD(DAY, -900, created_at)');
  await owner.run('UPDATE bulk_runs SET ended_at = TIMESTAMPADD(DAY, -401, ended_at) WHERE id = ?', [old.id]);
  await owner.run('UPDATE bulk_runs SET ended_at = TIMESTAMPADD(DAY, -399, ended_at) WHERE id = ?', [
    recent.id,
  ]);
  await dropEndedRuns(app.database);
  expect(await readBulkRun(app.database, old.id)).toBeUndefined();
  for (const run of [recent, running]) expect(await readBulkRun(app.database, run.id)).toBeDefined();
  await cancelRun(app.database, running.id, by);
});
