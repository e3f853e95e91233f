// Deliveries whose time has come without anybody sending them: past their age, to be asked about again, or with a lease that ran out.
// Invariant: the database's clock says so.
import { inList, type Sql } from './database.ts';
import { dueColumns, dueJobOf, type DueJobAt, type DueRow } from './due-work.ts';

/** Rows past their maximum age, in any state that could wait. */
export async function expiredDeliveries(tx: Sql, limit: number): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (deliveries_open)
      WHERE settled_at IS NULL AND expires_at <= UTC_TIMESTAMP(3) AND state IN ('planned', 'waiting', 'withheld', 'pending', 'queued')
      ORDER BY expires_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map((row) => row.id);
}

/** `pending` rows whose recipient is to be asked again. */
export async function duePending(tx: Sql, limit: number): Promise<readonly DueJobAt[]> {
  const rows = await tx.all<DueRow>(
    `SELECT ${dueColumns} FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'pending' AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0 ORDER BY due_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map(dueJobOf);
}

/** `pending` rows on their way to ask: queued, with the question before any sending. */
export async function markAsking(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'queued', ask_first = 1, queued_at = UTC_TIMESTAMP(3) WHERE id IN (${marks})`,
    values,
  );
}

/** `pending` rows whose recipient is not to be asked before an instant. */
export async function putOffAsking(tx: Sql, ids: readonly number[], until: Date): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET due_at = ? WHERE id IN (${marks}) AND state = 'pending'`,
    [until, ...values],
  );
}

/** Deliveries whose lease ran out: their worker died or stalled. The caller's transaction holds them. */
export async function lapsedLeases(tx: Sql, limit: number): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (deliveries_due) WHERE state = 'sending' AND lease_until < UTC_TIMESTAMP(3) ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map((row) => row.id);
}
