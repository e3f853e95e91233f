// Stores the files of a flow: sequence number, state and attempts; kept-bytes.ts stores their bytes.
// Invariant: a sequence number names one content for ever; the bytes are blanked once the file is accepted or voided.
import type { Action } from '../../../connectors/contract.ts';
import { firstAs, inList, type Sql, columnOf, hasRow, insertedId } from '../database.ts';
import { dropParts } from './file-bytes.ts';
import { type Stored, fromStored } from '../columns.ts';

/** `refused`: the recipient has the file and refused the whole of it; `voided`: another file carries its leads, or none does. */
export type EndedState = 'sent' | 'refused' | 'voided' | 'empty';

export interface Batch {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  /** Undefined until first written. */
  readonly sequence: number | undefined;
  readonly slotAt: Date;
  readonly state: 'open' | 'written' | EndedState;
  readonly attempt: number;
  readonly fileName: string;
  readonly mediaType: string;
  readonly extension: string;
  readonly rows: number;
  readonly mappingVersionId: number;
  readonly writtenAt: Date | undefined;
  /** `whole`: a long file, whose rows are stored in its parts. */
  readonly role: 'file' | 'whole' | 'part';
  /** The long file of a part; 0 for others. */
  readonly wholeId: number;
  /** For a long file, and for one whose acknowledgement was looked up. */
  readonly action: Action;
  /** A later acknowledgement may still change its outcome after its end. */
  readonly isHeardAfterwards: boolean;
}

export const batchColumns =
  'id, client_id AS clientId, destination_id AS destinationId, sequence, slot_at AS slotAt, state, attempt, file_name AS fileName, media_type AS mediaType, extension, rows_count AS `rows`, mapping_version_id AS mappingVersionId, written_at AS writtenAt, role, whole_id AS wholeId, action, (look_at IS NOT NULL OR looks > 0) AS isHeardAfterwards';
export const batchOf = fromStored<Batch>('isHeardAfterwards');

export const openBatch = (tx: Sql, clientId: string, destinationId: string, slotAt: Date): Promise<number> =>
  insertedId(
    tx,
    `INSERT INTO batches (client_id, destination_id, slot_at, state, due_at, queued_at) VALUES (?, ?, ?, 'open', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [clientId, destinationId, slotAt],
  );

/** Deletes a batch that found no delivery to carry. */
export async function discardBatch(tx: Sql, id: number): Promise<void> {
  await tx.run("DELETE FROM batches WHERE id = ? AND state = 'open' AND sequence IS NULL", [id]);
}

/** True when a file may still leave, or leave again. */
export const isUnderWay = (batch: Pick<Batch, 'state'>): boolean =>
  batch.state === 'open' || batch.state === 'written';

/** True when a file of the destination may still leave, or leave again. */
export const hasFileUnderWay = (sql: Sql, destinationId: string): Promise<boolean> =>
  hasRow(sql, "SELECT 1 FROM batches WHERE state IN ('open', 'written') AND destination_id = ? LIMIT 1", [
    destinationId,
  ]);

/** The ids of these batches that are under way, locked in the caller's transaction. */
export const lockUnderWay = async (tx: Sql, ids: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      tx,
      `SELECT id FROM batches FORCE INDEX (PRIMARY) WHERE id IN (?) AND state IN ('open', 'written') ORDER BY id FOR UPDATE`,
      [[...ids].sort((a, b) => a - b)],
    ),
  );

export const readBatch = (sql: Sql, id: number): Promise<Batch | undefined> =>
  firstAs(sql, batchOf, `SELECT ${batchColumns} FROM batches WHERE id = ?`, [id]);

/**
 * Batches whose next try is due; marks them queued.
 * @param held destinations that may not send now: their files are left alone
 */
export async function takeDueBatches(
  tx: Sql,
  limit: number,
  olderThanMs: number,
  held: readonly string[],
): Promise<readonly Batch[]> {
  const rows = await tx.all<Stored<Batch>>(
    `SELECT ${batchColumns} FROM batches WHERE state IN ('open', 'written') AND due_at <= UTC_TIMESTAMP(3)
        AND role <> 'part' AND lease_until IS NULL
        AND (queued_at IS NULL OR queued_at <= TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)))
        AND destination_id IN (SELECT id FROM destinations WHERE status = 'active') AND destination_id NOT IN (?)
      ORDER BY due_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [olderThanMs, held.length === 0 ? [''] : held],
  );
  if (rows.length > 0) {
    const { marks, values } = inList(rows.map((row) => row.id));
    await tx.run(
      `UPDATE batches FORCE INDEX (PRIMARY) SET queued_at = UTC_TIMESTAMP(3) WHERE id IN (${marks})`,
      values,
    );
    await tx.run(
      `UPDATE deliveries FORCE INDEX (deliveries_batch)
          SET ask_first = IF(state = 'pending', 1, ask_first), state = 'queued', queued_at = UTC_TIMESTAMP(3)
        WHERE batch_id IN (${marks}) AND state IN ('waiting', 'pending')`,
      values,
    );
  }
  return rows.map(batchOf);
}

export async function batchDeliveries(
  sql: Sql,
  batchId: number,
): Promise<readonly { readonly id: number; readonly run: number; readonly attempt: number }[]> {
  return sql.all<{ id: number; run: number; attempt: number }>(
    'SELECT id, run, attempt FROM deliveries WHERE batch_id = ? ORDER BY id',
    [batchId],
  );
}

export async function giveSequence(tx: Sql, batchId: number, sequence: number): Promise<void> {
  await tx.run('UPDATE batches SET sequence = ? WHERE id = ?', [sequence, batchId]);
}

/** The rows of a file expire together, with the last of them: without one of them the content would differ. */
export async function expireTogether(tx: Sql, batchId: number, at: Date): Promise<void> {
  await tx.run(
    "UPDATE deliveries FORCE INDEX (deliveries_batch) SET expires_at = ? WHERE batch_id = ? AND state = 'sending'",
    [at, batchId],
  );
}

/** Ends a batch and blanks its bytes. */
export async function endBatch(tx: Sql, id: number, state: EndedState): Promise<void> {
  await tx.run('UPDATE batches SET state = ?, content = NULL, settled_at = UTC_TIMESTAMP(3) WHERE id = ?', [
    state,
    id,
  ]);
  await dropParts(tx, [id]);
  // No row may stay in a batch that is never read again.
  await tx.run(
    `UPDATE deliveries FORCE INDEX (deliveries_batch)
        SET due_at = IF(state = 'queued', UTC_TIMESTAMP(3), due_at), state = IF(state = 'queued', 'planned', state), batch_id = 0
      WHERE batch_id = ? AND state IN ('queued', 'waiting')`,
    [id],
  );
}

/** Postpones the batch without an attempt, unless it has moved on since it was read. */
export async function deferBatch(
  sql: Sql,
  batch: Pick<Batch, 'id' | 'attempt'>,
  afterMs: number,
): Promise<void> {
  await sql.run(
    `UPDATE batches SET due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), queued_at = NULL
      WHERE id = ? AND attempt = ? AND state IN ('open', 'written')`,
    [afterMs, batch.id, batch.attempt],
  );
}

/** Files whose job was dropped from the queue: they are pushed again at once. */
export async function forgetBatches(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql.run(
    `UPDATE batches FORCE INDEX (PRIMARY) SET queued_at = NULL WHERE id IN (?) AND state IN ('open', 'written')`,
    [ids],
  );
}

export async function retryBatch(tx: Sql, id: number, afterMs: number): Promise<void> {
  await tx.run(
    'UPDATE batches SET attempt = attempt + 1, due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), queued_at = NULL WHERE id = ?',
    [Math.round(afterMs), id],
  );
}
