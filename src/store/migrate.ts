// Runs the numbered SQL migrations, each once, under a lock, with a checksum; then grants the rights of the two working accounts.
// Invariant: a migration that ran is never edited; the gateway's account cannot update, delete or drop the log.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RelaisError } from '../errors.ts';
import { SqlFailure, type Database, type Sql, columnOf, firstNumber, hasRow } from './database.ts';
import { hasTable, migrationFailure, openProgress, runSteps } from './migration-steps.ts';
import { intakeColumns } from './intake/intake.ts';

/** There is no such grant to revoke. */
const noSuchGrant = new Set([1141, 1147]);

/**
 * Grants the account of systems that send leads the right to insert the contract's columns of lead_intake, one by
 * one. Only Relais writes a row's id, status, refusal and times; an older right on the whole table is revoked.
 * @param account `'name'@'host'`
 */
async function grantIntake(owner: Database, account: string): Promise<void> {
  const table = `\`${owner.name}\`.\`lead_intake\``;
  if (await mayHoldTableRight(owner, account)) {
    await owner.text(`REVOKE INSERT ON ${table} FROM ${account}`).catch((error: unknown) => {
      if (!(error instanceof SqlFailure) || !noSuchGrant.has(error.errno)) throw error;
    });
  }
  // After the revocation, which on some servers also revokes rights on columns.
  await owner.text(`GRANT INSERT (${intakeColumns.join(', ')}) ON ${table} TO ${account}`);
}

/** False only when the owner sees rights on columns and none on the table, so that senders are not interrupted needlessly. */
async function mayHoldTableRight(owner: Database, account: string): Promise<boolean> {
  const count = async (view: 'TABLE_PRIVILEGES' | 'COLUMN_PRIVILEGES'): Promise<number> => {
    return firstNumber(
      owner,
      `SELECT COUNT(*) AS n FROM information_schema.${view}
        WHERE GRANTEE = ? AND TABLE_SCHEMA = ? AND TABLE_NAME = 'lead_intake' AND PRIVILEGE_TYPE = 'INSERT'`,
      [account, owner.name],
    );
  };
  return (await count('TABLE_PRIVILEGES')) > 0 || (await count('COLUMN_PRIVILEGES')) === 0;
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The migrations shipped with this version, in order. */
export function shippedMigrations(
  folder: string = join(import.meta.dirname, 'migrations'),
): readonly Migration[] {
  return readdirSync(folder)
    .filter((file) => /^\d{3}_[a-z0-9_]+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(folder, file), 'utf8');
      return {
        version: Number(file.slice(0, 3)),
        name: file.slice(4, -4),
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
      };
    });
}

/**
 * Brings the schema up to date, from where an earlier run stopped. Returns the versions that ran now.
 * @throws DB-002 when a newer program made the schema, DB-003 when a migration was edited after it ran, DB-004 when another process migrates, DB-005 when a statement fails
 */
export async function migrate(
  owner: Database,
  keysSchema: string,
  migrations: readonly Migration[] = shippedMigrations(),
): Promise<readonly Migration[]> {
  const lock = `relais-migrate-${owner.name}`.slice(0, 64);
  return owner.transaction(async (sql) => {
    // Statements and notes commit by themselves on other connections; the transaction only keeps the connection that took the lock.
    const [locked] = await sql.all<{ got: number | null }>('SELECT GET_LOCK(?, 30) AS got', [lock]);
    if (locked?.got !== 1) throw new RelaisError('DB-004', `Another process is migrating ${owner.name}.`);
    try {
      const everMigrated = await hasTable(owner, 'schema_migrations');
      await owner.run(
        `CREATE TABLE IF NOT EXISTS schema_migrations (
           version INT UNSIGNED NOT NULL, name VARCHAR(80) NOT NULL, checksum CHAR(64) NOT NULL,
           applied_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), PRIMARY KEY (version)
         ) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      );
      const left = await notYetRun(owner, migrations);
      let unsure = await openProgress(owner, { everMigrated });
      const ran: Migration[] = [];
      for (const migration of left) {
        const statements = statementsOf(migration.sql.replaceAll('{keys}', `\`${keysSchema}\``));
        await runSteps(owner, migration, statements, { unsure });
        unsure = false;
        await owner.run('INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)', [
          migration.version,
          migration.name,
          migration.checksum,
        ]);
        ran.push(migration);
      }
      return ran;
    } catch (error) {
      throw migrationFailure(error, `Migrating ${owner.name}`);
    } finally {
      await sql.all('SELECT RELEASE_LOCK(?)', [lock]);
    }
  });
}

/** The migrations that `migrate` would run; changes nothing. @throws DB-002, DB-003 */
export async function pendingMigrations(
  owner: Database,
  migrations: readonly Migration[] = shippedMigrations(),
): Promise<readonly Migration[]> {
  return (await hasTable(owner, 'schema_migrations')) ? notYetRun(owner, migrations) : migrations;
}

async function notYetRun(sql: Sql, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const done = await sql.all<{ version: number; checksum: string }>(
    'SELECT version, checksum FROM schema_migrations',
  );
  refuseNewer(done, migrations);
  const ran = new Map(done.map(({ version, checksum }) => [version, checksum]));
  for (const { version, name, checksum } of migrations)
    if (ran.has(version) && ran.get(version) !== checksum)
      throw new RelaisError('DB-003', `Migration ${version} (${name}) differs from the one that ran.`);
  return migrations.filter(({ version }) => !ran.has(version));
}

/** @throws DB-002 when a newer program made the schema: this one knows neither its tables nor the rights they need. */
function refuseNewer(done: readonly { readonly version: number }[], migrations: readonly Migration[]): void {
  const highest = Math.max(0, ...done.map((ran) => ran.version));
  const known = Math.max(0, ...migrations.map((migration) => migration.version));
  if (highest > known)
    throw new RelaisError(
      'DB-002',
      `The schema is at version ${highest}, made by a newer program; this one knows ${known}. Nothing was changed.`,
    );
}

const noSuchTable = 1146;

/** @throws DB-002 when the schema is behind or ahead of this version; DB-006 when the server refuses to read it. */
export async function requireSchema(
  sql: Sql,
  migrations: readonly Migration[] = shippedMigrations(),
): Promise<void> {
  const rows = await sql
    .all<{ version: number }>('SELECT version FROM schema_migrations')
    .catch((error: unknown) => {
      // Only a missing table means that nothing was migrated: any other error says nothing about the schema.
      if (error instanceof SqlFailure && error.errno === noSuchTable) return [];
      if (!(error instanceof SqlFailure)) throw error;
      throw new RelaisError('DB-006', `MySQL answers, and the schema cannot be read (${error.code}).`);
    });
  const highest = Math.max(0, ...rows.map((row) => row.version));
  const wanted = Math.max(0, ...migrations.map((migration) => migration.version));
  if (highest !== wanted) {
    const newer = highest > wanted ? ' A newer version of Relais made it: use that one.' : '';
    throw new RelaisError(
      'DB-002',
      `The schema is at version ${highest}, this program needs ${wanted}.${newer}`,
    );
  }
  const done = new Set(rows.map((row) => row.version));
  const left = migrations
    .filter((migration) => !done.has(migration.version))
    .map((migration) => migration.version);
  if (left.length > 0)
    throw new RelaisError('DB-002', `The schema lacks migration ${left.join(', ')} of this program.`);
}

/** Statements of a file, comments removed; a `;` inside quotes does not end one. */
export function statementsOf(sql: string): readonly string[] {
  const statements: string[] = [];
  let current = '';
  for (const line of sql.split('\n')) {
    if (line.trimStart().startsWith('--')) continue;
    current += `${line}\n`;
    if (line.trimEnd().endsWith(';')) {
      statements.push(current.trim().slice(0, -1));
      current = '';
    }
  }
  if (current.trim() !== '') statements.push(current.trim());
  return statements;
}

/** Tables that the gateway may only read and append to (guarantee 9), or only read. */
const appendOnly = new Set(
  'handovers seals day_seals mapping_versions installation_lives client_notes'.split(' '),
);
const readOnly = new Set([
  'schema_migrations',
  'schema_migration_steps',
  'log_archives',
  'log_archived_ranges',
  'instances',
  'dedication',
  'database_readers',
]);

/** Rights of the gateway's account on a table of the main schema. */
export const gatewayRights = (table: string): readonly string[] =>
  readOnly.has(table)
    ? ['SELECT']
    : appendOnly.has(table)
      ? ['SELECT', 'INSERT']
      : ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Tables of the keys schema that the gateway reads and writes. */
export const gatewayKeyTables: readonly string[] = ['lead_secrets', 'request_secrets'];

/**
 * Gives the working accounts their rights, table by table; run after every migration by the owner.
 * @param gateway `'name'@'host'` of the account of planner, worker, console and CLI
 * @param intake the account of systems that insert leads: INSERT into the contract's columns of lead_intake, nothing else
 */
export async function grantRights(
  owner: Database,
  keysSchema: string,
  accounts: { readonly gateway: Account; readonly intake?: Account },
): Promise<void> {
  const tables = await owner.all<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [owner.name],
  );
  const gateway = quoted(accounts.gateway);
  for (const { name } of tables)
    await owner.text(
      `GRANT ${gatewayRights(name).join(', ')} ON \`${owner.name}\`.\`${name}\` TO ${gateway}`,
    );
  for (const table of gatewayKeyTables)
    await owner.text(`GRANT SELECT, INSERT, UPDATE, DELETE ON \`${keysSchema}\`.\`${table}\` TO ${gateway}`);
  if (accounts.intake !== undefined) await grantIntake(owner, quoted(accounts.intake));
}

/**
 * True when the account exists; undefined when the owner may not read the accounts. MariaDB's GRANT would create one, without a
 * password.
 */
export async function accountExists(owner: Sql, { user, host }: Account): Promise<boolean | undefined> {
  try {
    return await hasRow(owner, 'SELECT 1 FROM mysql.user WHERE User = ? AND Host = ?', [user, host]);
  } catch (error) {
    if (!(error instanceof SqlFailure) || ![1044, 1142].includes(error.errno)) throw error;
    return undefined;
  }
}

/** Host parts of a user's accounts in MySQL. Runs under the owner's account. */
export async function accountHosts(owner: Sql, user: string): Promise<readonly string[]> {
  try {
    return await columnOf<string>(
      owner,
      'SELECT Host AS origin FROM mysql.user WHERE User = ? ORDER BY Host',
      [user],
    );
  } catch (error) {
    // The owner of one schema need not have the right to read the server's accounts.
    if (!(error instanceof SqlFailure) || ![1044, 1142].includes(error.errno)) throw error;
    throw new RelaisError(
      'CONFIG-001',
      `The owner account may not read MySQL's accounts; say the host part of ${user} with --host, e.g. --host 10.0.3.7.`,
    );
  }
}

export interface Account {
  readonly user: string;
  readonly host: string;
}

function quoted({ user, host }: Account): string {
  for (const part of [user, host]) {
    if (!/^[A-Za-z0-9_.%:-]{1,80}$/.test(part))
      throw new RelaisError('CONFIG-001', `"${part}" is not an account or host name.`);
  }
  return `'${user}'@'${host}'`;
}
