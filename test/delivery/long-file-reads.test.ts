// A long file of 3,000 rows under way: what each of its parts reads, and what each look of a planner reads, does not grow with it.
import { claimDeliveries, type ClaimJob } from '../../src/delivery/attempt/claim.ts';
import { queuedLongAgo } from '../../src/store/queued-long-ago.ts';
import { addTemplate, fill } from '../bench/backlog.ts';
import { readsOf } from '../support/reads.ts';
import { openDropGateway, type DropGateway } from '../trip/drop.ts';

let gateway: DropGateway;
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
  const whole = await batch('whole', 0);
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

test('a look for jobs that Redis lost does not read its rows; once it has ended, the destination is looked at again', async () => {
  const { owner, app } = gateway;
  const look = (): Promise<readonly [readonly object[], number]> =>
    readsOf(app.database, (tx) => queuedLongAgo(tx, 10_000, 1_000));
  expect(await look()).toEqual([[], expect.any(Number) as number]);
  expect((await look())[1]).toBeLessThan(500);
  await owner.run("UPDATE batches SET state = 'sent' WHERE role = 'whole'");
  await owner.run("UPDATE deliveries SET batch_id = 0 WHERE state = 'queued' ORDER BY id LIMIT 2");
  expect((await look())[0]).toHaveLength(2);
});
