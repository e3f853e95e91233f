// Lists files for support, newest first, with what their recipients acknowledged; finds those that break the agreement.
// Invariant: reads only; a long file is listed once, without its parts.
import type { ReadOnlySql, Sql } from '../database.ts';

export interface ListedFile {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly sequence: number | null;
  readonly slotAt: Date;
  readonly state: string;
  readonly attempt: number;
  readonly fileName: string;
  readonly rows: number;
  readonly writtenAt: Date | null;
  readonly settledAt: Date | null;
}

export interface FileFilter {
  readonly client?: string;
  readonly destination?: string;
}

/** @param before only ids below this one */
export async function listFiles(
  sql: ReadOnlySql,
  { client, destination }: FileFilter,
  limit: number,
  before: number,
): Promise<readonly ListedFile[]> {
  const values = [client, destination].filter((value) => value !== undefined);
  return sql.all<ListedFile>(
    `SELECT id, client_id AS clientId, destination_id AS destinationId, sequence, slot_at AS slotAt, state, attempt,
            file_name AS fileName, rows_count AS \`rows\`, written_at AS writtenAt, settled_at AS settledAt
       FROM batches FORCE INDEX (PRIMARY) WHERE id < ? AND role <> 'part'${client === undefined ? '' : ' AND client_id = ?'}${destination === undefined ? '' : ' AND destination_id = ?'}
      ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    [before, ...values],
  );
}

/** Pieces of acknowledgements by file: the number read, and the number unreadable. */
export async function acknowledgedFiles(
  sql: ReadOnlySql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, { readonly read: number; readonly unreadable: number }>> {
  const rows = await sql.all<{ id: number; readable: number; unreadable: number }>(
    `SELECT batch_id AS id, SUM(state <> 'unreadable') AS readable, SUM(state = 'unreadable') AS unreadable
       FROM file_acknowledgements WHERE batch_id IN (?) GROUP BY batch_id`,
    [ids],
  );
  return new Map(
    rows.map(({ id, readable, unreadable }) => [
      id,
      { read: Number(readable), unreadable: Number(unreadable) },
    ]),
  );
}

// Finds files that break the agreement: late, not acknowledged in time, or missing in the sequence.
// Invariant: reads only; ids, numbers and times.

export interface WatchedFile {
  /** 0: no file was begun for the slot. */
  readonly batchId: number;
  readonly slotAt: Date;
  readonly sequence: number;
}

/** Due slots of a destination, and files under way that the recipient cannot have yet, later than `lateMs`. */
export async function lateFiles(
  sql: Sql,
  destinationId: string,
  lateMs: number,
): Promise<readonly WatchedFile[]> {
  return sql.all<WatchedFile>(
    `SELECT 0 AS batchId, slot_at AS slotAt, 0 AS sequence FROM slots
      WHERE destination_id = ? AND state = 'due' AND asked_by = 'schedule'
        AND slot_at < TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))
     UNION ALL
     SELECT id AS batchId, slot_at AS slotAt, COALESCE(sequence, 0) AS sequence FROM batches b
      WHERE destination_id = ? AND state IN ('open', 'written') AND role <> 'part'
        AND slot_at < TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)) AND ${notStanding}
     ORDER BY slotAt LIMIT 100`,
    [destinationId, lateMs, destinationId, lateMs],
  );
}

/** SQL condition: the delivery awaits the recipient's decision, also while the recipient is being asked. */
const stands = `(d.state = 'pending' OR (d.pending_since IS NOT NULL AND d.ask_first = 1))`;

/** SQL condition: no row of the file awaits the recipient's decision, so that the recipient is not known to have it. */
const notStanding = `NOT EXISTS (
          SELECT 1 FROM deliveries d FORCE INDEX (deliveries_batch) WHERE ${stands}
             AND d.batch_id IN (SELECT p.id FROM batches p WHERE p.id = b.id OR p.whole_id = b.id))`;

/** Files that the recipient has and has not acknowledged within the time. */
export async function unacknowledgedFiles(
  sql: Sql,
  destinationId: string,
  withinMs: number,
): Promise<readonly WatchedFile[]> {
  return sql.all<WatchedFile>(
    `SELECT b.id AS batchId, b.slot_at AS slotAt, COALESCE(b.sequence, 0) AS sequence FROM batches b
      WHERE b.destination_id = ? AND b.state = 'written' AND b.role <> 'part'
        AND EXISTS (SELECT 1 FROM deliveries d FORCE INDEX (deliveries_batch) WHERE ${stands}
               AND d.pending_since < TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))
               AND d.batch_id IN (SELECT p.id FROM batches p WHERE p.id = b.id OR p.whole_id = b.id))
      ORDER BY b.id LIMIT 100`,
    [destinationId, withinMs],
  );
}

/** Sequence numbers that the recipient does not have although it has later ones: voided, or still under way. */
export async function missingNumbers(
  sql: Sql,
  destinationId: string,
  sinceDays: number,
): Promise<readonly WatchedFile[]> {
  return sql.all<WatchedFile>(
    `SELECT b.id AS batchId, b.slot_at AS slotAt, b.sequence FROM batches b
      WHERE b.destination_id = ? AND b.sequence IS NOT NULL AND b.state NOT IN ('sent', 'refused') AND ${notStanding}
        AND b.created_at > TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3))
        AND b.sequence < (SELECT MAX(s.sequence) FROM batches s WHERE s.destination_id = b.destination_id AND s.state IN ('sent', 'refused'))
      ORDER BY b.sequence LIMIT 100`,
    [destinationId, -sinceDays],
  );
}
