// Counts failing steps of a bulk run, and raises an alert after several in a row.
// Invariant: the run stays: its cause may be repaired, and a step that passes ends the count and the alert.
import { foreignCode } from '../errors.ts';
import { raiseAlerts } from '../store/alerts.ts';
import { countBulkFailure, type BulkRow } from '../store/bulk-runs.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { closeAlertsWith } from '../store/tasks.ts';

/** Failures in a row before the alert: a process killed in mid-step is followed by a step that passes. */
export const tellAfter = 3;

export const reasonOf = (id: number): string => `BULK_RUN_${id}`;

/** A fault of MySQL itself has its own alert, and stops every run alike. */
export async function noteFailedStep(
  database: Database,
  run: Pick<BulkRow, 'id' | 'leaseToken'>,
  error: unknown,
): Promise<void> {
  if (isStoreTrouble(error)) return;
  const code = foreignCode(error);
  await database.transaction(async (tx) => {
    if ((await countBulkFailure(tx, run, code)) === tellAfter)
      await raiseAlerts(tx, [{ kind: 'bulk_stuck', reason: `${reasonOf(run.id)}:${code}` }]);
  });
}

/** The run continues or has ended: its alert is closed. */
export async function noteGoingOn(
  tx: Sql,
  { id, failures }: Pick<BulkRow, 'id' | 'failures'>,
): Promise<void> {
  if (failures >= tellAfter) await closeAlertsWith(tx, 'bulk_stuck', reasonOf(id));
}
