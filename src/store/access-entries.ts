// Entries of the log about accounts, sessions and keys.
// Invariant: reads only, backwards along the entries that belong to no lead and no delivery.
import type { ReadOnlySql } from './database.ts';

export interface AccessEntry {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly actor: string;
  /** The account or key that was changed; empty: none. */
  readonly target: string;
  readonly reason: string;
}

/** Newest first. */
export const accessEntriesBefore = (
  sql: ReadOnlySql,
  {
    actor,
    limit,
    before = Number.MAX_SAFE_INTEGER,
  }: { readonly actor?: string; readonly limit: number; readonly before?: number },
): Promise<readonly AccessEntry[]> =>
  sql.all<AccessEntry>(
    `SELECT id, at, entry, actor, target, reason FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = 0 AND delivery_id = 0 AND id < ?
        AND entry IN ('signed_in', 'sign_in_refused', 'signed_out', 'account_changed', 'api_key_changed')
        ${actor === undefined ? '' : 'AND (actor = ? OR target = ?)'}
      ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    actor === undefined ? [before] : [before, actor, actor],
  );
