// A long file of 3,000 rows under way: what each of its parts reads, and what each look of a planner reads, does not grow with it.
import { fileConnectors } from '../../connectors/index.ts';
import type { ClaimJob } from '../../src/delivery/trip/attempt.ts';
import { claimDeliveries } from '../../src/delivery/claim/claim.ts';
import { leftOnTheirWay, freeStranded } from '../../src/store/files/file-parts.ts';
import { destinationsWithLongFiles, putOffForPart } from '../../src/store/files/long-files.ts';
import { queuedLongAgo } from '../../src/store/deliveries/queued-long-ago.ts';
import { addTemplate, fill } from '../lab/bench/backlog.ts';
import { readsOf } from '../support/reads.ts';
import { openDropGateway, type DropGateway } from '../trip/drop.ts';

let gateway: DropGateway;
let whole = 0;
let part = 0;
let next = 0;

async function batch(role: string, wholeId: number): Promise<number> {
  const { insertId } = await gateway.owner.run(
    `INSERT INTO batches (client_id, destination_id, slot_at, state, role, whole_id, action, lease_until, due_at)
     VALUES ('essai', 'essai-csv', UTC_TIMESTAMP(3), 'written', ?, ?, 'create', '2099-01-01', UTC_TIMESTAMP(3))`,
    [role, wholeId],
  );
  return insertId;
}
const putIn = (id: number, limit: number, state: string): Promise<unknown> =>
  gateway.owner.run(
    `UPDATE deliveries SET state = ?, batch_id = ?, attempt = ?, lease_until = IF(? = 'sending', '2099-01-01', NULL), queued_at = '2026-01-01'
      WHERE batch_id = 0 ORDER BY id LIMIT ${limit}`,
    [state, id, state === 'sending' ? 1 : 0, state],
  );

beforeAll(async () => {
  gateway = await openDropGateway();
  await addTemplate(gateway);
  await fill(gateway, 6_010, 'essai-csv');
  whole = await batch('whole', 0);
  part = await batch('part', whole);
  next = await batch('part', whole);
  await putIn(part, 3_000, 'sending');
  await putIn(next, 10, 'queued');
  await putIn(await batch('part', whole), 3_000, 'queued');
});
afterAll(() => gateway.close());

test('a further part of it is claimed without counting the rows that are on their way', async () => {
  const rows = await gateway.owner.all<{ id: number; run: number }>(
    'SELECT id, run FROM deliveries WHERE batch_id = ? ORDER BY id',
    [next],
  );
  const jobs = rows.map(({ id, run }): ClaimJob => ({ deliveryId: id, run, attempt: 1 }));
  const [{ claimed }, reads] = await readsOf(gateway.app.database, (tx) =>
    claimDeliveries(tx, 'essai-csv', jobs, {
      leaseMs: 60_000,
      owner: 'tester',
      limits: { concurrency: 1 },
      batchId: next,
      continues: true,
    }),
  );
  expect(claimed).toHaveLength(10);
  expect(reads).toBeLessThan(1_000);
});

test('after the death of its worker, neither its recovery nor who takes it up reads the rows that were recovered already', async () => {
  const { owner, app } = gateway;
  // The first part was recovered, and waits; rows of the next are still on their way.
  await owner.run("UPDATE deliveries SET state = 'waiting', lease_until = NULL WHERE batch_id = ?", [part]);
  await owner.run("UPDATE deliveries SET state = 'sending', lease_until = '2099-01-01' WHERE batch_id = ?", [
    next,
  ]);
  const taken = await readsOf(app.database, (tx) => leftOnTheirWay(tx, whole));
  expect(taken).toEqual(['leased', expect.any(Number) as number]);
  expect(taken[1]).toBeLessThan(500);
  const [, putOff] = await readsOf(app.database, (tx) => putOffForPart(tx, next, 3_600_000));
  expect(putOff).toBeLessThan(500);
  expect(
    await owner.all('SELECT 1 FROM batches WHERE id = ? AND due_at > UTC_TIMESTAMP(3)', [whole]),
  ).toHaveLength(1);
});

test('while it is under way, no row of it is looked at as stranded; what stands in an ended file is freed', async () => {
  const { owner, app } = gateway;
  const [found, reads] = await readsOf(app.database, (tx) => freeStranded(tx, ['essai-csv']));
  expect(found).toBe(0);
  expect(reads).toBeLessThan(500);
  const ended = await batch('file', 0);
  await owner.run("UPDATE batches SET state = 'sent' WHERE id = ?", [ended]);
  await owner.run("UPDATE deliveries SET batch_id = ? WHERE state = 'waiting' ORDER BY id LIMIT 3", [ended]);
  expect(await freeStranded(app.database, [])).toBe(3);
  // More than are freed at once.
  await owner.run("UPDATE deliveries SET batch_id = ? WHERE state = 'waiting' ORDER BY id LIMIT 1200", [
    ended,
  ]);
  expect(await freeStranded(app.database, [])).toBe(1_200);
  expect(await freeStranded(app.database, [])).toBe(0);
});

test('a look for jobs that Redis lost does not read its rows; once it has ended, the destination is looked at again', async () => {
  const { owner, app } = gateway;
  const look = (): Promise<readonly [readonly object[], number]> =>
    readsOf(app.database, async (tx) =>
      queuedLongAgo(tx, 10_000, 1_000, {
        destinations: await destinationsWithLongFiles(tx, fileConnectors),
        among: false,
      }),
    );
  expect(await look()).toEqual([[], expect.any(Number) as number]);
  expect((await look())[1]).toBeLessThan(500);
  await owner.run("UPDATE deliveries SET batch_id = 0 WHERE state = 'queued' ORDER BY id LIMIT 2");
  expect((await look())[0]).toEqual([]);
  // Published anew for another way, it queues what no file carries.
  await owner.run("UPDATE destinations SET connector = 'webhook' WHERE id = 'essai-csv'");
  expect((await look())[0]).toHaveLength(2);
  await owner.run("UPDATE destinations SET connector = 'flow' WHERE id = 'essai-csv'");
  await owner.run("UPDATE batches SET state = 'sent' WHERE role = 'whole'");
  expect((await look())[0]).toHaveLength(2);
});
