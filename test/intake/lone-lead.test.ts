// A lead alone is taken in by what this process remembers of its client: whatever has changed meanwhile is seen all the same.
import type { Intake } from '../../src/intake/accept.ts';
import { lockClients } from '../../src/store/client-locks.ts';
import type { Database, SqlValues } from '../../src/store/database.ts';
import { crossing } from '../store/crossing.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { postOf } from './posts.ts';
import { grant, lead } from './rows.ts';

let home: IntakeHome;
let intake: Intake;
/** How often a client was locked with all its lists. */
let reads = 0;

const watched = (database: Database): Database => ({
  ...database,
  transaction: (work, options) =>
    database.transaction((tx) => {
      const all = <Row>(sql: string, values?: SqlValues): Promise<Row[]> => {
        if (sql.startsWith('SELECT JSON_ARRAY(c.id')) reads += 1;
        return tx.all<Row>(sql, values);
      };
      return work({ ...tx, all });
    }, options),
});

beforeAll(async () => {
  home = await openIntakeHome();
});
beforeEach(async () => {
  await home.empty();
  for (const table of [
    'operations',
    'oppositions',
    'erased_addresses',
    'former_addresses',
    'api_keys',
    'destinations',
  ])
    await home.database.run(`DELETE FROM ${table}`);
  await home.database.run('UPDATE clients SET closed_at = NULL, moved_at = NULL');
  intake = home.intake(undefined, { database: watched(home.database), provenAfter: 0 });
  await takeIn('L-1');
  reads = 0;
});
afterAll(() => home.close());

const addresses = {
  email: 'zoe@courriel.example',
  mobile: '+33639980123',
  landline: '+33199001234',
  consents: JSON.stringify([grant()]),
};
const takeIn = async (reference: string, more = {}) => {
  await home.send(lead(reference, { ...addresses, ...more }));
  const { accepted, refused, duplicates, waiting } = await intake.acceptBatch(100);
  return { accepted, refused, duplicates, waiting };
};
const run = (sql: string, ...values: SqlValues) => home.database.run(sql, values);
const one = { accepted: 1, refused: 0, duplicates: 0, waiting: 0 };
const withdrawn = (column: string) => () =>
  run(`UPDATE prospects SET withdrawn = 1, ${column} = ?`, addresses[column as keyof typeof addresses]);

test('the next lead is inserted by the statement that proves that nothing has changed', async () => {
  expect(await takeIn('L-2')).toEqual(one);
  expect(await takeIn('L-3', { email: null, mobile: null })).toEqual(one);
  expect(reads).toBe(0);
  expect([await home.count('leads'), await home.count('consents'), await home.count('lead_intake')]).toEqual([
    3, 3, 0,
  ]);
  const [first, second] = await home.database.all<Record<string, unknown>>(
    'SELECT client_id, OCTET_LENGTH(row_digest) AS digest, channel, collected_at, notice FROM leads ORDER BY id',
  );
  expect(second).toEqual(first);
});

test.each<[string, () => Promise<unknown>, Partial<typeof one>]>([
  [
    'an operation is recorded',
    () =>
      run(
        "INSERT INTO operations (client_id, code, kind, recorded_by) VALUES ('acme', 'OP', 'one_off', 'x')",
      ),
    {},
  ],
  [
    'an objection is recorded',
    () =>
      run(
        "INSERT INTO oppositions (client_id, digest, purpose, channel, recorded_at, receipt) VALUES ('acme', ?, 'marketing', 'email', UTC_TIMESTAMP(3), 1)",
        Buffer.alloc(32, 1),
      ),
    {},
  ],
  [
    'an address was erased',
    () =>
      run(
        "INSERT INTO erased_addresses (client_id, digest, erased_at) VALUES ('acme', ?, UTC_TIMESTAMP(3))",
        Buffer.alloc(32, 1),
      ),
    {},
  ],
  [
    'a lead was parted from an address',
    () =>
      run(
        "INSERT INTO former_addresses (lead_id, client_id, digest) VALUES (1, 'acme', ?)",
        Buffer.alloc(32, 1),
      ),
    {},
  ],
  ['a consent was taken back under the mail address', withdrawn('email'), {}],
  ['a consent was taken back under the mobile', withdrawn('mobile'), {}],
  ['a consent was taken back under the landline', withdrawn('landline'), {}],
  [
    'it has another destination',
    () =>
      run(
        "INSERT INTO destinations (id, client_id, connector, leads_from) VALUES ('acme-crm', 'acme', 'webhook', '2026-01-01')",
      ),
    {},
  ],
  ['its contract has other facts', () => run('UPDATE clients SET facts_revision = facts_revision + 1'), {}],
  [
    'its contract has ended',
    () => run('UPDATE clients SET closed_at = UTC_TIMESTAMP(3)'),
    { accepted: 0, refused: 1 },
  ],
  [
    'it has moved to another installation',
    () => run('UPDATE clients SET moved_at = UTC_TIMESTAMP(3)'),
    { accepted: 0, waiting: 1 },
  ],
  [
    'its name is taken',
    () => run("UPDATE leads SET reference = 'L-2', row_digest = ?", Buffer.alloc(32, 1)),
    { accepted: 0, refused: 1 },
  ],
  ['the same row was taken in before', () => takeIn('L-2'), { accepted: 0, duplicates: 1 }],
])('all is read under the lock where %s', async (_, change, settled) => {
  await change();
  reads = 0;
  expect(await takeIn('L-2')).toEqual({ ...one, ...settled });
  expect(reads).toBe(1);
});

test('a list that another process fills while the lead waits for its client is seen', async () => {
  await home.send(lead('L-2', addresses));
  const [ended] = await crossing(
    home.database,
    async (tx) => {
      await lockClients(tx, ['acme'], 'alone');
      await tx.run('UPDATE prospects SET withdrawn = 1');
    },
    [() => intake.acceptBatch(100)],
  );
  expect(ended).toMatchObject({ status: 'fulfilled', value: { accepted: 1 } });
  expect(reads).toBe(1);
});

test('a post under an API key is stored while the key is in force', async () => {
  const { insertId: apiKey } = await run(
    "INSERT INTO api_keys (name, scopes, digest, expires_at) VALUES ('site', 'leads', ?, '2099-01-01')",
    Buffer.alloc(32, 1),
  );
  expect(await intake.takePost({ ...postOf('L-2'), apiKey })).toBeDefined();
  expect(reads).toBe(0);
  await run('UPDATE api_keys SET ended_at = UTC_TIMESTAMP(3)');
  expect(await intake.takePost({ ...postOf('L-3'), apiKey })).toBeUndefined();
  expect(await home.count('leads')).toBe(2);
});
