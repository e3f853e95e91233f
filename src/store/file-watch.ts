// Finds files that break the agreement: late, not acknowledged in time, or missing in the sequence.
// Invariant: reads only; ids, numbers and times.
import type { Sql } from './database.ts';

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
