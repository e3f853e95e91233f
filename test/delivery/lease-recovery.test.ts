// Leases that lapsed: what a killed worker held is recovered, whole files whole, and nothing stands stranded in a file that ended.
import { createMaintenance } from '../../src/delivery/background/maintenance.ts';
import { createFiles } from '../../src/delivery/files/collect.ts';
import { silentLog } from '../../src/log.ts';
import type { Producer } from '../../src/queue/producer.ts';
import { lapsedLeases } from '../../src/store/deliveries/deadlines.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { addTemplate, fill } from '../lab/bench/backlog.ts';
import { readsOf } from '../support/reads.ts';
import { openDropGateway, type DropGateway } from '../trip/drop.ts';
import { leadRow, strangerRow } from '../trip/gateway.ts';

let gateway: DropGateway;
const sweeper = (): ReturnType<typeof createMaintenance> =>
  createMaintenance({
    database: gateway.app.database,
    published: gateway.app.published,
    log: silentLog,
    producer: { push: () => Promise.resolve() },
  });
const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);
/** Leads planned and standing in one open file, with the planner stopped. */
async function queuedFile(...rows: readonly IntakeValues[]): Promise<void> {
  const [planner] = await gateway.start('planner');
  await gateway.send(...rows);
  await gateway.collectable(rows.length);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === rows.length);
  await planner?.stop();
}

beforeEach(async () => {
  gateway = await openDropGateway();
});
afterEach(() => gateway.close());

test('a file of 700 rows whose worker died is recovered whole, in one go, and leaves whole under its number', async () => {
  const [planner] = await gateway.start('planner');
  await gateway.send(...names('R', 700).map((name) => strangerRow(name)));
  await gateway.collectable(700);
  await planner?.stop();
  await gateway.ask();
  // With nobody beside it: a row that is held while a file is collected makes it a file of parts.
  const { database, published, config, log } = gateway.app;
  const producer = { push: () => Promise.resolve() } as unknown as Producer;
  const partRows = config.planner.filePartRows;
  expect(await createFiles({ database, published, producer, partRows, log }).collect()).toBe(1);
  expect(await gateway.counts()).toEqual({ queued: 700 });
  // What a worker that was killed in mid-air leaves behind.
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', attempt = 1, departures = 1, departed_attempt = 1, sent_revision = 1, lease_token = 1, lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))",
  );
  expect(await sweeper().recoverLeases()).toBe(700);
  expect(await gateway.counts('batch_id > 0')).toEqual({ 'waiting:outcome_unknown': 700 });
  await gateway.start('planner', 'worker');
  await gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === 700);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(gateway.text('L_000001.csv').trim().split('\n')).toHaveLength(700);
  expect(await gateway.stranded()).toBe(0);
});

test('a row whose lease lapsed after its file had ended is collected again, not stranded in it', async () => {
  await queuedFile(leadRow('E-1'), leadRow('E-2'));
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', attempt = 1, lease_token = 1, lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))",
  );
  await gateway.owner.run("UPDATE batches SET state = 'sent', settled_at = UTC_TIMESTAMP(3)");
  expect(await sweeper().recoverLeases()).toBe(2);
  expect(await gateway.stranded()).toBe(0);
});

test('a long file whose worker died is recovered part by part: what a look holds does not grow with the file', async () => {
  await addTemplate(gateway);
  await fill(gateway, 3_500, 'essai-csv');
  const [planner] = await gateway.start('planner');
  await gateway.collectable(3_500);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 3_500);
  await planner?.stop();
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', attempt = 1, departures = 1, departed_attempt = 1, sent_revision = 1, lease_token = 1, lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))",
  );
  await gateway.owner.run("UPDATE batches SET first_sent_at = UTC_TIMESTAMP(3) WHERE role = 'whole'");
  const looks: number[] = [];
  for (let count = await sweeper().recoverLeases(); count > 0; count = await sweeper().recoverLeases())
    looks.push(count);
  // Parts are whole: the last one of a look may exceed its 1,000 rows.
  expect(looks.reduce((sum, count) => sum + count, 0)).toBe(3_500);
  expect(Math.max(...looks)).toBeLessThan(2_000);
  expect(await gateway.counts('batch_id > 0')).toEqual({ 'waiting:outcome_unknown': 3_500 });
  const [whole] = await gateway.owner.all<{ late: number }>(
    `SELECT COUNT(*) AS late FROM batches p JOIN batches w ON w.id = p.whole_id WHERE w.due_at < p.due_at`,
  );
  expect(whole?.late).toBe(0);
});

test('what a look for lapsed leases reads does not grow with a long file that is on its way; a short one beside it is recovered', async () => {
  await addTemplate(gateway);
  await fill(gateway, 3_010, 'essai-csv');
  const { owner, app } = gateway;
  const batch = async (role: string, wholeId: number, lease: string): Promise<number> =>
    (
      await owner.run(
        `INSERT INTO batches (client_id, destination_id, slot_at, state, role, whole_id, action, lease_until, due_at)
         VALUES ('essai', 'essai-csv', UTC_TIMESTAMP(3), 'written', ?, ?, 'create', ${lease}, UTC_TIMESTAMP(3))`,
        [role, wholeId],
      )
    ).insertId;
  const whole = await batch('whole', 0, "'2099-01-01'");
  const part = await batch('part', whole, 'NULL');
  const short = await batch('file', 0, 'NULL');
  const leave = (id: number, limit: number, lease: string): Promise<unknown> =>
    owner.run(
      `UPDATE deliveries SET state = 'sending', attempt = 1, lease_token = 1, batch_id = ?, lease_until = ${lease} WHERE batch_id = 0 ORDER BY id LIMIT ${limit}`,
      [id],
    );
  await leave(part, 3_000, "'2099-01-01'");
  await leave(short, 10, "'2026-01-01'");
  const look = { limit: 1_000, which: { without: [] }, locked: false };
  const [found, reads] = await readsOf(app.database, (tx) => lapsedLeases(tx, look));
  expect(found).toHaveLength(10);
  expect(reads).toBeLessThan(500);
  expect(await sweeper().recoverLeases()).toBe(10);
  // Its worker is gone: its own rows are recovered.
  await owner.run("UPDATE batches SET lease_until = '2026-01-01' WHERE role = 'whole'");
  let count = 0;
  for (let more = 1; more > 0; count += more) more = await sweeper().recoverLeases();
  expect(count).toBe(3_000);
});

test('a lapsed lease is not taken up against whoever holds its lead and comes for the delivery: no deadlock, and the others are recovered', async () => {
  await queuedFile(leadRow('D-1'), leadRow('D-2'));
  const { owner } = gateway;
  await owner.run(
    "UPDATE deliveries SET batch_id = 0, state = 'sending', attempt = 1, lease_token = 1, lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))",
  );
  const [held, other] = await owner.all<{ id: number; leadId: number }>(
    'SELECT id, lead_id AS leadId FROM deliveries ORDER BY id',
  );
  await owner.transaction(async (tx) => {
    // As a departure or a settlement does it: the lead first.
    await tx.all('SELECT id FROM leads WHERE id = ? FOR UPDATE', [held?.leadId ?? 0]);
    expect(await sweeper().recoverLeases()).toBe(1);
    await tx.all('SELECT id FROM deliveries WHERE id = ? FOR UPDATE', [held?.id ?? 0]);
  });
  const left = (id = 0): Promise<unknown> => owner.all('SELECT state FROM deliveries WHERE id = ?', [id]);
  expect(await left(other?.id)).toEqual([{ state: 'waiting' }]);
  expect(await left(held?.id)).toEqual([{ state: 'sending' }]);
  expect(await sweeper().recoverLeases()).toBe(1);
});
