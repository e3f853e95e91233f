// A row or a destination that breaks a step of the planner whatever is tried: it rests and is told of, and the others go on.
import { createMaintenance, type Maintenance } from '../../src/delivery/background/maintenance.ts';
import { createQuarantine } from '../../src/delivery/trip/quarantine.ts';
import { createDispatcher } from '../../src/delivery/dispatch.ts';
import { createFiles } from '../../src/delivery/files/collect.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { RelaisError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { SqlFailure, type SqlValue } from '../../src/store/database.ts';
import type { Published } from '../../src/delivery/trip/mapping-cache.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
afterEach(async () => {
  await home.owner.text('DROP TRIGGER IF EXISTS poison');
  for (const table of ['deliveries', 'alerts']) await home.owner.run(`DELETE FROM ${table}`);
});

const published = { version: () => Promise.resolve(undefined) };
const producer = { push: () => Promise.resolve() };
const maintenance = (retryAfterMs = 60_000): Maintenance =>
  createMaintenance({ database: home.gateway, published, producer, log: silentLog, retryAfterMs });
const past = new Date('2026-01-01T00:00:00Z');
const lapsed = { state: 'sending', attempt: 1, lease_token: 1, lease_until: past } as const;

let leads = 0;
async function deliveries(
  count: number,
  columns: Readonly<Record<string, SqlValue>>,
): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let n = 0; n < count; n += 1) {
    leads += 1;
    ids.push(await home.delivery(await home.lead(`P-${leads}`), columns));
  }
  return ids;
}
const poison = (where: string): Promise<void> =>
  home.owner.text(
    `CREATE TRIGGER poison BEFORE UPDATE ON deliveries FOR EACH ROW IF ${where} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
const states = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    (
      await home.owner.all<{ state: string; n: number }>(
        'SELECT state, COUNT(*) AS n FROM deliveries GROUP BY state',
      )
    ).map(({ state, n }) => [state, n]),
  );
const told = (): Promise<readonly unknown[]> =>
  home.owner.all(
    'SELECT kind, delivery_id AS delivery, reason FROM alerts WHERE closed_at IS NULL ORDER BY delivery_id',
  );

describe('leases that lapsed', () => {
  test('one whose recovery always breaks is told of once, and the others are recovered', async () => {
    const ids = await deliveries(12, lapsed);
    await poison(`NEW.id = ${ids[4]}`);
    const planner = maintenance();
    expect(await planner.recoverLeases()).toBe(11);
    expect(await states()).toEqual({ waiting: 11, sending: 1 });
    expect(await told()).toEqual([{ kind: 'internal_error', delivery: ids[4], reason: 'RECOVERY:SQL_1644' }]);
    const [later] = await deliveries(1, lapsed);
    expect(await planner.recoverLeases()).toBe(1);
    expect(await home.row(later ?? 0)).toMatchObject({ state: 'waiting' });
    expect(await told()).toHaveLength(1);
  });

  test('it is tried again after its rest, and the task closes when it passes', async () => {
    const ids = await deliveries(3, lapsed);
    await poison(`NEW.id = ${ids[0]}`);
    const planner = maintenance(0);
    expect(await planner.recoverLeases()).toBe(2);
    expect(await planner.recoverLeases()).toBe(0);
    expect(await told()).toHaveLength(1);
    await home.owner.text('DROP TRIGGER poison');
    expect(await planner.recoverLeases()).toBe(1);
    expect(await states()).toEqual({ waiting: 3 });
    expect(await told()).toEqual([]);
  });

  test('the rows of a file rest together, those of another file are recovered', async () => {
    const files: number[] = [];
    for (let n = 0; n < 2; n += 1) {
      const { insertId } = await home.owner.run(
        "INSERT INTO batches (client_id, destination_id, slot_at, state, due_at) VALUES ('essai', 'essai-crm', TIMESTAMPADD(HOUR, ?, UTC_TIMESTAMP(3)), 'open', UTC_TIMESTAMP(3))",
        [n],
      );
      files.push(insertId);
    }
    const [first = 0, second = 0] = files;
    const broken = await deliveries(3, { ...lapsed, batch_id: first });
    const sound = await deliveries(3, { ...lapsed, batch_id: second });
    await poison(`NEW.id = ${broken[1]}`);
    expect(await maintenance().recoverLeases()).toBe(3);
    for (const id of broken) expect(await home.row(id)).toMatchObject({ state: 'sending' });
    for (const id of sound) expect(await home.row(id)).toMatchObject({ state: 'waiting', batch_id: second });
  });

  test('what breaks for everybody is nobody’s fault: nobody rests', async () => {
    await deliveries(10, lapsed);
    await poison('TRUE');
    const planner = maintenance();
    await expect(planner.recoverLeases()).rejects.toMatchObject({ errno: 1644 });
    expect(await told()).toEqual([]);
    await home.owner.text('DROP TRIGGER poison');
    expect(await planner.recoverLeases()).toBe(10);
  });
});

test('one whose end of time always breaks keeps no other from expiring', async () => {
  const ids = await deliveries(5, { state: 'waiting', expires_at: past });
  await poison(`NEW.id = ${ids[0]}`);
  expect(await maintenance().expire()).toBe(4);
  expect(await states()).toEqual({ failed: 4, waiting: 1 });
  expect(await told()).toContainEqual({
    kind: 'internal_error',
    delivery: ids[0],
    reason: 'EXPIRY:SQL_1644',
  });
});

test('one whose recipient cannot be asked again keeps no other from being asked about', async () => {
  const ids = await deliveries(5, { state: 'pending' });
  await poison(`NEW.id = ${ids[2]}`);
  expect(await maintenance().askAgain()).toBe(4);
  expect(await states()).toEqual({ queued: 4, pending: 1 });
  expect(await told()).toEqual([{ kind: 'internal_error', delivery: ids[2], reason: 'ASKING:SQL_1644' }]);
});

describe('dispatch', () => {
  const dispatcher = (version: Published['version'] = published.version) =>
    createDispatcher({
      database: home.gateway,
      published: { version },
      producer: producer as never,
      window: 100,
      log: silentLog,
    });

  test('one that cannot be queued keeps no other of its destination from leaving', async () => {
    const ids = await deliveries(6, {});
    await poison(`NEW.id = ${ids[0]}`);
    const dispatching = dispatcher();
    expect(await dispatching.dispatch()).toBe(5);
    expect(await states()).toEqual({ queued: 5, planned: 1 });
    expect(await told()).toEqual([{ kind: 'internal_error', delivery: ids[0], reason: 'DISPATCH:SQL_1644' }]);
    await deliveries(2, {});
    expect(await dispatching.dispatch()).toBe(2);
  });

  test('a destination that breaks keeps no other from its turn', async () => {
    await home.owner.run(
      "INSERT INTO destinations (id, client_id, connector, leads_from, mapping_version_id) VALUES ('aaa', 'essai', 'webhook', '2026-01-01', 7)",
    );
    await deliveries(2, { destination_id: 'aaa' });
    await deliveries(3, {});
    const breaking = (id: number) =>
      id === 7 ? Promise.reject(new TypeError('a bug of ours')) : Promise.resolve(undefined);
    expect(await dispatcher(breaking).dispatch(['aaa', 'essai-crm'])).toBe(3);
    expect(await told()).toEqual([{ kind: 'internal_error', delivery: 0, reason: 'DISPATCH:TypeError' }]);
    await home.owner.run("DELETE FROM destinations WHERE id = 'aaa'");
  });
});

describe('files', () => {
  const now = new Date();
  const mapping = {
    ...{ connector: 'flow', maxItems: 10, limits: { concurrency: 1 }, retry: {} },
    schedule: { cron: '* * * * *', timezone: 'Europe/Paris' },
  } as unknown as CompiledMapping;
  beforeAll(async () => {
    await home.owner.run(
      `INSERT INTO destinations (id, client_id, connector, leads_from, mapping_version_id)
       VALUES ('file-a', 'essai', 'flow', '2026-01-01', 7), ('file-b', 'essai', 'flow', '2026-01-01', 8)`,
    );
  });
  const files = (broken?: number) =>
    createFiles({
      database: home.gateway,
      published: {
        version: (id) =>
          id === broken ? Promise.reject(new TypeError('a bug of ours')) : Promise.resolve(mapping),
      },
      producer: producer as never,
      partRows: 1_000,
      log: silentLog,
    });
  const slots = (): Promise<readonly unknown[]> =>
    home.owner.all('SELECT destination_id AS id, state FROM slots ORDER BY destination_id');

  test('a schedule that breaks keeps no other destination from its hour', async () => {
    expect(await files(7).noteSlots(now)).toBe(1);
    expect(await slots()).toEqual([{ id: 'file-b', state: 'due' }]);
    expect(await told()).toEqual([{ kind: 'internal_error', delivery: 0, reason: 'SCHEDULE:TypeError' }]);
    await home.owner.run('DELETE FROM slots');
  });

  test('a row that cannot be collected keeps no other of its destination, and no other destination, from its file', async () => {
    const [first] = await deliveries(3, { destination_id: 'file-a' });
    await deliveries(3, { destination_id: 'file-b' });
    await poison(`NEW.id = ${first}`);
    await files().noteSlots(now);
    expect(await files().collect()).toBe(2);
    expect(await slots()).toEqual([
      { id: 'file-a', state: 'taken' },
      { id: 'file-b', state: 'taken' },
    ]);
    expect(await states()).toEqual({ planned: 1, queued: 5 });
    expect(await told()).toEqual([{ kind: 'internal_error', delivery: first, reason: 'FILE:SQL_1644' }]);
    await home.owner.run('DELETE FROM slots');
  });

  test('what breaks the file of a destination without any row of it is no row’s fault', async () => {
    await deliveries(3, { destination_id: 'file-a' });
    await deliveries(3, { destination_id: 'file-b' });
    await home.owner.text(
      `CREATE TRIGGER poison BEFORE UPDATE ON slots FOR EACH ROW
         IF NEW.destination_id = 'file-a' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
    );
    await files().noteSlots(now);
    expect(await files().collect()).toBe(1);
    expect(await slots()).toEqual([
      { id: 'file-a', state: 'due' },
      { id: 'file-b', state: 'taken' },
    ]);
    expect(await told()).toEqual([{ kind: 'internal_error', delivery: 0, reason: 'FILE:SQL_1644' }]);
    await home.owner.run('DELETE FROM slots');
  });
});

test('one that cannot be reopened keeps no other from it', async () => {
  await home.owner.run("UPDATE destinations SET mapping_version_id = 9 WHERE id = 'essai-crm'");
  const ids = await deliveries(5, { state: 'withheld', reason: 'mapping_missing' });
  await poison(`NEW.id = ${ids[1]}`);
  const version = () => Promise.resolve({ actions: {}, categories: [] } as unknown as CompiledMapping);
  const planner = createMaintenance({
    ...{ database: home.gateway, published: { version }, producer, log: silentLog },
  });
  expect(await planner.reopenRepaired(new Date())).toBe(4);
  expect(await states()).toEqual({ planned: 4, withheld: 1 });
  expect(await told()).toEqual([{ kind: 'internal_error', delivery: ids[1], reason: 'REOPENING:SQL_1644' }]);
  await home.owner.run("UPDATE destinations SET mapping_version_id = 0 WHERE id = 'essai-crm'");
});

test.each([
  ['a lock that is held too long', new SqlFailure(1205, 'ER_LOCK_WAIT_TIMEOUT')],
  ['a deadlock', new SqlFailure(1213, 'ER_LOCK_DEADLOCK')],
  ['a connection that is gone', new RelaisError('DB-001', 'MySQL cannot be reached.')],
])('%s is nobody’s fault', async (_what, error) => {
  const quarantine = createQuarantine({
    database: home.gateway,
    log: silentLog,
    step: 'TEST',
    retryAfterMs: 60_000,
  });
  const unit = { ids: [1], subject: { destinationId: 'essai-crm', deliveryId: 1 } };
  const work = { run: () => Promise.reject(error), due: () => Promise.resolve([unit]) };
  await expect(quarantine.rows(work)).rejects.toBe(error);
  const all = quarantine.each(
    [1, 2],
    () => unit.subject,
    () => Promise.reject(error),
  );
  await expect(all).rejects.toBe(error);
  expect(await told()).toEqual([]);
});
