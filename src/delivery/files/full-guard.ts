// Checks a file of all current leads before its first byte leaves, and holds back one with far fewer leads than the last file sent.
// Invariant: the check counts the leads that are rendered into it, not those that were collected. A held file raises one alert, and no
// further file is collected for its destination until support has decided.
import { mayLeave } from '../../domain/full-file.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import type { Database, Sql } from '../../store/database.ts';
import { extentOf } from '../../store/file-parts.ts';
import { holdFile, lockFullFile, returningRows, type HeldFile } from '../../store/full-files.ts';
import { appendHandovers } from '../../store/handovers.ts';
import type { Whole } from '../../store/long-files.ts';

/**
 * True if the file may not leave. If it lost too many leads it is held back until support decides; if its mapping makes other files by
 * now, its recipient would take every lead of it for a new one.
 */
export async function isHeldBack(
  database: Database,
  { full: guard }: Pick<CompiledMapping, 'full'>,
  { id: batchId, clientId, destinationId }: Pick<Whole, 'id' | 'clientId' | 'destinationId'>,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const file = await lockFullFile(tx, destinationId);
    // Begun while its mapping made files of new leads.
    if (file === undefined || file.batchId !== batchId) return false;
    if (guard === undefined) return true;
    if (file.held !== undefined) return true;
    const { rows } = await extentOf(tx, batchId);
    const returning = await returningRows(tx, batchId);
    const verdict = mayLeave({ ...file, rows, returning }, guard);
    if (!verdict.leaves)
      await holdBack(tx, { id: destinationId, clientId }, { batchId, rows, missing: verdict.missing });
    return !verdict.leaves;
  });
}

export async function holdBack(
  tx: Sql,
  { id: destinationId, clientId }: { readonly id: string; readonly clientId: string },
  file: Omit<HeldFile, 'at'>,
): Promise<void> {
  if (!(await holdFile(tx, destinationId, file))) return;
  const { batchId, rows, missing } = file;
  const reason = `ROWS_${rows}.MISSING_${missing}`;
  await appendHandovers(tx, [
    { entry: 'file_held', clientId, destinationId, batchId, actor: 'worker', reason },
  ]);
  await raiseAlerts(tx, [{ kind: 'file_held', clientId, destinationId, reason }]);
}
