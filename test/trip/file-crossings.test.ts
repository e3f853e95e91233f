// Files that two workers, a late job, a lapsed lease or a row of their own cross: one sequence, one content, no row twice or stranded.
import { startWorker } from '../../src/roles/worker.ts';
import type { TripStep } from '../../src/delivery/trip/trip.ts';
import { claimDeliveries } from '../../src/delivery/claim/claim.ts';
import { recordEnds } from '../../src/delivery/outcome/record.ts';
import { replay } from '../support/replay.ts';
import { jobId, queueName, queuePrefix } from '../../src/queue/jobs.ts';
import { createProducer } from '../../src/queue/producer.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { openDropGateway, waitsForFile, type DropGateway } from './drop.ts';
import { leadRow } from './gateway.ts';

let gateway: DropGateway;
const by = { actor: 'tester', reason: 'test' };
const stop: (() => Promise<void>)[] = [];
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
/** A worker whose process ends at this step of its first file, as after SIGKILL. */
async function workerDyingAt(step: TripStep): Promise<void> {
  let died = false;
  const worker = await startWorker(gateway.app, {
    step: (name) => {
      if (name !== step || died) return;
      died = true;
      throw new Error('killed');
    },
  });
  stop.push(worker.stop);
  await gateway.until(`died at ${step}`, () => died);
}
const lapse = (where = '1 = 1'): Promise<unknown> =>
  gateway.owner.run(
    `UPDATE deliveries SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE state = 'sending' AND ${where}`,
  );
const voided = async (): Promise<number> =>
  (await gateway.entries()).filter((one) => one.entry === 'batch_voided' && one.delivery === 0).length;
const held = async (): Promise<number> =>
  Object.entries(await gateway.counts())
    .filter(([what]) => what.startsWith('waiting:unknown_hold'))
    .reduce((sum, [, count]) => sum + count, 0);
const departures = (): Promise<readonly { batch: number; deliveries: number }[]> =>
  gateway.owner.all(
    "SELECT batch_id AS batch, COUNT(*) AS deliveries FROM handovers WHERE entry = 'departed' GROUP BY batch_id, attempt ORDER BY MIN(id)",
  );

beforeEach(async () => {
  gateway = await openDropGateway();
});
afterEach(async () => {
  for (const one of stop.splice(0)) await one();
  await gateway.close();
});

test('a file whose worker died after its departure goes again byte for byte, also where a row had been withheld from it', async () => {
  await queuedFile(leadRow('K-1'), leadRow('K-2', { consents: null }), leadRow('K-3'));
  await workerDyingAt('departed');
  await lapse();
  await gateway.start('planner', 'worker');
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(await voided()).toBe(0);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(await departures()).toEqual([
    { batch: 1, deliveries: 2 },
    { batch: 1, deliveries: 2 },
  ]);
  expect(await gateway.counts("state = 'withheld'")).toEqual({
    'withheld:opt_in_missing:marketing.email': 1,
  });
});

test('rows withheld from a file that may have arrived leave in another, and the story of each says that the first is void', async () => {
  await queuedFile(leadRow('W-1'), leadRow('W-2'));
  await workerDyingAt('departed');
  const revoked = (at: string): Promise<unknown> =>
    gateway.owner.run(`UPDATE authorisations SET revoked_at = ${at}`);
  await revoked('UTC_TIMESTAMP(3)');
  await lapse();
  await gateway.start('planner', 'worker');
  await gateway.until(
    'withheld',
    async () => (await gateway.counts())['withheld:recipient_not_authorised'] === 2,
  );
  await revoked('NULL');
  // The voided file asked for the next one: it may have them already.
  const isFree = `(${waitsForFile}) OR d.state NOT IN ('withheld', 'planned', 'waiting')`;
  await gateway.until('to collect', async () => (await gateway.states(isFree)).length === 2);
  await gateway.ask();
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(gateway.drops()).toEqual(['L_000002.csv']);
  const ofRows = (await gateway.entries()).filter(
    ({ entry, delivery }) => entry === 'batch_voided' && delivery > 0,
  );
  expect(ofRows).toHaveLength(2);
});

test('a late twin of a file’s job changes nothing: a file support must decide about is not sent again', async () => {
  await gateway.publish({ extra: 'onUnknown: hold' });
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await queuedFile(leadRow('L-1'), leadRow('L-2'));
  await gateway.start('planner', 'worker');
  await gateway.until('held', async () => (await held()) === 2);
  gateway.sftp.fault = () => undefined;
  const producer = createProducer({ redis: gateway.redis, prefix: gateway.config.redis.prefix });
  await producer.push('essai-csv', [{ batchId: 1, attempt: 0 }]);
  // Taken by a worker, and done with: a finished job is removed.
  const job = `${queuePrefix(gateway.config.redis.prefix, 'essai-csv')}:${queueName}:${jobId({ batchId: 1, attempt: 0 })}`;
  await gateway.until('the twin is done with', async () => (await gateway.redis.exists(job)) === 0);
  await producer.close();
  expect(gateway.drops()).toEqual([]);
  expect(await held()).toBe(2);
});

test('a worker that lost its lease does not end the file another is sending', async () => {
  await queuedFile(leadRow('F-1'), leadRow('F-2'));
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', attempt = 2, departed_attempt = 2, departures = 1, lease_token = 2, lease_until = TIMESTAMPADD(SECOND, 60, UTC_TIMESTAMP(3))",
  );
  await gateway.owner.run("UPDATE batches SET state = 'written', content = 'x'");
  const rows = await readDeliveries(
    gateway.app.database,
    (await gateway.states()).map((one) => one.id),
  );
  const overtaken = rows.map((row) => ({
    ...row,
    attempt: 1,
    leaseToken: 1,
    now: new Date(),
    knownReference: undefined,
    hasCreate: true,
    createUnsettled: false,
  }));
  await recordEnds(gateway.app.database, () => 0.5, [
    {
      released: overtaken,
      endBatch: { id: 1, state: 'voided', clientId: 'essai', destinationId: 'essai-csv' },
    },
  ]);
  expect(await gateway.owner.all('SELECT state, content IS NULL AS gone FROM batches')).toEqual([
    { state: 'written', gone: 0 },
  ]);
  expect(await voided()).toBe(0);
});

test('the rows of a file are claimed all or not at all: not while a part of them is still being sent', async () => {
  await queuedFile(...names('P', 4).map((name) => leadRow(name)));
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', attempt = 1, lease_token = 1, lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) ORDER BY id LIMIT 2",
  );
  const jobs = (await gateway.states()).map((row) => ({
    deliveryId: row.id,
    run: 1,
    attempt: row.attempt + 1,
  }));
  const claim = await gateway.app.database.transaction((tx) =>
    claimDeliveries(tx, 'essai-csv', jobs, {
      ...{ leaseMs: 5_000, owner: 'test', limits: { concurrency: 1 }, batchId: 1 },
    }),
  );
  expect(claim.claimed).toEqual([]);
  await gateway.start('planner', 'worker');
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 4);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
});

test('rows that all wait for an earlier delivery leave their file instead of turning in it every second', async () => {
  await queuedFile(leadRow('B-1'));
  await gateway.owner.run('UPDATE deliveries SET id = 50');
  await gateway.owner.run(
    `INSERT INTO deliveries (id, client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at)
     SELECT 40, client_id, destination_id, lead_id, 0, 'create', UUID(), 'withheld', 'opt_in_missing', due_at, expires_at FROM deliveries`,
  );
  await gateway.start('planner', 'worker');
  await gateway.until(
    'waits',
    async () => (await gateway.counts('id = 50'))['waiting:waits_for_create'] === 1,
  );
  await gateway.until(
    'no file',
    async () => (await gateway.owner.all("SELECT 1 FROM batches WHERE state = 'empty'")).length === 1,
  );
  expect(await gateway.owner.all('SELECT batch_id AS batch FROM deliveries WHERE id = 50')).toEqual([
    { batch: 0 },
  ]);
});

test('a file that may have left is sent again whole, also where an older delivery of one row was opened again since', async () => {
  await gateway.publish({ retry: '[10m, 10m, 10m]' });
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await gateway.owner.run('ALTER TABLE deliveries AUTO_INCREMENT = 50', []);
  await queuedFile(leadRow('B-2'), leadRow('B-3'));
  await gateway.start('planner', 'worker');
  await gateway.until(
    'tried',
    async () => (await gateway.states("d.state = 'waiting' AND d.maybe_received = 1")).length === 2,
  );
  await gateway.owner.run(
    `INSERT INTO deliveries (id, client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at)
     SELECT 40, client_id, destination_id, lead_id, 0, 'create', UUID(), 'withheld', 'opt_in_missing', due_at, expires_at FROM deliveries LIMIT 1`,
  );
  gateway.sftp.fault = () => undefined;
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(await voided()).toBe(0);
});

test('a file that may have left is sent again whole, also where the create of one of its updates was refused since', async () => {
  await gateway.publish({ retry: '[10m, 10m, 10m]', extra: 'update: {}' });
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await gateway.owner.run('ALTER TABLE deliveries AUTO_INCREMENT = 50', []);
  await queuedFile(leadRow('U-1'), leadRow('U-2'));
  await gateway.owner.run(
    `INSERT INTO deliveries (id, client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at)
     SELECT id - 10, client_id, destination_id, lead_id, 0, 'create', UUID(), 'delivered', 'accepted', due_at, expires_at FROM deliveries`,
  );
  await gateway.owner.run("UPDATE deliveries SET action = 'update' WHERE id >= 50");
  await gateway.owner.run("UPDATE batches SET action = 'update'");
  await gateway.start('planner', 'worker');
  await gateway.until(
    'tried',
    async () => (await gateway.states("d.state = 'waiting' AND d.maybe_received = 1")).length === 2,
  );
  await gateway.owner.run("UPDATE deliveries SET state = 'failed', reason = 'refused' WHERE id = 40");
  gateway.sftp.fault = () => undefined;
  await gateway.soon('delivered', async () => (await gateway.counts('id >= 50'))['delivered:accepted'] === 2);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(await voided()).toBe(0);
});

test('a sequence number that was taken and did not leave is explained by the log', async () => {
  await queuedFile(leadRow('N-1'));
  const worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name === 'written') await gateway.app.rights.erase({ clientId: 'essai', reference: 'N-1', ...by });
    },
  });
  stop.push(worker.stop);
  await gateway.until('ended', async () => (await gateway.counts())['cancelled:erased'] === 1);
  expect(await gateway.owner.all('SELECT sequence, state FROM batches')).toEqual([
    { sequence: 1, state: 'voided' },
  ]);
  expect(await voided()).toBe(1);
});

test('a file that may have left and lost all its rows is voided in the log too', async () => {
  // However late the erasure comes, nobody has given up before.
  await gateway.publish({ retry: '[10m, 10m, 10m]' });
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await queuedFile(leadRow('N-2'));
  await gateway.start('planner', 'worker');
  await gateway.until('tried', () => gateway.sftp.log.some((line) => line.startsWith('rename')));
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'N-2', ...by });
  await gateway.soon(
    'voided',
    async () => (await gateway.owner.all("SELECT 1 FROM batches WHERE state = 'voided'")).length === 1,
  );
  expect(await voided()).toBe(1);
});

test('the rows of a file expire together, with the last of them: one row’s age does not void what may have arrived', async () => {
  await gateway.publish({ retry: '[1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s]' });
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await queuedFile(leadRow('X-1'), leadRow('X-2'));
  let old: Date | undefined;
  const worker = await startWorker(gateway.app, {
    // Of one row the time is nearly over when its file departs for the first time.
    step: async (name) => {
      if (name !== 'written' || old !== undefined) return;
      await gateway.owner.run(
        'UPDATE deliveries SET expires_at = TIMESTAMPADD(SECOND, 1, UTC_TIMESTAMP(3)) ORDER BY id LIMIT 1',
      );
      old = (await gateway.owner.all<{ at: Date }>('SELECT MIN(expires_at) AS at FROM deliveries'))[0]?.at;
    },
  });
  stop.push(worker.stop);
  const tries = (): number => gateway.sftp.log.filter((line) => line.startsWith('rename')).length;
  await gateway.until('tried', () => tries() > 0);
  await gateway.start('planner');
  await gateway.until('its time has been over for a second', async () => {
    const [row] = await gateway.owner.all<{ past: number }>(
      'SELECT UTC_TIMESTAMP(3) > TIMESTAMPADD(SECOND, 1, ?) AS past',
      [old ?? null],
    );
    return row?.past === 1;
  });
  // The timer of ages, which looks once a second, has had it before its eyes; the file is tried again as it is.
  const before = tries();
  await gateway.soon('tried again', () => tries() > before);
  gateway.sftp.fault = () => undefined;
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(await voided()).toBe(0);
});

test('a file is asked about first when any of its rows must be, not only when the first must', async () => {
  await gateway.publish({
    file: "  ack: { path: 'in/ACK_{seq}.txt' }",
    extra:
      'pending: { for: 1h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }\n  - { refused: { text: KO }, on: lookup }',
  });
  await queuedFile(leadRow('Q-1'), leadRow('Q-2'));
  await gateway.start('planner', 'worker');
  await gateway.until('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 2);
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'waiting', ask_first = 0 WHERE state = 'pending' ORDER BY id LIMIT 1",
  );
  const asked = async (): Promise<number> =>
    (await gateway.entries()).filter((one) => one.entry === 'lookup').length;
  const before = await asked();
  await gateway.soon('asked', async () => (await asked()) > before);
  expect((await gateway.entries()).filter((one) => one.entry === 'departed')).toHaveLength(2);
});

test('a file that has not been written yet is never asked about, whatever its rows went through before', async () => {
  await gateway.publish({
    file: "  ack: { path: 'in/ACK_{seq}.txt' }",
    extra:
      'pending: { for: 1h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }\n  - { refused: { text: KO }, on: lookup }',
  });
  await queuedFile(leadRow('Q-3'));
  await gateway.owner.run('UPDATE deliveries SET ask_first = 1, maybe_received = 1');
  await gateway.start('planner', 'worker');
  await gateway.until('dropped', () => gateway.drops().length === 1);
});

test('a lead that breaks our own code fails alone, with a reason; the others of its file leave', async () => {
  await queuedFile(leadRow('Z-1'), leadRow('Z-2'), leadRow('Z-3'));
  const { app } = gateway;
  const worker = await startWorker({
    ...app,
    published: {
      version: async (id) => {
        const mapping = await app.published.version(id);
        return mapping === undefined
          ? undefined
          : {
              ...mapping,
              apply: (lead, situation) => {
                if (lead.reference === 'Z-2') throw new TypeError('a bug of ours');
                return mapping.apply(lead, situation);
              },
            };
      },
    },
  });
  stop.push(worker.stop);
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(await gateway.counts("state = 'failed'")).toEqual({ 'failed:invalid:BROKEN': 1 });
});

test('a file that breaks our own code fails whole, with a reason, instead of being tried lease after lease', async () => {
  await queuedFile(leadRow('W-1'), leadRow('W-2'));
  const { app } = gateway;
  let broken = true;
  const worker = await startWorker({
    ...app,
    published: {
      version: async (id) => {
        const mapping = await app.published.version(id);
        return mapping === undefined
          ? undefined
          : {
              ...mapping,
              write: (...all) => {
                if (broken) throw new TypeError('a bug of ours');
                return mapping.write(...all);
              },
            };
      },
    },
  });
  stop.push(worker.stop);
  await gateway.until('failed', async () => (await gateway.counts())['failed:invalid:BROKEN'] === 2);
  expect(await gateway.owner.all('SELECT state, sequence FROM batches')).toEqual([
    { state: 'voided', sequence: 1 },
  ]);
  expect(await gateway.stranded()).toBe(0);
  expect(
    await gateway.owner.all("SELECT entry FROM handovers WHERE entry IN ('departed', 'batch_voided')"),
  ).toEqual([{ entry: 'batch_voided' }]);
  // Mended, they leave by replay, under the next number.
  broken = false;
  const ids = await gateway.owner.all<{ id: number }>('SELECT id FROM deliveries');
  await replay(
    { database: app.database, published: app.published },
    ids.map((row) => row.id),
    by,
  );
  // The voided file asked for the next one.
  await gateway.start('planner');
  await gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(gateway.drops()).toEqual(['L_000002.csv']);
});

test('leads of a suspended file flow are shown as waiting for it', async () => {
  await gateway.start('planner');
  await gateway.owner.run("UPDATE destinations SET status = 'suspended'");
  await gateway.send(leadRow('S-1'));
  await gateway.until('shown', async () => (await gateway.counts())['waiting:destination_suspended'] === 1);
  await gateway.owner.run("UPDATE destinations SET status = 'active'");
  await gateway.start('worker');
  await gateway.ask();
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 1);
});
