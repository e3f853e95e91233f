// The last look at a file that should hold every current lead, before its first byte leaves.
// Invariant: judged by what is written into it, however much of it was left out on the way.
import { mayLeave } from '../../domain/full-file.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import { extentOf } from '../../store/file-parts.ts';
import { lockFullFile, returningRows } from '../../store/full-files.ts';
import type { Whole } from '../../store/long-files.ts';
import { holdBack } from './hold-back.ts';

/**
 * Whether it may not leave. It lost too much: then it is held back, and its leads wait for what support decides. Or its mapping makes
 * other files by now, whose recipient would take every lead of it for a new one.
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
