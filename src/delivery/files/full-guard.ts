// Checks a file of all current leads once more before its first byte leaves.
// Invariant: the check counts the leads that are rendered into it, not those that were collected.
import { mayLeave } from '../../domain/full-file.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import { extentOf } from '../../store/file-parts.ts';
import { lockFullFile, returningRows } from '../../store/full-files.ts';
import type { Whole } from '../../store/long-files.ts';
import { holdBack } from './hold-back.ts';

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
