// The only place that decides what comes after an outcome. Pure.
// Invariant: only an attempt that failed for this delivery's own sake is spent; outages of the destination burn nothing.
import type { Outcome } from '../../connectors/contract.ts';
import type { CircuitSignal } from './breaker.ts';
import { reasonWith } from './delivery.ts';
import { isOwnDoing } from './nothing-left.ts';

export interface RetryPolicy {
  /** Delays between tries, ms; after the last the delivery is exhausted. */
  readonly delays: readonly number[];
  readonly onUnknown: 'resend' | 'lookup' | 'hold';
  /** Ceiling for a recipient's Retry-After, ms. */
  readonly maxRetryAfterMs: number;
  /** How long a `pending` decision may take, ms, and how often to ask. */
  readonly pendingForMs: number;
  readonly pendingEveryMs: number;
}

export interface AttemptSituation {
  /** Attempts of this run that count, this one included. */
  readonly spent: number;
  /** Whether the destination's circuit is closed; while it is not, failures of probes cost nothing. */
  readonly circuitClosed: boolean;
  /** An earlier attempt may have been received. */
  readonly maybeReceived: boolean;
  readonly hasLookup: boolean;
  /** Ms since the delivery became `pending`; 0 when it was not. */
  readonly pendingSinceMs: number;
  /** The delivery needs another call after this one. */
  readonly moreCalls?: boolean;
  /** An earlier call made something that is taken back where this one is refused for good. */
  readonly undoes?: boolean;
  readonly notFound?: NotFound;
}

/** How long the recipient, asked, has not known the delivery. */
export interface NotFound {
  /** Ms since it was first not found; undefined when it was never asked, or last known. */
  readonly forMs: number | undefined;
  /** For so long what left may still be on its way into the recipient's database, ms. */
  readonly settlingMs: number;
}

/** "Not found" counts once it was said twice, a settling time apart: a locked table hides what is about to be there. */
export const isAbsent = ({ forMs, settlingMs }: NotFound): boolean =>
  forMs !== undefined && forMs >= settlingMs;

/** Where nobody says how long, ms. */
const shortestSettlingMs = 60_000;

export type Verdict =
  | { readonly next: 'done'; readonly reason: string }
  /** This call is done; the next one of the same delivery leaves at once. */
  | { readonly next: 'continue'; readonly reason: string }
  /** Refused for good: what earlier calls of the delivery made is taken back, at once. */
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
  /** What the breaker learns from it. */
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
        // The destination is held; the delivery comes back by itself when a probe passes. One that was kept in a way in which no
        // look-up finds it would be kept again: a person decides.
        verdict:
          hadCome(outcome) && policy.onUnknown === 'lookup'
            ? { next: 'hold', reason: reasonWith('unknown_hold', outcome.reason) }
            : retryFree(minRetryMs, reasonWith('destination_held', outcome.reason)),
        signal: 'unauthorized',
        maybeReceived: at.maybeReceived || hadCome(outcome),
      };
    case 'throttled': {
      // Costs no attempt; that it grows is the destination's (domain/pace.ts). Without a floor `Retry-After: 0` would be
      // asked again in a tight loop until maxAge.
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

/** Nothing is taken back where the recipient may have taken this call all the same. */
const afterRefusal = (
  outcome: Extract<Outcome, { kind: 'refused' | 'invalid' }>,
  at: AttemptSituation,
): Verdict =>
  at.undoes === true && !at.maybeReceived && !isPartly(outcome)
    ? { next: 'undo', reason: 'undoing' }
    : { next: 'fail', reason: reasonWith(outcome.kind, outcome.reason) };

/** Some of its targets have it: the destination is there, and what is left is this delivery's own matter. */
const isPartly = (outcome: Outcome): boolean => 'partly' in outcome && outcome.partly === true;

/** A no to something that came after the content, which is there. */
const hadCome = (outcome: Outcome): boolean => 'maybeReceived' in outcome && outcome.maybeReceived === true;

const afterPending = ({ pendingSinceMs }: AttemptSituation, policy: RetryPolicy): Verdict =>
  pendingSinceMs >= policy.pendingForMs
    ? { next: 'fail', reason: reasonWith('expired', 'PENDING') }
    : { next: 'pending', afterMs: policy.pendingEveryMs, reason: 'recipient_decides' };

/** The recipient has the content, whatever comes next. */
const received = (verdict: Verdict): Decision => ({ verdict, signal: 'success', maybeReceived: true });

/** A try that costs no attempt. */
const retryFree = (afterMs: number, reason: string): Verdict => ({
  next: 'retry',
  afterMs,
  reason,
  spend: false,
  lookup: false,
});

/** The recipient does not know our reference: once that counts, whatever left before never arrived, and the content may be sent. */
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
 * A server that failed may have kept the lead first: where it may not come twice, that is known no better than after silence.
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
    return afterUnknown(
      { kind: 'unknown', reason, ...(afterMs === undefined ? {} : { afterMs }) },
      at,
      policy,
      random,
    );
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
    /** The recipient is asked first. */
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
