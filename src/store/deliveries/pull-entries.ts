// Reads the log's entries of attempts that a recipient fetched: departures and outcomes.
// Invariant: reads only.
import type { OutcomeKind } from '../../../connectors/contract.ts';
import type { ReadOnlySql } from '../database.ts';

export interface AttemptEntry {
  readonly deliveryId: number;
  readonly run: number;
  readonly attempt: number;
  readonly entry: 'departed' | 'outcome' | 'outcome_unknown' | 'late';
  readonly outcome: OutcomeKind | '';
  readonly at: Date;
}

/** Entries of these deliveries, oldest first. */
export async function attemptEntries(
  sql: ReadOnlySql,
  ids: readonly number[],
): Promise<readonly AttemptEntry[]> {
  return sql.all<AttemptEntry>(
    `SELECT h.delivery_id AS deliveryId, h.run, h.attempt, h.entry, h.outcome, h.at
       FROM deliveries d FORCE INDEX (PRIMARY)
       JOIN handovers h FORCE INDEX (handovers_subject) ON h.lead_id = d.lead_id AND h.delivery_id = d.id
      WHERE d.id IN (?) AND h.entry IN ('departed', 'outcome', 'outcome_unknown', 'late') ORDER BY h.id`,
    [ids],
  );
}
