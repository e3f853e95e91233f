// Records which targets of a delivery to several have accepted it, when others have not.
// Invariant: written in the transaction that records the answer; an attempt skips the recorded targets.
import type { Sql } from '../database.ts';
import { insertRows } from '../columns.ts';

export interface TargetTaken {
  readonly deliveryId: number;
  readonly target: string;
  readonly run: number;
  readonly attempt: number;
}

export const noteTaken = (tx: Sql, taken: readonly TargetTaken[]): Promise<void> =>
  insertRows(
    tx,
    'delivery_targets',
    taken.map(({ deliveryId, target, run, attempt }) => ({ deliveryId, target, run, attempt })),
    'run = VALUES(run), attempt = VALUES(attempt), taken_at = VALUES(taken_at)',
    { takenAt: 'UTC_TIMESTAMP(3)' },
  );

/** Targets that accepted the delivery, each with its attempt, by name. */
export async function takings(sql: Sql, deliveryId: number): Promise<readonly TargetTaken[]> {
  const rows = await sql.all<Omit<TargetTaken, 'deliveryId'>>(
    'SELECT target, run, attempt FROM delivery_targets WHERE delivery_id = ? ORDER BY target',
    [deliveryId],
  );
  return rows.map((row) => ({ ...row, deliveryId }));
}

/** Names of the targets that accepted the delivery, sorted. */
export const takenBy = async (sql: Sql, deliveryId: number): Promise<readonly string[]> =>
  (await takings(sql, deliveryId)).map((row) => row.target);

/** Called when the delivery is sent again as a whole: every target gets it once more. */
export async function forgetTaken(tx: Sql, deliveryId: number): Promise<void> {
  await tx.run('DELETE FROM delivery_targets WHERE delivery_id = ?', [deliveryId]);
}

/** Called when the delivery bounced from this target: the next attempt includes it. */
export async function forgetTakenBy(tx: Sql, deliveryId: number, target: string): Promise<void> {
  await tx.run('DELETE FROM delivery_targets WHERE delivery_id = ? AND target = ?', [deliveryId, target]);
}
