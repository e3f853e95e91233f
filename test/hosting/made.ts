// An installation for one client beside a shared one, as `relais instance create` makes it, on the servers of the test run.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { terminalOf, type Ran } from '../cli/terminal.ts';
import { trustGuests } from '../sandbox/trust.ts';

/** The address that MySQL sees this process come from. */
export async function addressHere(url: string): Promise<string> {
  const connection = await mysql.createConnection(url);
  try {
    const [rows] = await connection.query("SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host");
    return (rows as { host: string }[])[0]?.host ?? '';
  } finally {
    await connection.end();
  }
}

/** The values of an environment file. */
export const environmentIn = (path: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

export interface InstanceHome {
  readonly folder: string;
  readonly create: (client: string, more?: Readonly<Record<string, string>>) => Promise<Ran>;
  /** `relais.env` and `owner.env` of a client's installation. */
  readonly environment: (client: string) => Record<string, string>;
  readonly drop: () => Promise<void>;
}

/** @param shared variables of the shared installation, its owner's account included */
export async function instanceHome(shared: Readonly<Record<string, string>>): Promise<InstanceHome> {
  const serverUrl = process.env['RELAIS_TEST_MYSQL_URL'] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'relais-instances-'));
  await trustGuests(serverUrl);
  const host = await addressHere(serverUrl);
  const schema = new URL(shared['RELAIS_MYSQL_URL'] ?? '').pathname.slice(1);
  return {
    folder,
    create: (client, more = {}) =>
      terminalOf({ ...shared, RELAIS_MYSQL_ADMIN_URL: serverUrl, ...more })(
        ...['instance', 'create', client, '--host', host],
        ...['--folder', join(folder, 'etc'), '--data', join(folder, 'data')],
      ),
    environment: (client) => ({
      ...environmentIn(join(folder, 'etc', client, 'relais.env')),
      ...environmentIn(join(folder, 'etc', client, 'owner.env')),
      RELAIS_ACTOR: 'Sophie',
    }),
    drop: async () => {
      const connection = await mysql.createConnection(serverUrl);
      const [rows] = await connection.query(
        'SELECT schema_name AS name FROM information_schema.schemata WHERE LEFT(schema_name, ?) = ?',
        [schema.length + 1, `${schema}_`],
      );
      for (const { name } of rows as { name: string }[])
        if (name !== `${schema}_keys`) await connection.query(`DROP DATABASE \`${name}\``);
      await connection.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
