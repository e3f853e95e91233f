// Records completed backups, and reads the facts a backup's manifest needs.
// Invariant: a row is added when all files of the backup are on the disk, never before.
import { type Database, type Sql, columnOf, firstNumber, firstValue } from '../database.ts';

export async function recordBackup(
  sql: Sql,
  backup: { readonly name: string; readonly bytes: number },
): Promise<void> {
  await sql.run('INSERT INTO backups (name, bytes) VALUES (?, ?)', [backup.name, backup.bytes]);
}

/** Notes that a backup was tested; the caller holds the lock of backups. Returns false where this test is noted already. */
export async function noteTest(
  tx: Sql,
  { name, at }: { readonly name: string; readonly at: string },
): Promise<boolean> {
  const values = [name, new Date(at)];
  const known = await tx.all('SELECT 1 FROM backup_tests WHERE name = ? AND tested_at = ?', values);
  if (known.length > 0) return false;
  await tx.run('INSERT INTO backup_tests (name, tested_at) VALUES (?, ?)', values);
  return true;
}

/** Past this without a backup health is degraded and the operator alerted (C42), hours. */
export const backupHours = 26;

/** Hours since the newest backup ended; since the first start where there is none; 0 before that. */
export const hoursWithoutBackup = (sql: Pick<Sql, 'all'>): Promise<number> =>
  firstNumber(
    sql,
    `SELECT TIMESTAMPDIFF(MINUTE, COALESCE((SELECT MAX(b.ended_at) FROM backups b),
                          (SELECT MIN(l.started_at) FROM installation_lives l)), UTC_TIMESTAMP(3)) / 60 AS hours`,
  );

export interface DatabaseFacts {
  readonly version: string;
  readonly schemaVersion: number;
  /** Newest entry of the log; 0 when there is none. */
  readonly entry: number;
  readonly mainTables: readonly string[];
  readonly keysTables: readonly string[];
}

export async function databaseFacts(owner: Database, keysSchema: string): Promise<DatabaseFacts> {
  const [row] = await owner.all<{ version: string; migrated: number; entry: number | null }>(
    `SELECT VERSION() AS version, (SELECT MAX(m.version) FROM schema_migrations m) AS migrated,
            (SELECT MAX(h.id) FROM handovers h) AS entry`,
  );
  return {
    version: row?.version ?? '',
    schemaVersion: row?.migrated ?? 0,
    entry: row?.entry ?? 0,
    mainTables: await tablesOf(owner, owner.name),
    keysTables: await tablesOf(owner, keysSchema),
  };
}

export const tablesOf = (owner: Pick<Sql, 'all'>, schema: string): Promise<readonly string[]> =>
  columnOf<string>(
    owner,
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME",
    [schema],
  );

export const databaseVersion = async (sql: Pick<Sql, 'all'>): Promise<string> =>
  (await firstValue<string>(sql, 'SELECT VERSION() AS version')) ?? '';

export const countRows = (sql: Pick<Sql, 'all'>, schema: string, table: string): Promise<number> =>
  firstNumber(sql, `SELECT COUNT(*) AS n FROM \`${schema}\`.\`${table}\``);
