// Keeps the list of deliveries that a bulk run has processed, and counts their states since.
// Invariant: a delivery is processed and marked in one transaction; reads use the key of run and delivery.
import { deliveryStates, type DeliveryState } from '../domain/delivery.ts';
import { inList, type ReadOnlySql, type Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';

/** Days the list of a run is kept after its end: time for support to check the deliveries it replayed. */
export const listDays = 30;

/** SQL condition: the run has processed the delivery; this value replaces the state in which it was counted. */
export const isDone = "i.state = 'done'";

/** Marks deliveries as done on the run's list. */
export async function markBulkDone(tx: Sql, runId: number, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE bulk_items i FORCE INDEX (PRIMARY) SET i.state = 'done' WHERE i.run_id = ? AND i.delivery_id IN (${marks})`,
    [runId, ...values],
  );
}

/** Removes deliveries from the run's list: the run did nothing with them. */
export async function dropBulkItems(tx: Sql, runId: number, ids: readonly number[]): Promise<void> {
  await deleteNamed(
    tx,
    { table: 'bulk_items', column: 'delivery_id', index: 'PRIMARY', and: 't.run_id = ?', values: [runId] },
    ids,
  );
}

/** Removes from the run's list every delivery that it has not processed. */
export async function dropUndoneItems(tx: Sql, runId: number): Promise<void> {
  const and = "t.state <> 'done'";
  await deleteNamed(tx, { table: 'bulk_items', column: 'run_id', index: 'PRIMARY', and }, [runId]);
}

/** Deliveries of a list, ascending by id. */
export const ofBulkList =
  'bulk_items i FORCE INDEX (PRIMARY) STRAIGHT_JOIN deliveries d FORCE INDEX (PRIMARY) ON d.id = i.delivery_id';

export interface BulkOutcome {
  readonly state: DeliveryState;
  readonly count: number;
}

/** Current states of the deliveries that the run has processed, in the order of the states. */
export async function bulkOutcomes(sql: ReadOnlySql, runId: number): Promise<readonly BulkOutcome[]> {
  const rows = await sql.all<BulkOutcome>(
    `SELECT d.state, COUNT(*) AS count FROM ${ofBulkList} WHERE i.run_id = ? AND ${isDone} GROUP BY d.state`,
    [runId],
  );
  return deliveryStates.flatMap((state) => rows.filter((row) => row.state === state));
}

/** Removes these deliveries from every list. */
export async function forgetBulkItems(tx: Sql, deliveryIds: readonly number[]): Promise<void> {
  const runs = await tx.all<{ id: number }>('SELECT DISTINCT run_id AS id FROM bulk_items');
  // One run at a time: for several at once the database reads and locks their whole lists.
  for (const { id } of runs) await dropBulkItems(tx, id, deliveryIds);
}

/** Deletes the lists of runs that ended more than `listDays` ago. */
export async function dropOldLists(sql: Sql): Promise<void> {
  const runs = await sql.all<{ id: number }>(
    `SELECT r.id FROM bulk_runs r WHERE r.ended_at < TIMESTAMPADD(DAY, -${listDays}, UTC_TIMESTAMP(3))
        AND EXISTS (SELECT 1 FROM bulk_items i WHERE i.run_id = r.id) ORDER BY r.id`,
  );
  for (const { id } of runs)
    await deleteNamed(sql, { table: 'bulk_items', column: 'run_id', index: 'PRIMARY' }, [id]);
}
