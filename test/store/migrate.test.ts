// Migrations: each once, never edited afterwards, two migrators at once without harm; a schema of another version is refused.
import { RelaisError } from '../../src/errors.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import {
  migrate,
  requireSchema,
  shippedMigrations,
  statementsOf,
  type Migration,
} from '../../src/store/migrate.ts';
import { freshDatabase, type FreshDatabase } from '../support/database.ts';

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
    `The schema is at version 900, this program needs ${shippedMigrations().length}.`,
  );
});

test('every shipped statement stands alone: no two in one, no comment left, no version twice', () => {
  const shipped = shippedMigrations();
  expect(shipped.map((one) => one.version)).toEqual(shipped.map((_, index) => index + 1));
  for (const { sql } of shipped)
    for (const statement of statementsOf(sql)) {
      expect(statement).toMatch(/^(CREATE|ALTER|INSERT|UPDATE|DROP TRIGGER)\b/);
      expect(statement).not.toMatch(/^\s*--|;\s*$/m);
    }
});
