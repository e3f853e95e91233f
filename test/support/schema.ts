// The tables of a test: those that `migrate` makes, made once a run and copied for each database after that.
// Invariant: a copy is what `migrate` would have made; test/store/migrate.test.ts compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import mysql from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { grantRights, migrate } from '../../src/store/migrate.ts';
import { freshDatabase } from './database.ts';

/** Stand for the names of the two schemas. */
const names = { main: '{main}', keys: '{keys}' };

/** The statements that make all tables, their triggers and first rows, in order. */
export async function schemaOf(url: string, main: string, keys: string): Promise<readonly string[]> {
  const connection = await mysql.createConnection({ uri: url, dateStrings: true });
  try {
    const statements: string[] = [];
    for (const schema of [keys, main]) statements.push(...(await tablesOf(connection, schema)));
    const [triggers] = await connection.query<RowDataPacket[]>(`SHOW TRIGGERS FROM \`${main}\``);
    for (const { Trigger: name } of triggers as { Trigger: string }[]) {
      const [rows] = await connection.query<RowDataPacket[]>(`SHOW CREATE TRIGGER \`${main}\`.\`${name}\``);
      const text = String((rows[0] as { 'SQL Original Statement': string })['SQL Original Statement']);
      // MySQL keeps the semicolon that ended it among others.
      statements.push(text.replace(/DEFINER=\S+ /, '').replace(/;$/, ''));
    }
    return statements.map((text) => text.replaceAll(keys, names.keys).replaceAll(main, names.main));
  } finally {
    await connection.end();
  }
}

async function tablesOf(connection: Connection, schema: string): Promise<readonly string[]> {
  const statements = [`USE \`${schema}\``];
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
    [schema],
  );
  for (const { name } of tables as { name: string }[]) {
    const [made] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE \`${schema}\`.\`${name}\``);
    const text = String((made[0] as Record<string, unknown>)['Create Table']);
    // MySQL names the character set of a column where it was named when the column was made.
    statements.push(text.replaceAll(' CHARACTER SET utf8mb4 COLLATE ', ' COLLATE '));
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT * FROM \`${schema}\`.\`${name}\``);
    for (const row of rows) statements.push(connection.format('INSERT INTO ?? SET ?', [name, row]));
  }
  return statements;
}

/** Migrates a database of its own and writes its schema into `file`, for `layTables` of every test after that. */
export async function keepSchema(file: string): Promise<void> {
  const fresh = await freshDatabase();
  try {
    const owner = openDatabase({ url: fresh.ownerUrl, connections: 2 });
    await migrate(owner, `${fresh.name}_keys`);
    await owner.close();
    writeFileSync(file, JSON.stringify(await schemaOf(fresh.ownerUrl, fresh.name, `${fresh.name}_keys`)));
  } finally {
    await fresh.drop();
  }
}

/** Makes all tables in a fresh database, as `migrate` does. */
export async function layTables({
  ownerUrl,
  name,
}: {
  readonly ownerUrl: string;
  readonly name: string;
}): Promise<void> {
  const kept = process.env['RELAIS_TEST_SCHEMA'];
  // Nobody has kept one for a storm, the years or the bench, which run outside of the tests.
  if (kept === undefined) return migrated(ownerUrl, `${name}_keys`);
  const statements = JSON.parse(readFileSync(kept, 'utf8')) as readonly string[];
  const text = ['SET FOREIGN_KEY_CHECKS = 0', ...statements].join(';\n');
  await runTogether(ownerUrl, text.replaceAll(names.keys, `${name}_keys`).replaceAll(names.main, name));
}

/** Creates the gateway's account and grants its rights as `grantRights` does, in one message instead of a hundred. */
export async function grantTogether(
  owner: Database,
  ownerUrl: string,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<void> {
  const statements = [`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`];
  const text = async (sql: string): Promise<void> => void (await Promise.resolve(statements.push(sql)));
  await grantRights({ ...owner, text }, `${owner.name}_keys`, { gateway: { user, host: '%' } });
  await runTogether(ownerUrl, statements.join(';\n'));
}

async function runTogether(ownerUrl: string, statements: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: ownerUrl, multipleStatements: true });
  try {
    await connection.query(statements);
  } finally {
    await connection.end();
  }
}

async function migrated(ownerUrl: string, keysSchema: string): Promise<void> {
  const owner = openDatabase({ url: ownerUrl, connections: 2 });
  try {
    await migrate(owner, keysSchema);
  } finally {
    await owner.close();
  }
}
