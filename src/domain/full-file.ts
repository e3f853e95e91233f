// Whether a file that should hold every current lead may leave by itself. Pure.
// Invariant: a file that lost too much waits for a person: its recipient would take what is missing for gone.

export interface FullGuard {
  /** Leads of the last file that may be missing, percent. */
  readonly shrink: number;
  /** Leads that it has at least. */
  readonly fewest: number;
}

export const defaultGuard: FullGuard = { shrink: 50, fewest: 0 };

export interface FullSituation {
  readonly rows: number;
  /** Of these, leads that had left before. */
  readonly returning: number;
  /** Leads in the last file that arrived; 0 before the first. */
  readonly lastRows: number;
  /** What a person let through once: so many leads or more. */
  readonly releasedRows: number | undefined;
}

export type FullVerdict = { readonly leaves: true } | { readonly leaves: false; readonly missing: number };

export function mayLeave(
  { rows, returning, lastRows, releasedRows }: FullSituation,
  { shrink, fewest }: FullGuard,
): FullVerdict {
  if (releasedRows !== undefined && rows >= releasedRows) return { leaves: true };
  const missing = Math.max(0, lastRows - returning);
  const isLost = lastRows > 0 && (rows === 0 || missing * 100 > lastRows * shrink);
  return isLost || rows < fewest ? { leaves: false, missing } : { leaves: true };
}
