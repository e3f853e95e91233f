// A database of its own for each test file that asks: random name, dropped with its users afterwards.
// Names carry the mark of the Jest run (RELAIS_TEST_RUN): on servers given by the caller, two runs at once must
// not accuse each other of leaks.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';

export type FreshDatabase = {
  /** root-like account, with the fresh database selected: mysql://user:password@host:port/rt_... */
  readonly ownerUrl: string;
  /** rt_<hex>; an empty schema <name>_keys stands beside it */
  readonly name: string;
  readonly drop: () => Promise<void>;
};

export async function freshDatabase(): Promise<FreshDatabase> {
  const serverUrl = process.env['RELAIS_TEST_MYSQL_URL'];
  if (serverUrl === undefined) {
    throw new Error(
      'RELAIS_TEST_MYSQL_URL is not set: this file needs services, so its name must not end in .unit.test.ts.',
    );
  }
  const name = `rt_${process.env['RELAIS_TEST_RUN'] ?? ''}${randomBytes(6).toString('hex')}`;
  await withConnection(serverUrl, async (connection) => {
    for (const schema of [name, `${name}_keys`]) {
      await connection.query(`CREATE DATABASE \`${schema}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
    }
  });
  const ownerUrl = new URL(serverUrl);
  ownerUrl.pathname = `/${name}`;
  return {
    ownerUrl: ownerUrl.href,
    name,
    drop: () => withConnection(serverUrl, (connection) => dropEverythingNamed(connection, name)),
  };
}

/** Databases and users of this run's tests that are still there, as `rt_...` and `user rt_...`. */
export async function leftoverDatabases(serverUrl: string): Promise<string[]> {
  return await withConnection(serverUrl, async (connection) => {
    const databases = await namesOf(
      connection,
      'SELECT schema_name AS name FROM information_schema.schemata',
    );
    const users = await namesOf(connection, 'SELECT DISTINCT user AS name FROM mysql.user');
    return [...databases, ...users.map((user) => `user ${user}`)];
  });
}

async function dropEverythingNamed(connection: Connection, name: string): Promise<void> {
  for (const schema of [name, `${name}_keys`]) await dropSchema(connection, schema);
  const [accounts] = await connection.query<RowDataPacket[]>(
    'SELECT user AS account, host AS origin FROM mysql.user WHERE LEFT(user, ?) = ?',
    [name.length, name],
  );
  for (const { account, origin } of accounts as { account: string; origin: string }[]) {
    await connection.query('DROP USER IF EXISTS ?@?', [account, origin]);
  }
}

/** Repeats where InnoDB still removes a file of it, and the folder is not empty: longer on a busy machine. */
async function dropSchema(connection: Connection, schema: string, tries = 1): Promise<void> {
  try {
    await connection.query(`DROP DATABASE IF EXISTS \`${schema}\``);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ER_DB_DROP_RMDIR' || tries === 10) throw error;
    await pause(tries * 100);
    await dropSchema(connection, schema, tries + 1);
  }
}

async function namesOf(connection: Connection, select: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(select);
  return (rows as { name: string }[])
    .map((row) => row.name)
    .filter((name) => name.startsWith(`rt_${process.env['RELAIS_TEST_RUN'] ?? ''}`));
}

async function withConnection<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await mysql.createConnection(url);
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
