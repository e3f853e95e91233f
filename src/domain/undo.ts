// Decides the undo of earlier calls after a later call of the same delivery was refused for good. Pure.
// Invariant: an undo counts as done only when its outcome proves it; an uncertain one becomes a task for a person.
import type { Outcome } from '../../connectors/contract.ts';
import { reasonWith, splitReason } from './delivery.ts';
import { decide, type AttemptSituation, type Decision, type RetryPolicy, type Verdict } from './verdict.ts';

const prefix = 'undo-';

/** Longest name of a call with an undo: the undo's own name is as long as a call's may be. */
export const longestUndoable = 24 - prefix.length;

/** Name of a call's undo in the log and in its key; no call has such a name. */
export const undoName = (call: string): string => `${prefix}${call}`;

/** The call that an undo reverts; undefined for a call. */
export const undoneBy = (name: string): string | undefined =>
  name.startsWith(prefix) ? name.slice(prefix.length) : undefined;

export const isUndo = (name: string): boolean => undoneBy(name) !== undefined;

/** Decides the next step after an undo's outcome; `decide` does so for everything else. */
export function decideUndo(
  outcome: Outcome,
  at: AttemptSituation,
  policy: RetryPolicy,
  random: () => number,
): Decision {
  const decision = decide(outcome, at, policy, random);
  return { ...decision, verdict: verdictOf(outcome, decision.verdict) };
}

function verdictOf(outcome: Outcome, verdict: Verdict): Verdict {
  switch (verdict.next) {
    case 'done':
    case 'continue':
      return { next: 'continue', reason: 'undoing' };
    case 'pending':
      // No later look-up checks whether the record was deleted.
      return { next: 'hold', reason: reasonWith('unknown_hold', 'PENDING') };
    case 'fail':
      return { next: 'fail', reason: reasonWith('undo_failed', codeOf(outcome, verdict.reason)) };
    case 'retry':
    case 'hold':
    case 'undo':
      return verdict;
  }
}

const codeOf = (outcome: Outcome, reason: string): string =>
  outcome.kind === 'refused' || outcome.kind === 'invalid'
    ? (splitReason(reason).code ?? outcome.kind.toUpperCase())
    : reason.replace(':', '.').toUpperCase();
