// Limits bulk runs to those that were narrowed to the reader's client, or all for the centre.
// Invariant: another client's run is answered as if it did not exist.
import { RelaisError } from '../errors.ts';
import type { BulkRow } from '../store/bulk-runs.ts';
import type { Scope } from './scope.ts';

/** The order for people: names of a filter, or ids. */
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
