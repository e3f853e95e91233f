// A delivery that breaks whatever step of a bulk run it is in: it is refused with a reason, and its neighbours are done.
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import type { BulkRow } from '../../src/store/deliveries/bulk-runs.ts';
import { readRun, workAnyRun, workRun } from '../../src/support/bulk-runs.ts';
import { begunRun, openBulkHome, type BulkHome } from './bulk-home.ts';

let home: BulkHome;

beforeAll(async () => {
  home = await openBulkHome();
});
afterAll(() => home.gateway.close());
afterEach(async () => {
  await home.gateway.owner.text('DROP TRIGGER IF EXISTS poison');
  await home.gateway.owner.run('DELETE FROM alerts');
});

async function begin(ids: readonly number[]): Promise<BulkRow> {
  const { database } = home.gateway.app;
  const run = await begunRun(database, {
    order: { kind: 'replay', anew: false },
    by: { actor: 'Sophie', reason: 'ticket 12' },
    filter: { destination: 'essai-crm', state: 'failed' },
    deliveries: await readDeliveries(database, ids),
  });
  await lapse(run);
  return run;
}
const lapse = ({ id }: Pick<BulkRow, 'id'>) =>
  home.gateway.owner.run('UPDATE bulk_runs SET lease_until = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
/** Every change of these deliveries fails from now on. */
const poison = (where: string): Promise<void> =>
  home.gateway.owner.text(
    `CREATE TRIGGER poison BEFORE UPDATE ON deliveries FOR EACH ROW IF ${where} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
const alerts = (): Promise<unknown[]> =>
  home.gateway.owner.all('SELECT kind, delivery_id AS delivery, reason FROM alerts ORDER BY id');

test('one of 130 that always breaks is refused as broken, told of, and the others are done', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(130, 'POISON');
  const [, , third = 0] = ids;
  await poison(`NEW.id = ${third}`);
  const run = await begin(ids);
  while ((await readRun(app.database, run.id)).state === 'running') {
    await lapse(run);
    await workAnyRun(app);
  }
  const ended = await readRun(app.database, run.id);
  expect(ended).toMatchObject({ state: 'done', done: 129, refused: 1, failures: 0 });
  expect(ended.results).toMatchObject({ broken: { count: 1, ids: [third] } });
  const replays = await home.replays();
  expect(ids.filter((id) => replays.get(id) === 1)).toHaveLength(129);
  expect(await alerts()).toEqual([
    { kind: 'internal_error', delivery: third, reason: `BULK_RUN_${run.id}:SQL_1644` },
  ]);
});

test('a command does the same as a planner', async () => {
  const ids = await home.failed(3, 'COMMAND');
  await poison(`NEW.id = ${ids[0]}`);
  const { app } = home.gateway;
  const run = await begunRun(app.database, {
    order: { kind: 'replay', anew: false },
    by: { actor: 'Sophie', reason: 'ticket 12' },
    filter: { deliveries: ids.map(String) },
    deliveries: await readDeliveries(app.database, ids),
  });
  expect(await workRun(app, run)).toMatchObject({
    ...{ state: 'done', done: 2, refused: 1 },
    results: { broken: { count: 1, ids: [ids[0]] } },
  });
});

test('where nothing passes it is nobody’s fault: the run waits, with its alert, and goes on when it is repaired', async () => {
  const { app, owner } = home.gateway;
  const ids = await home.failed(20, 'ALL');
  await poison('TRUE');
  const run = await begin(ids);
  for (let times = 0; times < 4; times += 1) {
    await lapse(run);
    await expect(workAnyRun(app)).rejects.toThrow();
  }
  expect(await readRun(app.database, run.id)).toMatchObject({ state: 'running', done: 0, refused: 0 });
  expect(await alerts()).toMatchObject([{ kind: 'bulk_stuck' }]);
  await owner.text('DROP TRIGGER poison');
  await lapse(run);
  expect(await workAnyRun(app)).toBe(true);
  expect(await readRun(app.database, run.id)).toMatchObject({ state: 'done', done: 20, refused: 0 });
});

test('the only one of a run is refused the third time, not the first', async () => {
  const { app } = home.gateway;
  const ids = await home.failed(1, 'ONLY');
  await poison('TRUE');
  const run = await begin(ids);
  for (let times = 0; times < 2; times += 1) {
    await lapse(run);
    await expect(workAnyRun(app)).rejects.toThrow();
  }
  while ((await readRun(app.database, run.id)).state === 'running') {
    await lapse(run);
    await workAnyRun(app);
  }
  expect(await readRun(app.database, run.id)).toMatchObject({ state: 'done', done: 0, refused: 1 });
  expect(await alerts()).toMatchObject([{ kind: 'internal_error', delivery: ids[0] }]);
});

test('a lead that always breaks a backfill is refused as broken, told of, and the others are handed to the planner', async () => {
  const { app, owner } = home.gateway;
  await owner.run(
    `INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind)
     VALUES ${names(40)
       .map(() => "('essai', ?, 'web_form', UTC_TIMESTAMP(3), 'recurring')")
       .join(', ')}`,
    names(40),
  );
  const [third] = await owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'BACK-3'");
  await owner.text(
    `CREATE TRIGGER poison BEFORE INSERT ON lead_changes FOR EACH ROW
       IF NEW.lead_id = ${third?.id} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
  const run = await begunRun(app.database, {
    order: { kind: 'backfill', destinationId: 'essai-crm', since: new Date(0) },
    by: { actor: 'Sophie', reason: 'ticket 12' },
    filter: { destination: 'essai-crm' },
    deliveries: [],
    counted: 40,
  });
  while ((await readRun(app.database, run.id)).state === 'running') {
    await lapse(run);
    await workAnyRun(app);
  }
  const ended = await readRun(app.database, run.id);
  expect(ended).toMatchObject({ state: 'done', done: 39, refused: 1 });
  expect(ended.results).toMatchObject({ handed_over: { count: 39 }, broken: { count: 1 } });
  const planned = await owner.all<{ lead: number }>(
    "SELECT lead_id AS `lead` FROM lead_changes WHERE kind = 'backfill:essai-crm'",
  );
  expect(planned).toHaveLength(39);
  expect(await alerts()).toEqual([
    { kind: 'internal_error', delivery: 0, reason: `BULK_RUN_${run.id}:SQL_1644` },
  ]);
});
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `BACK-${n}`);
