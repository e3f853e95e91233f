// C36: what stood between two steps when a client was frozen for its move: a change not planned yet, a bulk run, an answer that comes late.
import { civilDate } from '../../src/domain/civil-date.ts';
import { freezeClient } from '../../src/hosting/leave.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { silentLog } from '../../src/log.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import { readRun, workAnyRun } from '../../src/support/bulk-runs.ts';
import { noteReturned } from '../../src/delivery/background/bounces.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { crossing } from '../store/crossing.ts';
import { begunRun } from '../support-work/bulk-home.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;

beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await recordInstruction(gateway.app.database, {
    ...{ clientId: 'essai', givenOn: '2026-11-20', givenBy: 'la direction', document: 'annexe 4' },
    ...{ covers: ['hosting'], operation: '', recordedBy: 'tester' },
  });
});
afterEach(() => gateway.close());

const freeze = (): Promise<void> =>
  freezeClient(gateway.app.database, {
    ...{ clientId: 'essai', instruction: 1, deleteOn: civilDate(gateway.app.database.now()) },
    ...{ reason: 'annexe 4', actor: 'tester' },
  });
const plan = async (): Promise<void> => {
  const { database, published } = gateway.app;
  const planner = createPlanner({ database, published, log: silentLog });
  while ((await planner.planBatch(100)).taken > 0);
};
const stands = async (): Promise<readonly string[]> =>
  (await gateway.states()).map(({ reference, action, state }) => `${reference} ${action} ${state}`);
const refused = (): Promise<readonly { reason: string }[]> =>
  gateway.owner.all('SELECT reason FROM routing_refusals');
/** Taken in, with its change not planned yet. */
async function takenIn(...references: readonly string[]): Promise<void> {
  await gateway.send(...references.map((reference) => strangerRow(reference)));
  await gateway.app.intake.acceptBatch(1_000);
  await gateway.owner.run('DELETE FROM deliveries');
  await gateway.owner.run(
    "INSERT INTO lead_changes (client_id, lead_id, revision, kind) SELECT client_id, id, revision, 'created' FROM leads WHERE id NOT IN (SELECT lead_id FROM lead_changes)",
  );
}

test('a lead that was not planned yet is owed to its destination all the same', async () => {
  await takenIn('B-1');
  await freeze();
  await plan();
  expect(await refused()).toEqual([]);
  expect(await stands()).toEqual(['B-1 create planned']);
});

test('a correction and a withdrawal that were not planned yet follow what the recipient has', async () => {
  await takenIn('B-2', 'B-3');
  await plan();
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'delivered', departures = 1, attempt = 1, departed_attempt = 1, sent_revision = 1, maybe_received = 1",
  );
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'B-2', row_reference: 'c', last_name: 'Bernard' },
  });
  await gateway.app.intake.acceptBatch(10);
  await gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference: 'B-3', purpose: 'marketing' as const, channels: ['email'] as const },
    ...{ actor: 'tester', reason: 'request 1' },
  });
  await freeze();
  await plan();
  expect((await stands()).toSorted()).toEqual([
    ...['B-2 create delivered', 'B-2 update planned', 'B-3 create delivered', 'B-3 update planned'],
  ]);
});

test('a destination that was archived before takes nothing while its client moves either', async () => {
  await takenIn('B-4');
  await gateway.owner.run(
    "UPDATE destinations SET status = 'archived', status_reason = 'ended' WHERE id = 'essai-crm'",
  );
  await freeze();
  await plan();
  expect(await refused()).toEqual([{ reason: 'no_destination' }]);
});

test('a backfill that has begun hands over nothing more, and says so', async () => {
  await takenIn('B-5', 'B-6');
  await gateway.owner.run('DELETE FROM lead_changes');
  const run = await begunRun(gateway.app.database, {
    order: { kind: 'backfill', destinationId: 'essai-crm', since: new Date('2026-01-01') },
    ...{ by: { actor: 'Sophie', reason: 'ticket 12' }, filter: {}, deliveries: [], counted: 2 },
  });
  await gateway.owner.run('UPDATE bulk_runs SET lease_until = NULL');
  await freeze();
  for (let step = 0; step < 3; step += 1) await workAnyRun(gateway.app).catch(() => undefined);
  expect(await readRun(gateway.app.database, run.id)).toMatchObject({
    ...{ state: 'done', done: 0, refused: 2, results: { client_moved: { count: 2 } } },
  });
  expect(await gateway.owner.all('SELECT 1 FROM lead_changes')).toEqual([]);
});

test('two reports at one instant are one task', async () => {
  await takenIn('B-7');
  await plan();
  const [one] = await gateway.states();
  const [row] = await readDeliveries(gateway.app.database, [one?.id ?? 0]);
  if (row === undefined) throw new Error('no delivery');
  await freeze();
  const bounce = { tag: { run: 1, attempt: 1 }, failures: [{ target: '', code: '5.1.1' }], targets: [] };
  const report = () => noteReturned(gateway.app.database, row, bounce);
  await crossing(gateway.owner, (tx) => tx.all("SELECT id FROM clients WHERE id = 'essai' FOR UPDATE"), [
    report,
    report,
    report,
  ]);
  expect(await gateway.owner.all("SELECT client_id FROM alerts WHERE kind = 'moved_reports'")).toHaveLength(
    1,
  );
});
