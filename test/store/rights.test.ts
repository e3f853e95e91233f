// Guarantee 9 and C40: what the accounts may not do, and what not even the owner does by mistake.
import { grantRights } from '../../src/store/migrate.ts';
import { SqlFailure, type Database } from '../../src/store/database.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
/** As text: MySQL prepares no DROP TRIGGER, and the driver does not read what it answers to a SET that is prepared. */
const sent = async (database: Database, sql: string): Promise<number> => {
  if (!/^(SET|DROP TRIGGER) /.test(sql)) return (await database.run(sql)).affected;
  await database.text(sql);
  return 0;
};
/** The server's error number, or what came instead. */
const refusal = (database: Database, sql: string): Promise<number | string> =>
  sent(database, sql).then(
    (affected) => `done, ${affected} rows`,
    (error: unknown) => (error instanceof SqlFailure ? error.errno : String(error)),
  );
/** ER_TABLEACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const denied = [1142, 1044, 1227];
const raisedByTrigger = 1644;

beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.run(
    "INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai')",
  );
  await home.owner.run("INSERT INTO seals VALUES (1, UTC_TIMESTAMP(3), '1', '', 1, '', '', '')");
});
afterAll(() => home.close());

describe.each(['handovers', 'seals'])('the table %s', (table) => {
  const [key, column] = table === 'seals' ? ['sequence', 'count'] : ['id', 'status'];
  test.each([
    `UPDATE ${table} SET ${column} = 5`,
    `UPDATE ${table} SET ${column} = 5 WHERE ${key} = 0`,
    `DELETE FROM ${table}`,
    `TRUNCATE TABLE ${table}`,
    `DROP TABLE ${table}`,
    `ALTER TABLE ${table} DROP COLUMN ${column}`,
    `DROP TRIGGER ${table}_no_update`,
    `RENAME TABLE ${table} TO elsewhere`,
    `REPLACE INTO ${table} (${key}) VALUES (1)`,
    `INSERT INTO ${table} (${key}) VALUES (1) ON DUPLICATE KEY UPDATE ${column} = 5`,
  ])('C09: the gateway’s account is denied: %s', async (sql) => {
    expect(denied).toContain(await refusal(home.gateway, sql));
  });
  test.each([
    `UPDATE ${table} SET ${column} = 5`,
    `DELETE FROM ${table}`,
    `DELETE FROM ${table} WHERE ${key} = 1`,
    `INSERT INTO ${table} SELECT * FROM ${table} WHERE ${key} = 1 ON DUPLICATE KEY UPDATE ${column} = 5`,
  ])('C09: a trigger stops even the owner: %s', async (sql) => {
    await expect(refusal(home.owner, sql)).resolves.toBe(raisedByTrigger);
  });
  test('what stood there stands there still', async () => {
    await expect(home.owner.all(`SELECT ${column} AS value FROM ${table}`)).resolves.toEqual([
      { value: table === 'seals' ? 1 : 0 },
    ]);
  });
});

test('published mappings are as immutable as the log for the gateway', async () => {
  expect(denied).toContain(await refusal(home.gateway, "UPDATE mapping_versions SET note = 'x'"));
  expect(denied).toContain(await refusal(home.gateway, 'DELETE FROM mapping_versions'));
});

test.each([
  'CREATE TABLE mine (id INT)',
  'DROP TABLE leads',
  'TRUNCATE TABLE deliveries',
  'DELETE FROM schema_migrations',
  'SELECT user FROM mysql.user',
  'SET GLOBAL general_log = 1',
  'GRANT DELETE ON handovers TO CURRENT_USER',
])('C40: the gateway has least rights: %s', async (sql) => {
  const answer = await refusal(home.gateway, sql);
  expect([...denied, 1045, 1410]).toContain(answer);
});

describe('C40: the account that sends leads', () => {
  test('inserts rows for the intake', async () => {
    await expect(
      refusal(home.intake, "INSERT INTO lead_intake (client_id, reference) VALUES ('essai', 'R-1')"),
    ).resolves.toBe('done, 1 rows');
  });
  test.each([
    'SELECT id FROM lead_intake',
    'UPDATE lead_intake SET refusal = NULL',
    'DELETE FROM lead_intake',
    "INSERT INTO lead_intake (id, client_id, reference) VALUES (9007199254740993, 'essai', 'R-2')",
    "INSERT INTO lead_intake (client_id, reference, status) VALUES ('essai', 'R-2', '')",
    "INSERT INTO lead_intake (client_id, reference, refusal) VALUES ('essai', 'R-2', '[]')",
    "INSERT INTO lead_intake (client_id, reference, received_at) VALUES ('essai', 'R-2', '2020-01-01')",
    "INSERT INTO lead_intake (client_id, reference, settled_at) VALUES ('essai', 'R-2', '2020-01-01')",
    'SELECT id FROM leads',
    'SELECT last_name FROM prospects',
    'SELECT id FROM handovers',
    "INSERT INTO lead_changes (client_id, lead_id, revision, kind) VALUES ('essai', 1, 1, 'created')",
    "INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai')",
  ])('may do nothing else: %s', async (sql) => {
    expect([...denied, 1143]).toContain(await refusal(home.intake, sql));
  });
});

test('C40: the right on the whole table of an earlier version is taken back, and rights given again leave the sender able to send', async () => {
  const accounts = {
    gateway: { user: `${home.name}_g`, host: '%' },
    intake: { user: `${home.name}_i`, host: '%' },
  };
  await home.owner.text(`GRANT INSERT ON \`${home.name}\`.lead_intake TO '${home.name}_i'@'%'`);
  for (let round = 0; round < 2; round += 1) {
    await grantRights(home.owner, home.keysSchema, accounts);
    expect([
      await refusal(
        home.intake,
        "INSERT INTO lead_intake (client_id, reference, status) VALUES ('essai', 'R-3', '')",
      ),
      await refusal(home.intake, "INSERT INTO lead_intake (client_id, reference) VALUES ('essai', 'R-3')"),
    ]).toEqual([1143, 'done, 1 rows']);
  }
});

test('rights given again change nothing, and an account name that is no name is refused', async () => {
  const gateway = { user: `${home.name}_g`, host: '%' };
  await grantRights(home.owner, home.keysSchema, { gateway });
  expect(denied).toContain(await refusal(home.gateway, 'DELETE FROM handovers'));
  await expect(
    grantRights(home.owner, home.keysSchema, { gateway: { user: "x'@'%", host: '%' } }),
  ).rejects.toThrow('is not an account');
});
