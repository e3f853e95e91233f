// The deliveries a bulk run has done: its list is kept for a while, so that a page says what has become of them since.
// Invariant: done and marked in one transaction; asked for by the key of run and delivery, whatever else the tables hold.
import { deliveryStates, type DeliveryState } from '../domain/delivery.ts';
import { inList, type ReadOnlySql, type Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';

/** Days that the list of a run is kept after its end: whoever replays a group looks after it within that time. */
export const listDays = 30;

/** Of a run's list what is done; it stands where the state stood that the delivery was counted in. */
export const isDone = "i.state = 'done'";

/** They stay on the run's list, as done. */
export async function markBulkDone(tx: Sql, runId: number, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE bulk_items i FORCE INDEX (PRIMARY) SET i.state = 'done' WHERE i.run_id = ? AND i.delivery_id IN (${marks})`,
    [runId, ...values],
  );
}

/** Off the list of the run: nothing was done with them. */
export async function dropBulkItems(tx: Sql, runId: number, ids: readonly number[]): Promise<void> {
  await deleteNamed(
    tx,
    { table: 'bulk_items', column: 'delivery_id', index: 'PRIMARY', and: 't.run_id = ?', values: [runId] },
    ids,
  );
}

/** Off the list of the run: everything that it has not done. */
export async function dropUndoneItems(tx: Sql, runId: number): Promise<void> {
  const and = "t.state <> 'done'";
  await deleteNamed(tx, { table: 'bulk_items', column: 'run_id', index: 'PRIMARY', and }, [runId]);
}

/** Deliveries of a list, in the order of their ids. */
export const ofBulkList =
  'bulk_items i FORCE INDEX (PRIMARY) STRAIGHT_JOIN deliveries d FORCE INDEX (PRIMARY) ON d.id = i.delivery_id';

export interface BulkOutcome {
  readonly state: DeliveryState;
  readonly count: number;
}

/** In which state those that the run has done are by now, in the order of the states. */
export async function bulkOutcomes(sql: ReadOnlySql, runId: number): Promise<readonly BulkOutcome[]> {
  const rows = await sql.all<BulkOutcome>(
    `SELECT d.state, COUNT(*) AS count FROM ${ofBulkList} WHERE i.run_id = ? AND ${isDone} GROUP BY d.state`,
    [runId],
  );
  return deliveryStates.flatMap((state) => rows.filter((row) => row.state === state));
}

/** No list names these deliveries any more. */
export async function forgetBulkItems(tx: Sql, deliveryIds: readonly number[]): Promise<void> {
  const runs = await tx.all<{ id: number }>('SELECT DISTINCT run_id AS id FROM bulk_items');
  // One run at a time: of many at once the database reads, and locks, the whole of their lists.
  for (const { id } of runs) await dropBulkItems(tx, id, deliveryIds);
}

/** Lists of runs that ended longer ago than they are kept. */
export async function dropOldLists(sql: Sql): Promise<void> {
  const runs = await sql.all<{ id: number }>(
    `SELECT r.id FROM bulk_runs r WHERE r.ended_at < TIMESTAMPADD(DAY, -${listDays}, UTC_TIMESTAMP(3))
        AND EXISTS (SELECT 1 FROM bulk_items i WHERE i.run_id = r.id) ORDER BY r.id`,
  );
  for (const { id } of runs)
    await deleteNamed(sql, { table: 'bulk_items', column: 'run_id', index: 'PRIMARY' }, [id]);
}
