// Which processes of the gateway are alive, by a line each of them renews every few seconds.
// Invariant: by the database's clock alone; a line that is not renewed says that its process is gone.
import type { Reading, Sql } from './database.ts';

export interface ProcessLine {
  /** `host:pid`. */
  readonly name: string;
  readonly role: string;
  readonly version: string;
}

export interface SeenProcess extends ProcessLine {
  /** Seconds since it last renewed its line. */
  readonly seenSeconds: number;
}

/** A process counts as gone after this, seconds: three renewals missed. */
export const goneAfterSeconds = 20;

export async function renewProcess(sql: Sql, { name, role, version }: ProcessLine): Promise<void> {
  await sql.run(
    `INSERT INTO processes (name, role, version, started_at, seen_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE version = VALUES(version), seen_at = UTC_TIMESTAMP(3)`,
    [name, role, version],
  );
  await sql.run('DELETE FROM processes WHERE seen_at < TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3))');
}

export async function removeProcess(sql: Sql, { name, role }: ProcessLine): Promise<void> {
  await sql.run('DELETE FROM processes WHERE name = ? AND role = ?', [name, role]);
}

/** Those that were alive within `goneAfterSeconds`, the freshest first. */
export async function seenProcesses(sql: Reading): Promise<readonly SeenProcess[]> {
  return sql.all<SeenProcess>(
    `SELECT name, role, version, TIMESTAMPDIFF(SECOND, seen_at, UTC_TIMESTAMP(3)) AS seenSeconds FROM processes
      WHERE seen_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) ORDER BY seen_at DESC`,
    [-goneAfterSeconds],
  );
}
