// Stores which acknowledgements of files were read, and finds the deliveries that their lines name.
// Invariant: no text of a recipient is kept; only deliveries that left in the file are matched.
import type { Action } from '../../../connectors/contract.ts';
import { batchColumns, batchOf, endBatch, type Batch } from './batches.ts';
import { type Sql, columnOf, firstRow, hasRow } from '../database.ts';
import type { Stored } from '../columns.ts';

export type PieceState = 'seen' | 'read' | 'unreadable';

export interface KnownPiece {
  readonly digest: Buffer;
  readonly state: PieceState;
}

export const knownPiece = (sql: Sql, batchId: number, piece: number): Promise<KnownPiece | undefined> =>
  firstRow<KnownPiece>(
    sql,
    'SELECT digest, state FROM file_acknowledgements WHERE batch_id = ? AND piece = ?',
    [batchId, piece],
  );

export async function notePiece(
  sql: Sql,
  batchId: number,
  piece: number,
  { digest, state }: KnownPiece,
): Promise<void> {
  await sql.run(
    `INSERT INTO file_acknowledgements (batch_id, piece, digest, state, seen_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE digest = ?, state = ?, seen_at = UTC_TIMESTAMP(3)`,
    [batchId, piece, digest, state, digest, state],
  );
}

/**
 * True when an acknowledgement of this file, or of its whole, was read: the recipient had it, whatever the outcome of its leads.
 */
export const isAcknowledged = (sql: Sql, batchId: number): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM file_acknowledgements WHERE state IN ('seen', 'read')
        AND (batch_id = ? OR batch_id = (SELECT whole_id FROM batches WHERE id = ?)) LIMIT 1`,
    [batchId, batchId],
  );

/** Ends a file without rows as sent when its recipient acknowledged it; false when it did not. */
export async function endIfAcknowledged(tx: Sql, batchId: number): Promise<boolean> {
  if (!(await isAcknowledged(tx, batchId))) return false;
  await endBatch(tx, batchId, 'sent');
  return true;
}

/** Schedules the look-up of its acknowledgement after its end. */
export async function noteLook(sql: Sql, batchId: number, action: Action): Promise<void> {
  await sql.run(
    'UPDATE batches SET action = ?, look_at = TIMESTAMPADD(HOUR, 1, UTC_TIMESTAMP(3)) WHERE id = ? AND look_at IS NULL AND looks = 0',
    [action, batchId],
  );
}

/** Ended files whose acknowledgement is due to be looked up again: ever more rarely, for a week. */
export async function takeEndedFiles(
  tx: Sql,
  limit: number,
  held: readonly string[],
): Promise<readonly Batch[]> {
  const rows = await tx.all<Stored<Batch>>(
    `SELECT ${batchColumns} FROM batches FORCE INDEX (batches_look)
      WHERE look_at <= UTC_TIMESTAMP(3) AND state IN ('sent', 'refused', 'voided')
        AND destination_id IN (SELECT id FROM destinations WHERE status = 'active') AND destination_id NOT IN (?)
      ORDER BY look_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [held.length === 0 ? [''] : held],
  );
  if (rows.length > 0) {
    await tx.run(
      `UPDATE batches FORCE INDEX (PRIMARY) SET looks = looks + 1,
              look_at = IF(looks > 7, NULL, TIMESTAMPADD(HOUR, POW(2, looks - 1), UTC_TIMESTAMP(3))) WHERE id IN (?)`,
      [rows.map((row) => row.id)],
    );
  }
  return rows.map(batchOf);
}

/** The batches that have the rows of a file: its parts, or itself. */
export async function batchesOf(
  sql: Sql,
  { id, role }: Pick<Batch, 'id' | 'role'>,
): Promise<ReadonlySet<number>> {
  if (role !== 'whole') return new Set([id]);
  return new Set(
    await columnOf(sql, 'SELECT id FROM batches FORCE INDEX (batches_whole) WHERE whole_id = ?', [id]),
  );
}

export interface NamedDelivery {
  /** Name as written in the acknowledgement's line. */
  readonly name: string;
  readonly id: number;
  readonly leadId: number;
  readonly batchId: number;
  readonly action: Action;
}

const namedColumns = 'd.id, d.lead_id AS leadId, d.batch_id AS batchId, d.action';

/** Deliveries of a destination by the reference of their lead; one lead may have several. */
export async function deliveriesByReference(
  sql: Sql,
  { clientId, destinationId }: Pick<Batch, 'clientId' | 'destinationId'>,
  names: readonly string[],
): Promise<readonly NamedDelivery[]> {
  return sql.all<NamedDelivery>(
    `SELECT STRAIGHT_JOIN l.reference AS name, ${namedColumns}
       FROM leads l FORCE INDEX (leads_reference) JOIN deliveries d FORCE INDEX (deliveries_lead) ON d.lead_id = l.id AND d.destination_id = ?
      WHERE l.client_id = ? AND l.reference IN (?) ORDER BY d.id`,
    [destinationId, clientId, names],
  );
}

export async function deliveriesByKey(
  sql: Sql,
  { destinationId }: Pick<Batch, 'destinationId'>,
  names: readonly string[],
): Promise<readonly NamedDelivery[]> {
  return sql.all<NamedDelivery>(
    `SELECT d.delivery_key AS name, ${namedColumns} FROM deliveries d FORCE INDEX (deliveries_key)
      WHERE d.delivery_key IN (?) AND d.destination_id = ?`,
    [names, destinationId],
  );
}

export interface LoggedInFile {
  readonly deliveryId: number;
  readonly batchId: number;
  readonly entry: 'departed' | 'lookup' | 'late';
  readonly outcome: string;
}

/** Log entries of deliveries in files: departures, look-ups and late answers, ascending. */
export async function loggedInFiles(sql: Sql, ids: readonly number[]): Promise<readonly LoggedInFile[]> {
  return sql.all<LoggedInFile>(
    `SELECT STRAIGHT_JOIN h.delivery_id AS deliveryId, h.batch_id AS batchId, h.entry, h.outcome
       FROM deliveries d FORCE INDEX (PRIMARY) JOIN handovers h FORCE INDEX (handovers_subject) ON h.lead_id = d.lead_id AND h.delivery_id = d.id
      WHERE d.id IN (?) AND h.batch_id > 0 AND h.entry IN ('departed', 'lookup', 'late') ORDER BY h.delivery_id, h.id`,
    [ids],
  );
}

/** Sets the rows of a file that is looked up again later back to `pending`: the recipient decides. */
export async function pendAgain(sql: Sql, batchId: number): Promise<void> {
  await sql.run(
    `UPDATE deliveries FORCE INDEX (deliveries_batch) SET state = 'pending', reason = 'recipient_decides', queued_at = NULL
      WHERE batch_id = ? AND state = 'queued' AND ask_first = 1 AND pending_since IS NOT NULL`,
    [batchId],
  );
}

/** Clears the pending state of rows that leave in a later file, which awaits an acknowledgement of its own. */
export async function awaitAnew(tx: Sql, ids: readonly number[]): Promise<void> {
  await tx.run('UPDATE deliveries FORCE INDEX (PRIMARY) SET pending_since = NULL WHERE id IN (?)', [ids]);
}
