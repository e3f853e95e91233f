// Decides whether a full file, which contains every current lead, may leave by itself. Pure.
// Invariant: a file with too many leads missing waits for a person: its recipient would take the missing ones for deleted.

export interface FullGuard {
  /** Share of the last file's leads that may be missing, percent. */
  readonly shrink: number;
  /** Fewest leads in a file. */
  readonly fewest: number;
}

export const defaultGuard: FullGuard = { shrink: 50, fewest: 0 };

export interface FullSituation {
  readonly rows: number;
  /** Leads among them that left in an earlier file. */
  readonly returning: number;
  /** Leads in the last file that arrived; 0 before the first. */
  readonly lastRows: number;
  /** A person released one file with at least so many leads. */
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
