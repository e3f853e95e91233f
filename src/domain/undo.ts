// Taking back what an earlier call made, after a later call of the same delivery was refused for good. Pure.
// Invariant: an undo that is not said to have worked never ends as one; what is not sure becomes a task for a person.
import type { Outcome } from '../../connectors/contract.ts';
import { reasonWith, splitReason } from './delivery.ts';
import { decide, type AttemptSituation, type Decision, type RetryPolicy, type Verdict } from './verdict.ts';

const prefix = 'undo-';

/** Longest name of a call with an undo: the undo's own name is as long as a call's may be. */
export const longestUndoable = 24 - prefix.length;

/** How the undo of a call is named in the log and in its key; no call is named so. */
export const undoName = (call: string): string => `${prefix}${call}`;

/** The call that an undo takes back; undefined for a call. */
export const undoneBy = (name: string): string | undefined =>
  name.startsWith(prefix) ? name.slice(prefix.length) : undefined;

export const isUndo = (name: string): boolean => undoneBy(name) !== undefined;

/** Decides what follows an undo's outcome; `decide` is for everything else. */
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
      // Nobody asks again whether a record has gone by now.
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
