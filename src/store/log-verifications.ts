// Stores verifications of the log: actor, progress and result.
// Invariant: one runs at a time over all processes; one whose process has died is recognised by its missing heartbeat.
import { isDuplicateKey, type ReadOnlySql, type Sql } from './database.ts';

export interface VerificationRow {
  readonly id: number;
  readonly actor: string;
  readonly anchor: string;
  readonly begunAt: Date;
  readonly endedAt: Date | null;
  /** Its process is alive. */
  readonly isRunning: boolean;
  /** Entries read so far. */
  readonly entries: number;
  /** JSON; null when it did not complete. */
  readonly result: string | null;
}

/** After so long without a heartbeat its process counts as dead. */
const silenceSeconds = 60;

const columns = `id, actor, anchor, begun_at AS begunAt, ended_at AS endedAt, entries, result,
  running IS NOT NULL AND seen_at > TIMESTAMPADD(SECOND, -${silenceSeconds}, UTC_TIMESTAMP(3)) AS isRunning`;

type Row = Omit<VerificationRow, 'isRunning'> & { readonly isRunning: number };
const rowOf = (row: Row): VerificationRow => ({ ...row, isRunning: row.isRunning === 1 });

/** Undefined: one is running. */
export async function beginVerification(
  sql: Sql,
  { actor, anchor }: { readonly actor: string; readonly anchor: string },
): Promise<number | undefined> {
  await sql.run(
    `UPDATE log_verifications SET running = NULL
      WHERE running = 1 AND seen_at <= TIMESTAMPADD(SECOND, -${silenceSeconds}, UTC_TIMESTAMP(3))`,
    [],
  );
  try {
    const { insertId } = await sql.run(
      `INSERT INTO log_verifications (actor, anchor, begun_at, seen_at, running)
       VALUES (?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 1)`,
      [actor, anchor],
    );
    return insertId;
  } catch (error) {
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** Writes the heartbeat and the number of entries read. */
export async function noteProgress(sql: Sql, id: number, entries: number): Promise<void> {
  await sql.run(
    'UPDATE log_verifications SET seen_at = UTC_TIMESTAMP(3), entries = ? WHERE id = ? AND running = 1',
    [entries, id],
  );
}

/** @param result null: it was interrupted */
export async function endVerification(
  sql: Sql,
  id: number,
  { entries, result }: { readonly entries: number; readonly result: string | null },
): Promise<void> {
  await sql.run(
    'UPDATE log_verifications SET ended_at = UTC_TIMESTAMP(3), running = NULL, entries = ?, result = ? WHERE id = ?',
    [entries, result, id],
  );
}

export async function findVerification(sql: ReadOnlySql, id: number): Promise<VerificationRow | undefined> {
  const [row] = await sql.all<Row>(`SELECT ${columns} FROM log_verifications WHERE id = ?`, [id]);
  return row === undefined ? undefined : rowOf(row);
}

/** Newest first. */
export const listVerifications = async (
  sql: ReadOnlySql,
  limit: number,
): Promise<readonly VerificationRow[]> =>
  (
    await sql.all<Row>(`SELECT ${columns} FROM log_verifications ORDER BY id DESC LIMIT ${Math.trunc(limit)}`)
  ).map(rowOf);
