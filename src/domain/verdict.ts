// Decides the next step after an outcome; nothing else does. Pure.
// Invariant: only an attempt that failed because of this delivery counts; outages of the destination use up nothing.
import type { Outcome, Action } from '../../connectors/contract.ts';
import type { CircuitSignal } from './breaker.ts';
import { reasonWith, splitReason, isOwnDoing, type DeliveryState } from './delivery.ts';

export interface RetryPolicy {
  /** Delays between tries, ms; after the last the delivery is exhausted. */
  readonly delays: readonly number[];
  readonly onUnknown: 'resend' | 'lookup' | 'hold';
  /** Ceiling for a recipient's Retry-After, ms. */
  readonly maxRetryAfterMs: number;
  /** Longest duration of a `pending` decision, and the interval of look-ups, ms. */
  readonly pendingForMs: number;
  readonly pendingEveryMs: number;
}

export interface AttemptSituation {
  /** Attempts of this run that count, the current one included. */
  readonly spent: number;
  /** True when the destination's circuit is closed; otherwise failed probes cost nothing. */
  readonly circuitClosed: boolean;
  /** An earlier attempt may have been received. */
  readonly maybeReceived: boolean;
  readonly hasLookup: boolean;
  /** Ms since the delivery became `pending`; 0 when it was not. */
  readonly pendingSinceMs: number;
  /** The delivery needs another call after this one. */
  readonly moreCalls?: boolean;
  /** An earlier call made an object that is undone when this one is refused for good. */
  readonly undoes?: boolean;
  readonly notFound?: NotFound;
}

/** Duration since which look-ups have not found the delivery. */
export interface NotFound {
  /** Ms since it was first not found; undefined when it was never looked up, or found last. */
  readonly forMs: number | undefined;
  /** Time in which sent content may still be on its way into the recipient's database, ms. */
  readonly settlingMs: number;
}

/** `absent` counts once it was answered twice, a settling time apart: a locked table hides a record that is about to appear. */
export const isAbsent = ({ forMs, settlingMs }: NotFound): boolean =>
  forMs !== undefined && forMs >= settlingMs;

/** Settling time by default, ms. */
const shortestSettlingMs = 60_000;

export type Verdict =
  | { readonly next: 'done'; readonly reason: string }
  /** This call is done; the next one of the same delivery leaves at once. */
  | { readonly next: 'continue'; readonly reason: string }
  /** Refused for good: earlier calls of the delivery are undone at once. */
  | { readonly next: 'undo'; readonly reason: string }
  | { readonly next: 'fail'; readonly reason: string }
  | {
      readonly next: 'retry';
      readonly afterMs: number;
      readonly reason: string;
      readonly spend: boolean;
      readonly lookup: boolean;
    }
  | { readonly next: 'pending'; readonly afterMs: number; readonly reason: string }
  /** Waits until a person decides; has the delivery's maxAge as deadline. */
  | { readonly next: 'hold'; readonly reason: string };

export interface Decision {
  readonly verdict: Verdict;
  /** Evidence for the breaker. */
  readonly signal: CircuitSignal;
  /** The recipient may have the content now. */
  readonly maybeReceived: boolean;
}

/**
 * Decides the next step.
 * @param random in [0,1): jitter of ±20 %, a dependency so that tests are exact.
 */
export function decide(
  outcome: Outcome,
  at: AttemptSituation,
  policy: RetryPolicy,
  random: () => number,
): Decision {
  switch (outcome.kind) {
    case 'accepted':
      return received(doneOr('accepted', at));
    case 'duplicate':
      return received(doneOr('duplicate', at));
    case 'unconfirmed':
      return received(doneOr('unproved', at));
    case 'pending':
      return received(afterPending(at, policy));
    case 'refused':
    case 'invalid':
      return {
        verdict: afterRefusal(outcome, at),
        signal: isPartly(outcome) ? 'success' : 'rejection',
        maybeReceived: at.maybeReceived || isPartly(outcome) || hadCome(outcome),
      };
    case 'unauthorized':
      return {
        // The destination is held; the delivery resumes by itself when a probe succeeds. One that may have been stored where no
        // look-up finds it could be stored twice: a person decides.
        verdict:
          hadCome(outcome) && policy.onUnknown === 'lookup'
            ? { next: 'hold', reason: reasonWith('unknown_hold', outcome.reason) }
            : retryFree(minRetryMs, reasonWith('destination_held', outcome.reason)),
        signal: 'unauthorized',
        maybeReceived: at.maybeReceived || hadCome(outcome),
      };
    case 'throttled': {
      // Costs no attempt; the destination's delay grows, not the delivery's (domain/breaker.ts). Without a minimum, `Retry-After: 0`
      // would be retried in a tight loop until maxAge.
      const afterMs = Math.max(minRetryMs, bounded(outcome.afterMs ?? policy.delays[0] ?? 0, policy));
      return {
        verdict: retryFree(afterMs, reasonWith('throttled', outcome.reason)),
        signal: 'throttled',
        maybeReceived: at.maybeReceived || hadCome(outcome),
      };
    }
    case 'unavailable':
      return {
        verdict: afterUnavailable(outcome, at, policy, random),
        signal: isPartly(outcome) ? 'success' : 'unavailable',
        maybeReceived: at.maybeReceived || outcome.maybeReceived,
      };
    case 'unknown':
      return {
        verdict: afterUnknown(outcome, at, policy, random),
        signal: outcome.outage === true ? 'unavailable' : 'unknown',
        maybeReceived: true,
      };
    case 'absent':
      return afterAbsent(at, at.notFound ?? { forMs: undefined, settlingMs: shortestSettlingMs });
  }
}

/** Nothing is undone when the recipient may have accepted this call all the same. */
const afterRefusal = (
  outcome: Extract<Outcome, { kind: 'refused' | 'invalid' }>,
  at: AttemptSituation,
): Verdict =>
  at.undoes === true && !at.maybeReceived && !isPartly(outcome)
    ? { next: 'undo', reason: 'undoing' }
    : { next: 'fail', reason: reasonWith(outcome.kind, outcome.reason) };

/** Some of its targets have accepted it: the destination works, and only this delivery is incomplete. */
const isPartly = (outcome: Outcome): boolean => 'partly' in outcome && outcome.partly === true;

/** A refusal of something after the content, which was received. */
const hadCome = (outcome: Outcome): boolean => 'maybeReceived' in outcome && outcome.maybeReceived === true;

const afterPending = ({ pendingSinceMs }: AttemptSituation, policy: RetryPolicy): Verdict =>
  pendingSinceMs >= policy.pendingForMs
    ? { next: 'fail', reason: reasonWith('expired', 'PENDING') }
    : { next: 'pending', afterMs: policy.pendingEveryMs, reason: 'recipient_decides' };

/** The recipient has the content, whatever the next step. */
const received = (verdict: Verdict): Decision => ({ verdict, signal: 'success', maybeReceived: true });

/** A try that costs no attempt. */
const retryFree = (afterMs: number, reason: string): Verdict => ({
  next: 'retry',
  afterMs,
  reason,
  spend: false,
  lookup: false,
});

/** The look-up did not find our reference: once that counts, nothing sent before has arrived, and the content may be sent. */
function afterAbsent({ maybeReceived }: AttemptSituation, notFound: NotFound): Decision {
  const counts = isAbsent(notFound);
  return {
    verdict: {
      next: 'retry',
      afterMs: counts ? 0 : notFound.settlingMs - (notFound.forMs ?? 0),
      reason: counts ? 'retry' : reasonWith('unknown_lookup', 'NOT_FOUND'),
      spend: false,
      lookup: !counts,
    },
    signal: 'success',
    maybeReceived: maybeReceived && !counts,
  };
}

const minRetryMs = 1_000;

const doneOr = (reason: string, at: AttemptSituation): Verdict =>
  at.moreCalls === true ? { next: 'continue', reason: 'next_call' } : { next: 'done', reason };

/**
 * A server that failed may have stored the lead first: when it must not come twice, the outcome is as unknown as after silence.
 */
function afterUnavailable(
  outcome: Extract<Outcome, { kind: 'unavailable' }>,
  at: AttemptSituation,
  policy: RetryPolicy,
  random: () => number,
): Verdict {
  const { reason, afterMs, maybeReceived } = outcome;
  if (isOwnDoing(reason)) return retryFree(minRetryMs, reasonWith('retry', reason));
  if (maybeReceived && !isPartly(outcome) && policy.onUnknown !== 'resend')
    return afterUnknown({ kind: 'unknown', reason, afterMs }, at, policy, random);
  return nextTry({ reason, afterMs, lookup: false }, at, policy, random);
}

function afterUnknown(
  outcome: Extract<Outcome, { kind: 'unknown' }>,
  at: AttemptSituation,
  policy: RetryPolicy,
  random: () => number,
): Verdict {
  const { onUnknown } = policy;
  const asks = onUnknown === 'lookup' || (onUnknown === 'resend' && outcome.saidYes === true);
  if (onUnknown === 'hold' || (asks && !at.hasLookup))
    return { next: 'hold', reason: reasonWith('unknown_hold', outcome.reason) };
  return nextTry({ reason: outcome.reason, afterMs: outcome.afterMs, lookup: asks }, at, policy, random);
}

function nextTry(
  {
    reason: code,
    afterMs,
    lookup,
  }: {
    readonly reason: string;
    readonly afterMs?: number | undefined;
    /** A look-up comes first. */
    readonly lookup: boolean;
  },
  at: AttemptSituation,
  policy: RetryPolicy,
  random: () => number,
): Verdict {
  const spend = at.circuitClosed;
  const index = spend ? at.spent : Math.max(1, at.spent);
  const planned = policy.delays[Math.min(index, policy.delays.length) - 1];
  if (spend && at.spent > policy.delays.length)
    return { next: 'fail', reason: reasonWith('exhausted', code) };
  const jittered = Math.round((planned ?? minRetryMs) * (0.8 + 0.4 * random()));
  const wait =
    afterMs === undefined ? jittered : Math.max(bounded(afterMs, policy), Math.min(jittered, minRetryMs));
  return {
    next: 'retry',
    afterMs: wait,
    reason: reasonWith(lookup ? 'unknown_lookup' : 'retry', code),
    spend,
    lookup,
  };
}

function bounded(afterMs: number, policy: RetryPolicy): number {
  return Math.max(0, Math.min(afterMs, policy.maxRetryAfterMs));
}

// Decides the undo of earlier calls after a later call of the same delivery was refused for good. Pure.
// Invariant: an undo counts as done only when its outcome proves it; an uncertain one becomes a task for a person.

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

// Decides the next step for an outcome that arrives after its worker lost the lease, when a later delivery may have ended. Pure.
// Invariant: a recipient that may have data a person withdrew gets the withdrawal again, or support is alerted, in any order of arrival.

/** A delivery of the same lead and destination. */
interface Told {
  readonly id: number;
  readonly action: Action;
  readonly state: DeliveryState;
  /** Number of its departures. */
  readonly departures: number;
}

/** True when the recipient may have the content. */
export function mayHaveCome(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'accepted':
    case 'duplicate':
    case 'pending':
    case 'unconfirmed':
    case 'unknown':
      return true;
    case 'refused':
      return outcome.partly === true || outcome.maybeReceived === true;
    case 'unavailable':
      return outcome.maybeReceived || outcome.partly === true;
    case 'unauthorized':
    case 'throttled':
      return outcome.maybeReceived === true;
    case 'invalid':
    case 'absent':
      return false;
  }
}

type AfterLate =
  /** No later delivery, or one that has yet to leave. */
  | { readonly next: 'nothing' }
  /** A later delivery had departed before this one arrived: it is sent again, and support is alerted. */
  | { readonly next: 'tell_again'; readonly id: number }
  /** It cannot be sent again automatically. */
  | { readonly next: 'alert' };

/** @param late the delivery that arrived; @param pair all deliveries of its lead and destination as they are, itself included */
export function afterLate(
  late: { readonly id: number; readonly action: Action },
  pair: readonly Told[],
  isErased: boolean,
): AfterLate {
  if (late.action === 'erase') return { next: 'nothing' };
  const later = pair.filter(
    ({ id, action, state }) =>
      action !== 'create' && (id > late.id || (id === late.id && state === 'delivered')),
  );
  // An erasure includes every update.
  const last = later.findLast(({ action }) => action === 'erase') ?? later.at(-1);
  if (last === undefined) return { next: isErased ? 'alert' : 'nothing' };
  switch (last.state) {
    case 'delivered':
      return { next: 'tell_again', id: last.id };
    case 'cancelled':
      return last.action === 'erase' ? { next: 'tell_again', id: last.id } : { next: 'alert' };
    case 'sending':
    case 'pending':
      if (last.departures === 0) return { next: 'nothing' };
      // The recipient may have got the later one first. Nothing leaves after an erasure, so that a second one may leave beside the
      // first; an update restarted while its worker still sends could arrive after an erasure.
      return last.action === 'erase' ? { next: 'tell_again', id: last.id } : { next: 'alert' };
    case 'failed':
      return { next: 'alert' };
    case 'planned':
    case 'queued':
    case 'waiting':
    case 'withheld':
      return { next: 'nothing' };
  }
}
