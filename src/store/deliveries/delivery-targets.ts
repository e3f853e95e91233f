// Records which targets of a delivery to several have accepted it, when others have not.
// Invariant: written in the transaction that records the answer; an attempt skips the recorded targets.
import { insertGroups, type Sql } from '../database.ts';

export interface TargetTaken {
  readonly deliveryId: number;
  readonly target: string;
  readonly run: number;
  readonly attempt: number;
}

export async function noteTaken(tx: Sql, taken: readonly TargetTaken[]): Promise<void> {
  for (const part of insertGroups(taken)) {
    await tx.run(
      `INSERT INTO delivery_targets (delivery_id, target, run, attempt, taken_at) VALUES ${part.map(() => '(?, ?, ?, ?, UTC_TIMESTAMP(3))').join(', ')}
       ON DUPLICATE KEY UPDATE run = VALUES(run), attempt = VALUES(attempt), taken_at = VALUES(taken_at)`,
      part.flatMap(({ deliveryId, target, run, attempt }) => [deliveryId, target, run, attempt]),
    );
  }
}

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
