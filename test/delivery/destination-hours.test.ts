// What became of deliveries is counted once from the sealed log, whoever counts, and drawn from those counts.
import { countHours } from '../../src/delivery/background/destination-hours.ts';
import { addDays, civilDate, startOfDay } from '../../src/domain/civil-date.ts';
import { dropOutdated } from '../../src/roles/background.ts';
import { sealBefore } from '../../src/store/destinations/destination-hours.ts';
import { destinationPlots, type PlotPoint } from '../../src/support/reads/destinations.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await countAll();
  await gateway.owner.run('DELETE FROM destination_hours', []);
});
afterEach(() => gateway.close());

const countAll = async (): Promise<void> => {
  while (await countHours(gateway.app.database));
};

/** Entries of the log of so many deliveries, each so many seconds after it was planned, and a seal over them. */
async function logged(
  count: number,
  { entry = 'outcome', next = 'done', tookSeconds = 1, hoursAgo = 0 } = {},
): Promise<void> {
  const { owner, app } = gateway;
  const [newest] = await owner.all<{ id: number | null }>('SELECT MAX(id) AS id FROM deliveries');
  const first = (newest?.id ?? 0) + 1;
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  // Read once: between two statements a busy machine takes any time.
  const [clock] = await owner.all<{ now: string }>('SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS now');
  const at = `TIMESTAMPADD(HOUR, ${-hoursAgo}, '${clock?.now}')`;
  await owner.run(
    `INSERT INTO leads (id, client_id, reference, channel, collected_at, operation_kind)
     VALUES ${numbers.map((n) => `(${n}, 'essai', 'P-${n}', 'web_form', UTC_TIMESTAMP(3), 'recurring')`).join(', ')}`,
    [],
  );
  await owner.run(
    `INSERT INTO deliveries (id, client_id, destination_id, lead_id, revision, action, delivery_key, state, due_at, expires_at, created_at)
     VALUES ${numbers.map((n) => `(${n}, 'essai', 'essai-crm', ${n}, 1, 'create', 'key-${n}', 'delivered', UTC_TIMESTAMP(3), '2099-01-01', TIMESTAMPADD(SECOND, ${-tookSeconds}, ${at}))`).join(', ')}`,
    [],
  );
  await owner.run(
    `INSERT INTO handovers (at, entry, client_id, destination_id, delivery_id, lead_id, next_step)
     VALUES ${numbers.map((n) => `(${at}, ?, 'essai', 'essai-crm', ${n}, ${n}, ?)`).join(', ')}`,
    numbers.flatMap(() => [entry, next]),
  );
  const [last] = await app.database.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
  const [seal] = await owner.all<{ sequence: number | null }>('SELECT MAX(sequence) AS sequence FROM seals');
  await owner.run(
    `INSERT INTO seals (sequence, sealed_at, entries, entry_macs, count, previous, mac, key_id) VALUES (?, ${at}, ?, '', ?, '', '', '')`,
    [(seal?.sequence ?? 0) + 1, `${(last?.id ?? 0) - count + 1}-${last?.id ?? 0}`, count],
  );
}

const plots = () => destinationPlots(gateway.app, wholeCentre, 'essai-crm');
const sums = (points: readonly PlotPoint[]) => ({
  delivered: points.reduce((sum, { delivered }) => sum + delivered, 0),
  failed: points.reduce((sum, { failed }) => sum + failed, 0),
  withheld: points.reduce((sum, { withheld }) => sum + withheld, 0),
});

test('each end is counted once in its hour and its day, with the time it took; what goes on is not', async () => {
  await logged(10, { tookSeconds: 2 });
  await logged(3, { next: 'fail' });
  await logged(2, { entry: 'withheld', next: '' });
  await logged(4, { next: 'retry' });
  await logged(1, { entry: 'expired', next: '' });
  await logged(5, { hoursAgo: 30, tookSeconds: 600 });
  await countAll();
  await countAll();
  const { hours, days } = await plots();
  expect([hours.length, days.length]).toEqual([24, 30]);
  expect(sums(hours)).toEqual({ delivered: 10, failed: 4, withheld: 2 });
  expect(sums(days)).toEqual({ delivered: 15, failed: 4, withheld: 2 });
  const last = hours.find(({ delivered }) => delivered > 0);
  expect(last?.p50Ms).toBeGreaterThan(1_700);
  expect(last?.p95Ms).toBeLessThan(2_300);
});

test('several that count at once count nothing twice, from the very first time on', async () => {
  await gateway.owner.run('DELETE FROM counted_seals', []);
  const { database } = gateway.app;
  for (const expected of [42, 84, 126]) {
    for (let round = 0; round < 6; round += 1) await logged(7);
    await Promise.all(Array.from({ length: 5 }, () => countHours(database)));
    await countAll();
    expect(sums((await plots()).hours).delivered).toBe(expected);
  }
});

test('a count that breaks is counted again whole', async () => {
  await logged(3);
  await gateway.owner.text(
    `CREATE TRIGGER planted BEFORE UPDATE ON counted_seals FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'planted'`,
  );
  await expect(countHours(gateway.app.database)).rejects.toThrow();
  await gateway.owner.text('DROP TRIGGER planted');
  await countAll();
  expect(sums((await plots()).hours).delivered).toBe(3);
});

test('an installation with an old log begins where the plots begin, and hours that no plot reaches go', async () => {
  await gateway.owner.run('DELETE FROM counted_seals', []);
  await logged(2, { hoursAgo: 40 * 24 });
  await logged(2, { hoursAgo: 33 * 24 });
  await logged(6, { hoursAgo: 20 * 24 });
  expect(await sealBefore(gateway.app.database, 32)).toBe(
    Number((await gateway.owner.all<{ n: number }>('SELECT MAX(sequence) - 1 AS n FROM seals'))[0]?.n),
  );
  await countAll();
  const rows = () => gateway.owner.all('SELECT 1 FROM destination_hours');
  expect(await rows()).toHaveLength(1);
  expect(sums((await plots()).days).delivered).toBe(6);
  await gateway.owner.run('UPDATE destination_hours SET hour = TIMESTAMPADD(DAY, -20, hour)', []);
  await dropOutdated(gateway.app.database);
  expect(await rows()).toEqual([]);
});

test('a day of the plot is one of Paris, from its midnight on', async () => {
  const { database } = gateway.app;
  const midnight = startOfDay(addDays(civilDate(database.now()), -10));
  for (const [hour, count] of [
    [midnight, 3],
    [new Date(midnight.getTime() - 3_600_000), 4],
  ] as const)
    await gateway.owner.run(
      "INSERT INTO destination_hours (destination_id, hour, what, step, count) VALUES ('essai-crm', ?, 'failed', 0, ?)",
      [hour, count],
    );
  const { days, hours } = await plots();
  expect(days.slice(18, 20).map(({ failed }) => failed)).toEqual([4, 3]);
  expect(sums(days).failed).toBe(7);
  expect(sums(hours).failed).toBe(0);
});

test('of another client a destination is not known', async () => {
  await expect(destinationPlots(gateway.app, { clientId: 'autre' }, 'essai-crm')).rejects.toMatchObject({
    code: 'FIND-001',
  });
});
