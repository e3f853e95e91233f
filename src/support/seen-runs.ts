// Which bulk runs somebody may see: those that were narrowed to their client, or every one.
// Invariant: a run that is another client's is answered as one that does not exist.
import { RelaisError } from '../errors.ts';
import type { BulkRow } from '../store/bulk-runs.ts';
import type { Scope } from './scope.ts';

/** What was asked, for people: names of a filter, or ids. */
export const filterOf = ({ filter }: Pick<BulkRow, 'filter'>): Readonly<Record<string, unknown>> =>
  JSON.parse(filter) as Readonly<Record<string, unknown>>;

/** @throws FIND-001 */
export function seenRun({ clientId }: Scope, id: number, run: BulkRow | undefined): BulkRow {
  if (run === undefined || !isRunSeen({ clientId }, run))
    throw new RelaisError('FIND-001', [
      `Aucun traitement groupé n’a le numéro ${id}.`,
      `No bulk run has the number ${id}.`,
    ]);
  return run;
}

export const isRunSeen = ({ clientId }: Scope, run: Pick<BulkRow, 'filter'>): boolean =>
  clientId === undefined || filterOf(run)['client'] === clientId;
