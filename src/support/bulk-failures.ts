// A bulk run whose steps fail is counted, and told of once it does not look like chance.
// Invariant: the run stays: what it waits for may be repaired, and a step that passes ends the count and the alert.
import { foreignCode } from '../errors.ts';
import { raiseAlerts } from '../store/alerts.ts';
import { countBulkFailure, type BulkRow } from '../store/bulk-runs.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { closeAlertsWith } from '../store/tasks.ts';

/** Failures in a row that need a person: a process that was killed in mid-step is followed by one that passes. */
export const tellAfter = 3;

export const reasonOf = (id: number): string => `BULK_RUN_${id}`;

/** A fault of MySQL itself is told elsewhere, and stops every run alike. */
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

/** It goes on, or has ended: nobody has to look at it any more. */
export async function noteGoingOn(
  tx: Sql,
  { id, failures }: Pick<BulkRow, 'id' | 'failures'>,
): Promise<void> {
  if (failures >= tellAfter) await closeAlertsWith(tx, 'bulk_stuck', reasonOf(id));
}
