// Support's questions are asked of a table of millions one day: each must be answered from an index.
// The plan of every statement is read while it runs, over enough rows that the optimiser has a choice.
import type { DeliveryFilter } from '../../src/domain/delivery-filter.ts';
import { openDatabase, type Database, type Sql, type SqlValues } from '../../src/store/database.ts';
import { gatewayStatus } from '../../src/store/alerts/processes.ts';
import { bulkOutcomes } from '../../src/store/deliveries/bulk-runs.ts';
import {
  countBackfill,
  searchLeads,
  routingRefusals,
  type LeadQuery,
} from '../../src/store/leads/support-leads.ts';
import {
  countDeliveries,
  deliveryStory,
  eachDelivery,
  findDelivery,
  listDeliveries,
} from '../../src/store/deliveries/delivery-lists.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';
import { layTables } from '../support/schema.ts';

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | null;
}

let fresh: FreshDatabase;
let database: Database;
const leads = 4096;
/** Deliveries that bulk run 1 has done, spread over all. */
const ofRun = 64;
const start = Date.UTC(2026, 0, 1);

beforeAll(async () => {
  fresh = await freshDatabase();
  database = openDatabase({ url: fresh.ownerUrl, connections: 2 });
  await layTables(fresh);
  await database.run(
    "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('a', 'A', 'A', '{}'), ('b', 'B', 'B', '{}')",
  );
  for (const client of ['a', 'b'])
    await database.run(
      `INSERT INTO destinations (id, client_id, connector, leads_from) VALUES ('${client}-crm', '${client}', 'webhook', '2026-01-01')`,
    );
  // One lead every minute; the sequence comes from doubling a table of one row.
  await database.text('CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY)');
  await database.run('INSERT INTO numbers VALUES (0)');
  for (let n = 1; n < leads; n *= 2) await database.run('INSERT INTO numbers SELECT n + ? FROM numbers', [n]);
  const client = "IF(MOD(n, 2) = 0, 'a', 'b')";
  const at = "TIMESTAMPADD(MINUTE, n, '2026-01-01')";
  await database.run(
    `INSERT INTO leads (id, client_id, reference, channel, collected_at, operation_kind, created_at)
     SELECT n + 1, ${client}, CONCAT('R-', n), 'web_form', ${at}, 'recurring', ${at} FROM numbers`,
  );
  await database.run(
    `INSERT INTO prospects (lead_id, client_id, email, mobile, landline)
     SELECT n + 1, ${client}, CONCAT('p', n, '@courriel.example'), CONCAT('+3363998', n), CONCAT('+3313998', n) FROM numbers`,
  );
  await database.run(
    `INSERT INTO deliveries (id, client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at, created_at)
     SELECT n + 1, ${client}, CONCAT(${client}, '-crm'), n + 1, 1, 'create', CONCAT('key-', n),
            CASE WHEN MOD(n, 512) = 5 THEN 'failed' WHEN MOD(n, 512) = 6 THEN 'withheld' ELSE 'delivered' END,
            CASE WHEN MOD(n, 512) = 5 THEN 'refused:X' WHEN MOD(n, 512) = 6 THEN 'opt_in_missing:marketing.email' ELSE 'accepted' END,
            ${at}, ${at}, ${at} FROM numbers`,
  );
  await database.run(
    `INSERT INTO handovers (at, entry, client_id, delivery_id, lead_id) SELECT ${at}, 'departed', ${client}, n + 1, n + 1 FROM numbers`,
  );
  await database.run(
    `INSERT INTO bulk_runs (id, kind, filter, options, actor, reason, counted, results) VALUES
       (1, 'replay', '{}', '{}', 'account:1', 'ticket 1', 64, '{}'), (2, 'replay', '{}', '{}', 'account:1', 'ticket 2', 4096, '{}')`,
  );
  await database.run(
    `INSERT INTO bulk_items (run_id, delivery_id, state) SELECT 1, n * 64 + 6, 'done' FROM numbers WHERE n < ${ofRun}`,
  );
  await database.run(
    "INSERT INTO bulk_items (run_id, delivery_id, state) SELECT 2, n + 1, 'done' FROM numbers",
  );
  await database.text('ANALYZE TABLE leads, prospects, deliveries, handovers, bulk_items');
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

/** Runs the work and gives the plan of every statement it made. */
async function plansOf(work: (sql: Sql) => Promise<unknown>): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const all = async <Row>(statement: string, values?: SqlValues): Promise<Row[]> => {
    const lines = await database.all<Record<string, unknown>>(
      `EXPLAIN FORMAT=TRADITIONAL ${statement}`,
      values,
    );
    // Column names differ in case between the two servers.
    for (const line of lines)
      steps.push(
        Object.fromEntries(
          Object.entries(line).map(([name, value]) => [name.toLowerCase(), value]),
        ) as unknown as Step,
      );
    return database.all<Row>(statement, values);
  };
  await work({ all, run: () => Promise.reject(new Error('support reads only')), now: database.now });
  return steps;
}

/** Steps that read a whole big table. */
const scans = (steps: readonly Step[]): readonly Step[] =>
  steps.filter(
    (step) =>
      ['d', 'l', 'h', 'i', 'leads', 'deliveries', 'prospects', 'handovers'].includes(step.table ?? '') &&
      (step.type === 'ALL' || step.key === null),
  );

const everything = async (sql: Sql, filter: DeliveryFilter): Promise<readonly number[]> => {
  const ids: number[] = [];
  for await (const page of eachDelivery(sql, filter)) ids.push(...page.map((row) => row.id));
  return ids;
};
const minute = (n: number): Date => new Date(start + n * 60_000);

test.each<[string, DeliveryFilter]>([
  ['no filter', {}],
  ['a state', { state: 'failed' }],
  ['a destination and a state', { destination: 'a-crm', state: 'withheld' }],
  ['a client', { client: 'b' }],
  ['a period', { since: minute(4000), until: minute(4050) }],
  ['a lead of any client', { lead: 'R-77' }],
  ['a lead of one client', { lead: 'R-77', client: 'b' }],
  ['a reason', { state: 'withheld', reason: 'opt_in_missing' }],
  ['a bulk run', { bulkRun: 1 }],
  ['a bulk run and a state', { bulkRun: 1, state: 'failed' }],
  ['a bulk run and a lead', { bulkRun: 1, lead: 'R-5', client: 'b' }],
])('a list by %s reads by index', async (_name, filter) => {
  expect(scans(await plansOf((sql) => listDeliveries(sql, filter, 50)))).toEqual([]);
  expect(scans(await plansOf((sql) => everything(sql, filter)))).toEqual([]);
});

test('a planted question without an index is seen', async () => {
  const steps = await plansOf((sql) => sql.all("SELECT id FROM leads WHERE notice = 'x'"));
  expect(scans(steps)).toHaveLength(1);
});

test('a period reads its own rows, not the table', async () => {
  const steps = await plansOf((sql) => everything(sql, { since: minute(2000), until: minute(2010) }));
  const read = steps.filter((one) => one.table === 'd').map((one) => Number(one.rows));
  expect(Math.max(...read)).toBeLessThan(leads / 4);
  expect(await everything(database, { since: minute(2000), until: minute(2010) })).toEqual(
    Array.from({ length: 10 }, (_, n) => 2001 + n),
  );
  expect(await everything(database, { since: minute(0), until: minute(1) })).toEqual([1]);
  expect(await everything(database, { since: minute(leads - 1) })).toEqual([leads]);
  expect(await everything(database, { since: minute(leads) })).toEqual([]);
  expect((await everything(database, {})).length).toBe(leads);
});

test('what a bulk run did costs what the run is long, whatever the state it is asked with', async () => {
  const questions: readonly ((sql: Sql) => Promise<unknown>)[] = [
    (sql) => listDeliveries(sql, { bulkRun: 1 }, 50),
    (sql) => listDeliveries(sql, { bulkRun: 1, state: 'delivered' }, 50),
    (sql) => listDeliveries(sql, { bulkRun: 1, state: 'failed', destination: 'b-crm' }, 50),
    (sql) => countDeliveries(sql, { bulkRun: 1, state: 'failed' }, 10_000),
    (sql) => bulkOutcomes(sql, 1),
    (sql) => everything(sql, { bulkRun: 1 }),
  ];
  for (const question of questions) {
    const steps = await plansOf(question);
    const [ofList] = steps.filter(({ table }) => table === 'i');
    expect([ofList?.key, Number(ofList?.rows) <= 2 * ofRun]).toEqual(['PRIMARY', true]);
    const behind = steps.slice(0, steps.indexOf(ofList as Step) + 2).filter(({ table }) => table === 'd');
    expect(behind.map(({ type, rows }) => [type, Number(rows)])).toEqual([['eq_ref', 1]]);
  }
  expect(await bulkOutcomes(database, 1)).toEqual([
    { state: 'delivered', count: ofRun - 8 },
    { state: 'failed', count: 8 },
  ]);
  const page = await listDeliveries(database, { bulkRun: 1, state: 'failed' }, 3);
  expect(page.map(({ id }) => id)).toEqual([3590, 3078, 2566]);
  const next = await listDeliveries(database, { bulkRun: 1, state: 'failed' }, 3, 2566);
  expect(next.map(({ id }) => id)).toEqual([2054, 1542, 1030]);
});

test('people, one delivery, its story and the state of the house are read by index', async () => {
  const find = (query: LeadQuery) => (sql: Sql) => searchLeads(sql, ['a', 'b'], query, Buffer.alloc(32));
  const questions: readonly ((sql: Sql) => Promise<unknown>)[] = [
    find({ email: 'p77@courriel.example' }),
    find({ phone: '+336399877' }),
    find({ reference: 'R-77' }),
    (sql) => findDelivery(sql, '77'),
    (sql) => findDelivery(sql, 'key-77'),
    (sql) => deliveryStory(sql, 77),
    (sql) => routingRefusals(sql, 'a', 77),
    (sql) => countBackfill(sql, 'a', 'a-crm', minute(4000)),
    (sql) => gatewayStatus(sql),
  ];
  for (const question of questions) expect(scans(await plansOf(question))).toEqual([]);
});

test('a person is found by everything asked at once, in the clients named only', async () => {
  const found = async (clients: readonly string[], query: LeadQuery) =>
    (await searchLeads(database, clients, query, Buffer.alloc(32))).map((one) => one.reference);
  expect(await found(['a', 'b'], { phone: '+336399877' })).toEqual(['R-77']);
  expect(await found(['a', 'b'], { phone: '+331399877', email: 'P77@courriel.example' })).toEqual(['R-77']);
  expect(await found(['a', 'b'], { phone: '+336399877', email: 'p78@courriel.example' })).toEqual([]);
  expect(await found(['a'], { phone: '+336399877' })).toEqual([]);
  expect(await found([], { reference: 'R-77' })).toEqual([]);
});

test('the state of the house counts everything and names reasons of what is open', async () => {
  const { deliveries } = await gatewayStatus(database);
  const count = (state: string): number =>
    deliveries.filter((one) => one.state === state).reduce((sum, one) => sum + one.count, 0);
  expect([count('failed'), count('withheld'), count('delivered')]).toEqual([8, 8, leads - 16]);
  expect(deliveries.find((one) => one.state === 'withheld')).toMatchObject({
    reason: 'opt_in_missing:marketing.email',
    count: 8,
    oldest: minute(6),
  });
});
