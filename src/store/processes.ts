// Stores the heartbeats of the gateway's processes (table processes), and in a second row the ids of the keys each was given.
// Invariant: by the database's clock alone; a process without a recent heartbeat counts as gone.
import type { ReadOnlySql, Sql } from './database.ts';
import type { KeyPurpose } from './keys.ts';

export interface ProcessLine {
  /** `host:pid`. */
  readonly name: string;
  readonly role: string;
  readonly version: string;
  /** Ids of the keys it was given to write with. */
  readonly keys: Readonly<Record<KeyPurpose, string>>;
}

export interface SeenProcess extends Omit<ProcessLine, 'keys'> {
  /** Seconds since its last heartbeat. */
  readonly seenSeconds: number;
}

/** A process counts as gone after this, seconds: three missed heartbeats. */
export const goneAfterSeconds = 20;

/** Marks the row with a process's keys: this word instead of a role, the key ids instead of a version. */
const keysLine = 'keys';
/** Two ids fill the column; so many digits of each distinguish two keys. */
const keyDigits = 10;

export async function renewProcess(sql: Sql, { name, role, version, keys }: ProcessLine): Promise<void> {
  const given = keys.master.slice(0, keyDigits) + keys.seal.slice(0, keyDigits);
  await sql.run(
    `INSERT INTO processes (name, role, version, started_at, seen_at)
     VALUES (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)), (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE version = VALUES(version), seen_at = UTC_TIMESTAMP(3)`,
    [name, role, version, name, keysLine, given],
  );
  await sql.run('DELETE FROM processes WHERE seen_at < TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3))');
}

export async function removeProcess(
  sql: Sql,
  { name, role }: Pick<ProcessLine, 'name' | 'role'>,
): Promise<void> {
  await sql.run('DELETE FROM processes WHERE name = ? AND role = ?', [name, role]);
}

/** Processes alive within `goneAfterSeconds`, the latest heartbeat first. */
export async function seenProcesses(sql: ReadOnlySql): Promise<readonly SeenProcess[]> {
  return sql.all<SeenProcess>(
    `SELECT name, role, version, TIMESTAMPDIFF(SECOND, seen_at, UTC_TIMESTAMP(3)) AS seenSeconds FROM processes
      WHERE role <> ? AND seen_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) ORDER BY seen_at DESC`,
    [keysLine, -goneAfterSeconds],
  );
}

/** Live processes that write with another key than this one, or that do not report theirs (an older program). */
export async function processesWithoutKey(
  sql: ReadOnlySql,
  purpose: KeyPurpose,
  keyId: string,
): Promise<readonly Pick<ProcessLine, 'name' | 'role'>[]> {
  const firstDigit = purpose === 'master' ? 1 : 1 + keyDigits;
  return sql.all(
    `SELECT p.name, p.role FROM processes p LEFT JOIN processes k ON k.name = p.name AND k.role = ?
      WHERE p.role <> ? AND p.seen_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3))
        AND (k.version IS NULL OR SUBSTRING(k.version, ?, ?) <> ?)
      ORDER BY p.name, p.role`,
    [keysLine, keysLine, -goneAfterSeconds, firstDigit, keyDigits, keyId.slice(0, keyDigits)],
  );
}
