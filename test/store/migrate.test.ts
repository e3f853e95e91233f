// Migrations: each once, never edited afterwards, two migrators at once without harm; a schema of another version is refused.
import { RelaisError } from '../../src/errors.ts';
import { openDatabase, SqlFailure, type Database, type Sql } from '../../src/store/database.ts';
import {
  migrate,
  requireSchema,
  shippedMigrations,
  statementsOf,
  type Migration,
} from '../../src/store/migrate.ts';

import { migrationFailure } from '../../src/store/migration-steps.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';
import { layTables, schemaOf } from '../support/schema.ts';

let fresh: FreshDatabase;
let owner: Database;
const open: Database[] = [];
const another = (): Database => {
  const one = openDatabase({ url: fresh.ownerUrl, connections: 3 });
  open.push(one);
  return one;
};
const keys = (): string => `${fresh.name}_keys`;
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was refused',
    (error: unknown) => (error instanceof RelaisError ? error.code : String(error)),
  );
const later: Migration = {
  ...{ version: 900, name: 'later', checksum: 'a'.repeat(64) },
  sql: 'CREATE TABLE later_one (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\nINSERT INTO later_one (id) VALUES (1);\n',
};
const tables = async (): Promise<string[]> =>
  (
    await owner.all<{ name: string }>(
      'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (?, ?) ORDER BY 1',
      [fresh.name, keys()],
    )
  ).map((one) => one.name);

beforeEach(async () => {
  fresh = await freshDatabase();
  owner = another();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await fresh.drop();
});

test('run once they make the whole schema; run again they do nothing', async () => {
  const shipped = shippedMigrations();
  expect((await migrate(owner, keys())).map((one) => one.version)).toEqual(shipped.map((one) => one.version));
  const after = await tables();
  expect(after).toEqual(
    expect.arrayContaining(['deliveries', 'handovers', 'lead_intake', 'lead_secrets', 'seals']),
  );
  await expect(migrate(owner, keys())).resolves.toEqual([]);
  expect(await tables()).toEqual(after);
});

test('the tables that other tests begin with are those that the migrations make', async () => {
  await migrate(owner, keys());
  const copy = await freshDatabase();
  try {
    await layTables(copy);
    const ofBoth = [fresh, copy].map(async ({ ownerUrl, name }) => {
      const statements = await schemaOf(ownerUrl, name, `${name}_keys`);
      // When each migration ran.
      return statements.map((text) => text.replace(/(?<=`applied_at` = )'[^']*'/, 'then'));
    });
    const [made, copied] = await Promise.all(ofBoth);
    expect(made?.length).toBeGreaterThan(80);
    expect(copied).toEqual(made);
  } finally {
    await copy.drop();
  }
});

test('a new migration runs alone, after those that ran', async () => {
  await migrate(owner, keys());
  expect((await migrate(owner, keys(), [...shippedMigrations(), later])).map((one) => one.name)).toEqual([
    'later',
  ]);
  await expect(owner.all('SELECT id FROM later_one')).resolves.toEqual([{ id: 1 }]);
});

test('one that was edited after it ran is refused (DB-003), and nothing after it runs', async () => {
  await migrate(owner, keys());
  const edited = shippedMigrations().map((one) => ({ ...one, checksum: 'b'.repeat(64) }));
  await expect(codeOf(migrate(owner, keys(), [...edited, later]))).resolves.toBe('DB-003');
  expect(await tables()).not.toContain('later_one');
});

test('after a refusal the lock is free: the right files migrate at once', async () => {
  await migrate(owner, keys());
  const edited = shippedMigrations().map((one) => ({ ...one, checksum: 'b'.repeat(64) }));
  await codeOf(migrate(owner, keys(), edited));
  await expect(migrate(another(), keys())).resolves.toEqual([]);
});

test('of two migrators at once one does the work and the other finds it done', async () => {
  const both = await Promise.all([migrate(owner, keys()), migrate(another(), keys())]);
  expect(both.map((ran) => ran.length).toSorted((a, b) => a - b)).toEqual([0, shippedMigrations().length]);
  const rows = await owner.all<{ version: number }>('SELECT version FROM schema_migrations');
  expect(rows).toHaveLength(shippedMigrations().length);
});

test('a program meets an empty, an older or a newer schema: DB-002, with both versions', async () => {
  await expect(codeOf(requireSchema(owner))).resolves.toBe('DB-002');
  await migrate(owner, keys());
  await expect(requireSchema(owner)).resolves.toBeUndefined();
  await expect(codeOf(requireSchema(owner, [...shippedMigrations(), later]))).resolves.toBe('DB-002');
  await migrate(owner, keys(), [...shippedMigrations(), later]);
  const newer = requireSchema(owner);
  await expect(codeOf(newer)).resolves.toBe('DB-002');
  await expect(newer).rejects.toThrow(
    `The schema is at version 900, this program needs ${shippedMigrations().at(-1)?.version ?? 0}.`,
  );
  const backwards = migrate(owner, keys());
  await expect(codeOf(backwards)).resolves.toBe('DB-002');
  await expect(backwards).rejects.toThrow('made by a newer program');
});

test('a server that refuses the question says nothing of the schema: DB-006, not an empty one', async () => {
  const full = { all: () => Promise.reject(new SqlFailure(1040, 'ER_CON_COUNT_ERROR')) } as unknown as Sql;
  await expect(codeOf(requireSchema(full))).resolves.toBe('DB-006');
});

test('a schema that lacks one in the middle is not taken for whole, and migrate makes up for it', async () => {
  await migrate(owner, keys(), [...shippedMigrations(), later]);
  const between = { ...later, version: 899, name: 'between', sql: 'CREATE TABLE between_one (id INT);\n' };
  const all = [...shippedMigrations(), between, later];
  await expect(requireSchema(owner, all)).rejects.toThrow('The schema lacks migration 899 of this program.');
  await migrate(owner, keys(), all);
  await expect(requireSchema(owner, all)).resolves.toBeUndefined();
});

test('every shipped statement stands alone: no two in one, no comment left, no version twice', () => {
  const shipped = shippedMigrations();
  const versions = shipped.map((one) => one.version);
  expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
  for (const { sql } of shipped)
    for (const statement of statementsOf(sql)) {
      expect(statement).toMatch(/^(CREATE|ALTER|INSERT|UPDATE|DROP TRIGGER|DROP TABLE IF EXISTS)\b/);
      expect(statement).not.toMatch(/^\s*--|;\s*$/m);
    }
});

describe('a migration that stopped half-way', () => {
  const table = (name: string): string =>
    `CREATE TABLE ${name} (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n`;
  const three: Migration = {
    ...{ version: 900, name: 'three', checksum: 'c'.repeat(64) },
    sql: `${table('one')}INSERT INTO one (id) SELECT COUNT(*) + 1 FROM one;\n${table('two')}`,
  };
  const all = [...shippedMigrations(), three];
  const rows = (): Promise<unknown> => owner.all('SELECT id FROM one');

  test('names the statement, the server’s error and what to do, and goes on from there once that is done', async () => {
    await owner.text('CREATE TABLE two (id INT)');
    const stopped = migrate(owner, keys(), all);
    await expect(codeOf(stopped)).resolves.toBe('DB-005');
    await expect(stopped).rejects.toThrow(
      /^Migration 900 \(three\), statement 3 of 3 \(CREATE TABLE two .*\): MySQL error 1050 .*: a table of this name is there and is not of Relais/,
    );
    await expect(codeOf(requireSchema(owner, all))).resolves.toBe('DB-002');
    // Not taken for its own at the second try either.
    await expect(codeOf(migrate(owner, keys(), all))).resolves.toBe('DB-005');
    await owner.text('DROP TABLE two');
    expect((await migrate(owner, keys(), all)).map((one) => one.version)).toEqual([900]);
    await expect(rows()).resolves.toEqual([{ id: 1 }]);
    await expect(requireSchema(owner, all)).resolves.toBeUndefined();
  });
  test('because its process died after a statement, before its note, goes on behind that statement', async () => {
    await migrate(owner, keys());
    await owner.text('CREATE TABLE one (id INT)');
    await owner.run('INSERT INTO schema_migration_steps (version, step, done) VALUES (900, 1, 0)');
    await expect(codeOf(migrate(owner, keys(), all))).resolves.toBe('nothing was refused');
    await expect(rows()).resolves.toEqual([{ id: 1 }]);
  });
  test('under a program that noted no progress is resumed, the first one too', async () => {
    await migrate(owner, keys());
    // As it stands when 001 stopped at the first trigger: the tables are there, the later ones are not.
    for (const name of ['schema_migration_steps', 'log_archives', 'log_archived_ranges', 'delivery_keys'])
      await owner.text(`DROP TABLE ${name}`);
    await owner.text('DROP TRIGGER handovers_no_update');
    await owner.run('DELETE FROM schema_migrations WHERE version > 0');
    const [first] = shippedMigrations();
    expect((await migrate(owner, keys(), first === undefined ? [] : [first])).length).toBe(1);
    await owner.run("INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(3), 'x', 'x')");
    await expect(owner.run('UPDATE handovers SET client_id = 1')).rejects.toThrow(SqlFailure);
  });
  test('for want of a right says which account lacks it', async () => {
    const name = `${fresh.name}_o`;
    await owner.text(`CREATE USER '${name}'@'%' IDENTIFIED BY 'secret'`);
    await owner.text(`GRANT ALL PRIVILEGES ON \`${fresh.name}\`.* TO '${name}'@'%' WITH GRANT OPTION`);
    const url = new URL(fresh.ownerUrl);
    [url.username, url.password] = [name, 'secret'];
    const narrow = openDatabase({ url: url.href, connections: 3 });
    open.push(narrow);
    await expect(migrate(narrow, keys())).rejects.toThrow(
      /lead_secrets .*MySQL error (1044|1142) .*owner account .*GRANT ALL PRIVILEGES/,
    );
    await owner.text(`GRANT ALL PRIVILEGES ON \`${keys()}\`.* TO '${name}'@'%' WITH GRANT OPTION`);
    // As MySQL is set by default; MariaDB writes no binary log by default.
    const [server] = await owner.all<{ guarded: number }>(
      'SELECT @@log_bin = 1 AND @@log_bin_trust_function_creators = 0 AS guarded',
    );
    if (server?.guarded === 1) {
      await expect(migrate(narrow, keys())).rejects.toThrow(
        /MySQL error 1419 .*set log_bin_trust_function_creators = ON/,
      );
      // It stays on: a trial of presets beside this test may be about to migrate.
      await owner.text('SET GLOBAL log_bin_trust_function_creators = ON');
    }
    expect((await migrate(narrow, keys())).length).toBe(shippedMigrations().length);
  });
  test.each([
    [1419, 'log_bin_trust_function_creators = ON'],
    [1044, 'WITH GRANT OPTION'],
    [1050, 'a database of its own'],
    [1410, 'the account does not exist'],
  ])('with error %i gets what to do', (errno, text) => {
    const failure = migrationFailure(new SqlFailure(errno, 'ER_X'), 'Here') as RelaisError;
    expect([failure.code, failure.message]).toEqual(['DB-005', expect.stringContaining(text)]);
    expect(failure.message).not.toContain('deliver');
  });
});
