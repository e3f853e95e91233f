// The result of a verification of the log: counts of good seals and entries, and the findings, the first one first.
// Invariant: a problem is a code with its seal and entry; never a person's data.
import type { CitedProblem } from './cited-check.ts';

export interface Anchor {
  readonly sequence: number;
  readonly mac: string;
}

export interface SealCounts {
  /** The newest seal checked. */
  readonly seals: number;
  readonly entries: number;
  /** Entries among these that are in an archive and no longer in the table. */
  readonly archived: number;
}

/** Counts cover the part before the first finding. */
export interface Verification extends SealCounts {
  readonly ok: boolean;
  /** Entries that wait for the next seal: not wrong, not proved yet. */
  readonly unsealed: number;
  /** The first finding. */
  readonly problem?: VerificationProblem;
  /** Every finding, the first one included, up to `mostFindings`. */
  readonly problems?: readonly VerificationProblem[];
}

export interface VerificationProblem {
  readonly kind: LogProblem;
  readonly seal?: number;
  readonly entry?: number;
}

export type LogProblem =
  | 'entry_changed'
  | 'entry_missing'
  | 'entry_unsealed'
  | 'entry_forged'
  | 'key_missing'
  | 'seal_changed'
  | 'seal_missing'
  | 'queue_points_nowhere'
  | 'anchor_missing'
  | 'anchor_differs'
  | 'archive_changed'
  | 'archive_missing'
  | CitedProblem;

/** `12:9f3c...` as printed by `relais log anchor`. */
export function parseAnchor(text: string): Anchor | undefined {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text.trim());
  return match === null ? undefined : { sequence: Number(match[1]), mac: match[2] ?? '' };
}
