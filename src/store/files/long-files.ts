// Stores long files: one batch of role `whole`, its parts, and the lease of the worker that writes and sends it.
// Invariant: one worker at a time has the lease; the bytes are fixed from the first sending on; a final outcome is stored on the
// whole before it settles any row.
import type { Action, Outcome } from '../../../connectors/contract.ts';
import { batchColumns, batchOf, endBatch, type Batch, type EndedState } from './batches.ts';
import { type Sql, columnOf, firstValue, hasRow, changesOne, insertedId } from '../database.ts';
import { openParts, type Extent } from './file-parts.ts';
import { noteArrived } from './full-files.ts';
import type { Stored } from '../columns.ts';

/**
 * Time after which a file whose planner died while collecting leaves as it is, minutes. A file that must be complete waits for
 * another planner to go on: no lead waits longer than a year.
 */
const collectingMinutes = { as_it_is: 60, complete: 366 * 1_440 };
/** Time for the recovery of the rows. */
const recoverAgainMs = 5_000;

/** Opens a long file; until `startWhole` it is being collected. */
export const openWhole = (
  tx: Sql,
  file: Pick<Batch, 'clientId' | 'destinationId' | 'slotAt'> & { readonly action: string },
  leaves: keyof typeof collectingMinutes = 'as_it_is',
): Promise<number> =>
  insertedId(
    tx,
    `INSERT INTO batches (client_id, destination_id, slot_at, state, role, action, due_at, queued_at)
     VALUES (?, ?, ?, 'open', 'whole', ?, TIMESTAMPADD(MINUTE, ${collectingMinutes[leaves]}, UTC_TIMESTAMP(3)), UTC_TIMESTAMP(3))`,
    [file.clientId, file.destinationId, file.slotAt, file.action],
  );

/** Ends the collection: the file may leave. */
export async function startWhole(tx: Sql, id: number): Promise<void> {
  await tx.run('UPDATE batches SET due_at = UTC_TIMESTAMP(3), queued_at = UTC_TIMESTAMP(3) WHERE id = ?', [
    id,
  ]);
}

/** The action of a file that is still being collected; undefined once it was under way. */
export const collectedAction = (tx: Sql, id: number): Promise<string | undefined> =>
  firstValue<string>(
    tx,
    `SELECT action FROM batches WHERE id = ? AND role = 'whole' AND state = 'open' AND attempt = 0 AND sequence IS NULL
        AND lease_until IS NULL AND due_at > UTC_TIMESTAMP(3) FOR UPDATE`,
    [id],
  );

export interface Whole extends Batch {
  readonly action: Action;
  readonly size: number;
  readonly firstSentAt: Date | undefined;
  readonly outcome: Outcome | undefined;
}

/** Takes the lease of a long file for one attempt; undefined when another worker has it, or the file has moved on. */
export async function takeWhole(
  sql: Sql,
  { id, attempt }: Pick<Batch, 'id' | 'attempt'>,
  leaseMs: number,
): Promise<Whole | undefined> {
  const { affected } = await sql.run(
    `UPDATE batches SET lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id = ? AND attempt = ? AND role = 'whole' AND state IN ('open', 'written') AND lease_until IS NULL`,
    [leaseMs, id, attempt],
  );
  if (affected === 0) return undefined;
  const [row] = await sql.all<
    Stored<Batch> & { size: number; firstSentAt: Date | null; outcome: string | null }
  >(
    `SELECT ${batchColumns}, size_bytes AS size, first_sent_at AS firstSentAt, outcome FROM batches WHERE id = ?`,
    [id],
  );
  if (row === undefined) return undefined;
  return {
    ...batchOf(row),
    size: row.size,
    firstSentAt: row.firstSentAt ?? undefined,
    outcome: row.outcome === null ? undefined : (JSON.parse(row.outcome) as Outcome),
  };
}

/** A long file under the lease of one attempt: after a lapse the next worker has another attempt. */
export type HeldWhole = Pick<Batch, 'id' | 'attempt'>;

/** False when the lease is lost. */
export const renewWhole = (sql: Sql, { id, attempt }: HeldWhole, leaseMs: number): Promise<boolean> =>
  changesOne(
    sql,
    `UPDATE batches SET lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id = ? AND attempt = ? AND lease_until > UTC_TIMESTAMP(3)`,
    [leaseMs, id, attempt],
  );

/** Ends the lease with rows under way: recovery processes the file at once. */
export async function dropWhole(sql: Sql, { id, attempt }: HeldWhole): Promise<void> {
  await sql.run(
    `UPDATE batches SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))
      WHERE id = ? AND attempt = ? AND lease_until IS NOT NULL`,
    [id, attempt],
  );
}

/** Locks the file and checks the lease: when true, it cannot be lost before the end of the transaction. */
export const lockWhole = (tx: Sql, { id, attempt }: HeldWhole): Promise<boolean> =>
  hasRow(
    tx,
    'SELECT 1 FROM batches WHERE id = ? AND attempt = ? AND lease_until > UTC_TIMESTAMP(3) FOR UPDATE',
    [id, attempt],
  );

/** Ends the lease with nothing under way; the same attempt is due again later. */
export async function putOffWhole(sql: Sql, { id, attempt }: HeldWhole, afterMs: number): Promise<void> {
  await sql.run(
    `UPDATE batches SET lease_until = NULL, queued_at = NULL, due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id = ? AND attempt = ? AND lease_until > UTC_TIMESTAMP(3)`,
    [Math.round(afterMs), id, attempt],
  );
}

export interface WrittenWhole extends Extent {
  readonly fileName: string;
  readonly mediaType: string;
  readonly extension: string;
  readonly mappingVersionId: number;
  readonly writtenAt: Date;
}

/** Records that the recipient may have the file from now on. False: the lease is lost, and nothing may leave. */
export const noteFirstSending = (
  sql: Sql,
  { id, attempt }: HeldWhole,
  file: WrittenWhole,
): Promise<boolean> =>
  changesOne(
    sql,
    `UPDATE batches SET state = 'written', file_name = ?, media_type = ?, extension = ?, rows_count = ?, size_bytes = ?,
            mapping_version_id = ?, written_at = ?, first_sent_at = COALESCE(first_sent_at, UTC_TIMESTAMP(3))
      WHERE id = ? AND attempt = ? AND lease_until > UTC_TIMESTAMP(3)`,
    [
      file.fileName,
      file.mediaType,
      file.extension,
      file.rows,
      file.size,
      file.mappingVersionId,
      file.writtenAt,
      id,
      attempt,
    ],
  );

/** Stores a final outcome until each row has it. False: the lease is lost. */
export const keepOutcome = (sql: Sql, { id, attempt }: HeldWhole, outcome: Outcome): Promise<boolean> =>
  changesOne(
    sql,
    'UPDATE batches SET outcome = ? WHERE id = ? AND attempt = ? AND lease_until > UTC_TIMESTAMP(3)',
    [JSON.stringify(outcome), id, attempt],
  );

/** Ends the file once all its rows are settled; the caller has locked it. */
export async function endWhole(tx: Sql, id: number, state: EndedState): Promise<void> {
  await endBatch(tx, id, state);
  if (state === 'sent') await noteArrived(tx, id);
  await tx.run('UPDATE batches SET lease_until = NULL, outcome = NULL WHERE id = ?', [id]);
}

const retryStatement = `UPDATE batches SET attempt = attempt + 1, queued_at = NULL, lease_until = NULL,
            due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE id = ?`;

/** Schedules the next attempt; the caller has locked the file. */
export async function retryWhole(tx: Sql, id: number, afterMs: number): Promise<void> {
  await tx.run(retryStatement, [Math.round(afterMs), id]);
}

/** Postpones the file of a recovered part until the part is due, unless an outcome is known or can be looked up. */
export async function putOffForPart(tx: Sql, partId: number, afterMs: number): Promise<void> {
  const [whole] = await tx.all<{ id: number }>(
    `SELECT w.id FROM batches p JOIN batches w ON w.id = p.whole_id
      WHERE p.id = ? AND w.state IN ('open', 'written') AND w.outcome IS NULL
        AND w.due_at < TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))`,
    [partId, Math.round(afterMs)],
  );
  if (whole === undefined || (await awaitsDecision(tx, whole.id))) return;
  await tx.run(
    'UPDATE batches SET due_at = GREATEST(due_at, TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))) WHERE id = ?',
    [Math.round(afterMs), whole.id],
  );
}

/** By state, as few rows or all of them are pending: this runs for each part. */
const awaitsDecision = (sql: Sql, wholeId: number): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT STRAIGHT_JOIN 1 FROM batches w JOIN deliveries d FORCE INDEX (deliveries_due) ON d.destination_id = w.destination_id
       JOIN batches s FORCE INDEX (PRIMARY) ON s.id = d.batch_id
      WHERE w.id = ? AND d.state = 'pending' AND s.whole_id = w.id LIMIT 1`,
    [wholeId],
  );

/** True while a long file is being collected, written, sent or settled; not while it waits for its recipient or its turn. */
export const isLongFileAtWork = (sql: Sql): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM batches WHERE state IN ('open', 'written') AND role = 'whole'
        AND (lease_until IS NOT NULL OR (state = 'open' AND attempt = 0 AND due_at > UTC_TIMESTAMP(3))) LIMIT 1`,
  );

/**
 * Destinations of file connectors with a long file under way, so that rows that another connector queues meanwhile are noticed.
 * @param connectors that send files
 */
export const destinationsWithLongFiles = (
  sql: Sql,
  connectors: readonly string[],
): Promise<readonly string[]> =>
  columnOf<string>(
    sql,
    `SELECT DISTINCT b.destination_id AS id FROM batches b JOIN destinations t ON t.id = b.destination_id
      WHERE b.state IN ('open', 'written') AND b.role = 'whole' AND t.connector IN (?)`,
    [connectors],
  );

/** Long files whose worker died or ended its lease. */
export async function lapsedWholes(
  sql: Sql,
): Promise<readonly Pick<Batch, 'id' | 'clientId' | 'destinationId'>[]> {
  return sql.all(
    `SELECT id, client_id AS clientId, destination_id AS destinationId FROM batches
      WHERE state IN ('open', 'written') AND role = 'whole' AND lease_until < UTC_TIMESTAMP(3) ORDER BY id LIMIT 500`,
  );
}

/** Ends the leases of the file's rows, part by part, so that recovery takes them, and schedules the file behind it. */
export async function recoverWhole(sql: Sql, id: number): Promise<void> {
  // The condition on the whole's lease: another planner may have recovered it meanwhile, and the rows may be of the next attempt.
  for (const part of await openParts(sql, id))
    await sql.run(
      `UPDATE deliveries FORCE INDEX (deliveries_batch) SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))
        WHERE batch_id = ? AND state = 'sending' AND (SELECT w.lease_until < UTC_TIMESTAMP(3) FROM batches w WHERE w.id = ?)`,
      [part.id, id],
    );
  await sql.run(`${retryStatement} AND lease_until < UTC_TIMESTAMP(3)`, [recoverAgainMs, id]);
}
