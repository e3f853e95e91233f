// Collects the findings of a verification of the log.
// Invariant: the list is bounded, however broken the log is.
import type { VerificationProblem } from './verification.ts';

/** Findings of one verification at most: a log rewritten whole is one finding, whatever its length. */
export const mostFindings = 20;

export interface Findings {
  readonly add: (...found: readonly VerificationProblem[]) => void;
  readonly all: () => readonly VerificationProblem[];
  /** True when the list is full and the verification can stop. */
  readonly isFull: () => boolean;
}

/** @param onFirst called once, before the first finding is in the list */
export function createFindings(onFirst: () => void): Findings {
  const all: VerificationProblem[] = [];
  return {
    add: (...found) => {
      if (all.length === 0 && found.length > 0) onFirst();
      all.push(...found.slice(0, mostFindings - all.length));
    },
    all: () => all,
    isFull: () => all.length >= mostFindings,
  };
}
