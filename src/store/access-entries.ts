// Reads the log's entries about accounts, sessions and API keys, newest first.
// Invariant: reads only, along the entries without a lead and a delivery, a bounded number of them at a time.
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

/** Entries scanned for one page: those of an account that does little may be far apart. */
const lookedAt = 20_000;

/** Newest first; `next` is the cursor of the following page, undefined after the last. */
export async function accessEntriesBefore(
  sql: ReadOnlySql,
  {
    actor,
    limit,
    before = Number.MAX_SAFE_INTEGER,
  }: { readonly actor?: string; readonly limit: number; readonly before?: number },
  most = lookedAt,
): Promise<{ readonly items: readonly AccessEntry[]; readonly next: number | undefined }> {
  const [window] = await sql.all<{ low: number | null; n: number }>(
    `SELECT MIN(id) AS low, COUNT(*) AS n FROM (
       SELECT id FROM handovers FORCE INDEX (handovers_subject)
        WHERE lead_id = 0 AND delivery_id = 0 AND id < ? ORDER BY id DESC LIMIT ${Math.trunc(most)}) AS looked`,
    [before],
  );
  const low = window?.low ?? before;
  const rows = await sql.all<AccessEntry>(
    `SELECT id, at, entry, actor, target, reason FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = 0 AND delivery_id = 0 AND id >= ? AND id < ?
        AND entry IN ('signed_in', 'sign_in_refused', 'signed_out', 'account_changed', 'api_key_changed')
        ${actor === undefined ? '' : 'AND (actor = ? OR target = ?)'}
      ORDER BY id DESC LIMIT ${Math.trunc(limit) + 1}`,
    actor === undefined ? [low, before] : [low, before, actor, actor],
  );
  const items = rows.slice(0, limit);
  const isWhole = window === undefined || window.n < most;
  return { items, next: rows.length > limit ? items.at(-1)?.id : isWhole ? undefined : low };
}
