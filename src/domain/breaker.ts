// Moves the circuit breaker of a destination: state in, state out. Pure; the store keeps the state, dispatch and claim obey it.
// Invariant: counts distinct deliveries, so that one lead that always fails never opens it; while open nothing uses up attempts.

// Defines the state of a destination's circuit breaker, the evidence it is moved by, and its limits.
// Invariant: data only; only the functions of this file make a new state from an old one.

export type CircuitSignal =
  | 'success'
  | 'unavailable'
  | 'unauthorized'
  | 'throttled'
  | 'rejection'
  | 'unknown'
  | 'none';

export interface Circuit {
  readonly state: 'closed' | 'open' | 'ramping';
  /** Cause of the opening: `unavailable`, `unauthorized`, `rejection`, `unknown`; empty when closed. */
  readonly cause: string;
  /** Distinct deliveries that failed technically since the last success. */
  readonly failing: readonly number[];
  /** Those in `failing` whose recipient set the pause (`Retry-After`): no success brings them forward. */
  readonly asked?: readonly number[];
  /** Distinct deliveries refused, invalid or unknown since the last acceptance. */
  readonly rejected: readonly number[];
  /** Epoch ms; undefined when closed. */
  readonly openedAt?: number;
  /** Last transition, epoch ms: an attempt that began earlier is no evidence for the state after it. */
  readonly movedAt?: number;
  readonly nextProbeAt?: number;
  /** Probes that failed since it opened. */
  readonly probes: number;
  /** While ramping: deliveries allowed at once; doubles with each success until `rampEnd`. */
  readonly allowance: number;
  /** Throttled: nothing leaves before this instant, epoch ms. */
  readonly quietUntil?: number;
  /** Throttled answers in a row since it last accepted anything; each lengthens the quiet time. */
  readonly throttles?: number;
  /** The last of them, epoch ms: answers to deliveries in flight by then are no news. */
  readonly throttledAt?: number;
  /** After a throttling: deliveries allowed at once; doubles with each success until `rampEnd`, then forgotten. */
  readonly pace?: number;
  /** Nothing accepted since a start, other secrets or a resume: one at a time, so that a wrong key is sent once. */
  readonly untried?: true;
  /** Deliveries that failed as probes since the last pause between probes. */
  readonly round?: readonly number[];
}

interface BreakerPolicy {
  /** Distinct deliveries unavailable in a row. */
  readonly unavailableLimit: number;
  /** Distinct deliveries refused, invalid or unknown with no acceptance between (a moved endpoint). */
  readonly rejectionLimit: number;
  readonly firstProbeMs: number;
  readonly maxProbeMs: number;
  /** Allowance at which a ramping circuit counts as closed. */
  readonly rampEnd: number;
  /** Deliveries that may probe one after the other before the next pause, when the recipient answers. */
  readonly roundLimit: number;
  /** Distinct deliveries that may fail between two successes while ramping, when the recipient answers. */
  readonly rampFailures: number;
  /** Longest quiet time that the recipient did not ask for. */
  readonly maxQuietMs: number;
}

export const defaultBreakerPolicy: BreakerPolicy = {
  unavailableLimit: 5,
  rejectionLimit: 20,
  firstProbeMs: 5_000,
  maxProbeMs: 300_000,
  rampEnd: 16,
  roundLimit: 8,
  rampFailures: 3,
  maxQuietMs: 900_000,
};

export const closedCircuit: Circuit = {
  state: 'closed',
  cause: '',
  failing: [],
  rejected: [],
  probes: 0,
  allowance: 0,
};

interface CircuitEvidence {
  readonly deliveryId: number;
  readonly signal: CircuitSignal;
  /** Departure of the attempt, epoch ms. */
  readonly startedAt: number;
  /** For `throttled`: length of the quiet time. */
  readonly throttledForMs?: number;
  /** The recipient set the pause (`Retry-After`): successes do not shorten it. */
  readonly pauseAsked?: boolean;
  /** The recipient answered, if only with an error: it may be unable to process this delivery alone. */
  readonly answered?: boolean;
  /** The recipient refused this lead in a code of its own: it reads leads, and may accept the next one. */
  readonly named?: boolean;
}

export interface CircuitMove {
  readonly circuit: Circuit;
  readonly change: 'none' | 'opened' | 'closed';
  /** Deliveries that failed technically and wait although the recipient is back: their next try is due now. */
  readonly retryNow: readonly number[];
  /** This delivery failed as a probe: it is queued behind the waiting ones, due again in so many ms at the earliest. */
  readonly backMs?: number;
}

// Limits how many deliveries may leave at once after a throttled answer, or before anything was accepted. Pure.
// Invariant: the destination backs off, not each delivery: its quiet times grow until something is accepted.

/** Shortest quiet time that the recipient did not ask for, ms. */
const firstQuietMs = 1_000;

/** After a throttled answer: a quiet time, then one delivery at a time. The same circuit when the answer is no news. */
function throttled(circuit: Circuit, attempt: CircuitEvidence, now: number, policy: BreakerPolicy): Circuit {
  const { throttledAt } = circuit;
  // Throttled answers to ten deliveries in flight at once count as one.
  const isNew = throttledAt === undefined || attempt.startedAt >= throttledAt;
  const throttles = (circuit.throttles ?? 0) + (isNew ? 1 : 0);
  const asked = attempt.throttledForMs ?? 0;
  const first = Math.max(firstQuietMs, asked);
  const wait =
    attempt.pauseAsked === true
      ? asked
      : Math.min(first * 2 ** Math.min(throttles - 1, 20), Math.max(first, policy.maxQuietMs));
  const until = now + wait;
  if (!isNew && (circuit.quietUntil ?? 0) >= until) return circuit;
  const quietUntil = Math.max(circuit.quietUntil ?? 0, until);
  return {
    ...circuit,
    throttles,
    throttledAt: isNew ? now : throttledAt,
    pace: 1,
    quietUntil,
    // The next probe is never due within the quiet time.
    ...(circuit.nextProbeAt === undefined ? {} : { nextProbeAt: Math.max(circuit.nextProbeAt, quietUntil) }),
  };
}

/** After an acceptance: more at once, up to the number that the destination takes. */
function afterAcceptance(circuit: Circuit, startedAt: number, policy: BreakerPolicy): Circuit {
  const { untried, throttles, throttledAt, pace, ...rest } = circuit;
  if (untried === undefined && pace === undefined) return circuit;
  // A delivery accepted before the throttled answer does not show that the recipient has room again.
  if (throttledAt !== undefined && startedAt < throttledAt)
    return untried === undefined ? circuit : { ...rest, throttles, throttledAt, pace };
  const next = (pace ?? policy.rampEnd) * 2;
  return next >= policy.rampEnd ? rest : { ...rest, pace: next, throttledAt };
}

/** One at a time until something is accepted. The same circuit when it is so already. */
export const untriedNow = (circuit: Circuit): Circuit =>
  circuit.untried === true ? circuit : { ...circuit, untried: true };

export const paceOf = ({ pace, untried }: Circuit): number =>
  untried === true ? 1 : (pace ?? Number.POSITIVE_INFINITY);

/** True while the destination has a quiet time, a reduced pace, or accepted nothing yet. */
export const isCareful = (circuit: Circuit): boolean =>
  circuit.quietUntil !== undefined || circuit.pace !== undefined || circuit.untried === true;

/** Deliveries remembered whose recipient asked for a pause. */
const askedKept = 20;
/** Deliveries remembered that failed while it was open. */
const failedKept = 20;

/** True if an acceptance leaves the circuit as it is. */
export const isQuiet = (circuit: Circuit): boolean =>
  circuit.state === 'closed' &&
  circuit.failing.length === 0 &&
  circuit.rejected.length === 0 &&
  !isCareful(circuit);

const unchanged = (circuit: Circuit): CircuitMove => ({ circuit, change: 'none', retryNow: [] });

/** The circuit after one attempt. Returns the same object when nothing changed, so that nothing is written. */
export function afterAttempt(
  circuit: Circuit,
  attempt: CircuitEvidence,
  now: number,
  policy: BreakerPolicy = defaultBreakerPolicy,
): CircuitMove {
  const { deliveryId, signal } = attempt;
  // Otherwise fifty deliveries in flight when the circuit opens would count as fifty failed probes.
  if (circuit.state !== 'closed' && attempt.startedAt < (circuit.movedAt ?? 0)) return unchanged(circuit);
  switch (signal) {
    case 'none':
      return unchanged(circuit);
    case 'success':
      if (isQuiet(circuit)) return unchanged(circuit);
      return withRetries(
        afterSuccess(afterAcceptance(circuit, attempt.startedAt, policy), now, policy),
        circuit,
        deliveryId,
      );
    case 'throttled':
      return unchanged(throttled(circuit, attempt, now, policy));
    case 'unauthorized':
      return open(circuit, 'unauthorized', now, policy);
    case 'unavailable': {
      const noted = withPause(circuit, deliveryId, attempt.pauseAsked === true);
      if (circuit.state !== 'closed') return afterFailedProbe(noted, attempt, now, policy);
      const failing = withDistinct(noted.failing, deliveryId, policy.unavailableLimit);
      const failed = failing === noted.failing ? noted : { ...noted, failing };
      return failing.length >= policy.unavailableLimit
        ? open(failed, 'unavailable', now, policy)
        : unchanged(failed);
    }
    case 'rejection':
    case 'unknown': {
      const isRefusal = signal === 'rejection';
      // The endpoint answers again: a refusal of the lead is an answer, unless refusals opened the circuit.
      if (isRefusal && (circuit.cause === 'unavailable' || circuit.cause === 'unauthorized'))
        return withRetries(afterSuccess(circuit, now, policy), circuit, deliveryId);
      // On the ramp a lead has been accepted: the endpoint does not refuse everything, and the run begins again.
      if (circuit.state === 'open' || (circuit.state === 'ramping' && !isRefusal)) {
        const next = attempt.named === true ? nextOfRound(circuit, deliveryId, now, policy) : undefined;
        return next === undefined ? open(circuit, signal, now, policy) : unchanged(next);
      }
      const rejected = withDistinct(circuit.rejected, deliveryId, policy.rejectionLimit);
      if (rejected.length >= policy.rejectionLimit)
        return open({ ...circuit, rejected }, signal, now, policy);
      return unchanged(rejected === circuit.rejected ? circuit : { ...circuit, rejected });
    }
  }
}

/** Number of deliveries that may be in flight: Infinity when closed, 1 for a due probe, 0 while open. */
export function allowed(circuit: Circuit, now: number): number {
  if ((circuit.quietUntil ?? 0) > now) return 0;
  switch (circuit.state) {
    case 'closed':
      return paceOf(circuit);
    case 'ramping':
      return Math.min(circuit.allowance, paceOf(circuit));
    case 'open':
      return (circuit.nextProbeAt ?? 0) <= now ? 1 : 0;
  }
}

/** Support resumed it, or credentials were repaired: probe now, whatever pause the recipient asked for. */
export function probeNow(circuit: Circuit, now: number): Circuit {
  const { throttles: _throttles, throttledAt: _throttledAt, ...rest } = circuit;
  const unpaused =
    circuit.throttles === undefined
      ? withoutQuiet(circuit, Number.POSITIVE_INFINITY)
      : withoutQuiet(rest, Number.POSITIVE_INFINITY);
  return unpaused.state === 'open' ? { ...unpaused, nextProbeAt: now } : unpaused;
}

/** Records whether the recipient asked for the pause after this failure; the same circuit when nothing changes. */
function withPause(circuit: Circuit, deliveryId: number, isAsked: boolean): Circuit {
  const asked = circuit.asked ?? [];
  if (asked.includes(deliveryId) === isAsked) return circuit;
  return {
    ...circuit,
    asked: isAsked ? [...asked, deliveryId].slice(-askedKept) : asked.filter((id) => id !== deliveryId),
  };
}

/** The recipient is back: deliveries that failed meanwhile need not wait out a pause meant for an outage. */
function withRetries(move: CircuitMove, before: Circuit, succeeded: number): CircuitMove {
  const retryNow = before.failing.filter((id) => id !== succeeded && before.asked?.includes(id) !== true);
  if (retryNow.length === 0) return move;
  return { ...move, circuit: { ...move.circuit, failing: [] }, retryNow };
}

function afterSuccess(circuit: Circuit, now: number, policy: BreakerPolicy): CircuitMove {
  switch (circuit.state) {
    case 'closed':
      if (
        circuit.failing.length === 0 &&
        circuit.rejected.length === 0 &&
        (circuit.quietUntil === undefined || circuit.quietUntil > now)
      ) {
        return unchanged(circuit);
      }
      return unchanged(withoutQuiet({ ...circuit, failing: [], rejected: [] }, now));
    case 'open':
      return unchanged(
        withoutQuiet(
          { ...circuit, state: 'ramping', failing: [], rejected: [], allowance: 2, movedAt: now },
          now,
        ),
      );
    case 'ramping': {
      const allowance = circuit.allowance * 2;
      if (allowance < policy.rampEnd) return unchanged({ ...circuit, failing: [], rejected: [], allowance });
      const { quietUntil, pace } = circuit;
      const closed = { ...closedCircuit, quietUntil, pace };
      return { circuit: withoutQuiet(closed, now), change: 'closed', retryNow: [] };
    }
  }
}

/**
 * After a failed delivery of a probe or a ramp. When the recipient answered, it may be unable to process this delivery alone: the
 * delivery goes to the end of the queue and the next one tries at once, a few in a row. Without an answer no other would succeed.
 */
function afterFailedProbe(
  circuit: Circuit,
  { deliveryId, answered }: CircuitEvidence,
  now: number,
  policy: BreakerPolicy,
): CircuitMove {
  const failing = withDistinct(circuit.failing, deliveryId, failedKept);
  const failed = failing === circuit.failing ? circuit : { ...circuit, failing };
  const backMs = waitAfter(circuit.probes + 1, policy);
  if (answered === true && circuit.state === 'ramping' && failing.length < policy.rampFailures)
    return {
      ...unchanged({ ...failed, allowance: Math.max(1, Math.floor(circuit.allowance / 2)) }),
      backMs: policy.firstProbeMs,
    };
  const next = answered === true ? nextOfRound(failed, deliveryId, now, policy) : undefined;
  if (next !== undefined) return { ...unchanged(next), backMs };
  return { ...open(failed, 'unavailable', now, policy), backMs };
}

/** The next delivery probes at once; undefined: a pause comes first. */
function nextOfRound(
  circuit: Circuit,
  deliveryId: number,
  now: number,
  policy: BreakerPolicy,
): Circuit | undefined {
  const round = circuit.round ?? [];
  if (circuit.state !== 'open' || round.includes(deliveryId) || round.length + 1 >= policy.roundLimit)
    return undefined;
  return { ...circuit, movedAt: now, nextProbeAt: now, round: [...round, deliveryId] };
}

const waitAfter = (probes: number, policy: BreakerPolicy): number =>
  Math.min(policy.firstProbeMs * 2 ** Math.min(probes, 20), policy.maxProbeMs);

function open(circuit: Circuit, cause: string, now: number, policy: BreakerPolicy): CircuitMove {
  const again = circuit.state !== 'closed';
  // The latest cause is the one that support must repair, if the endpoint was down or refused our access. An endpoint that refused
  // everything is not alive for refusing once more, and a probe without an answer is no news.
  const plain = ['unavailable', 'unauthorized'];
  const kept = again && !(plain.includes(circuit.cause) && plain.includes(cause));
  const probes = again ? circuit.probes + 1 : 0;
  const wait = waitAfter(probes, policy);
  const { round: _round, ...before } = circuit;
  return {
    circuit: {
      ...before,
      state: 'open',
      cause: kept ? circuit.cause : cause,
      openedAt: circuit.openedAt ?? now,
      movedAt: now,
      nextProbeAt: Math.max(now + wait, circuit.quietUntil ?? 0),
      probes,
      allowance: 0,
    },
    change: again ? 'none' : 'opened',
    retryNow: [],
  };
}

function withDistinct(ids: readonly number[], id: number, limit: number): readonly number[] {
  return ids.includes(id) ? ids : [...ids, id].slice(-limit);
}

/** Removes a quiet time that is over. A delivery already under way when it was set does not shorten it. */
function withoutQuiet(circuit: Circuit, now: number): Circuit {
  if (circuit.quietUntil === undefined || circuit.quietUntil > now) return circuit;
  const { quietUntil: _quietUntil, ...rest } = circuit;
  return rest;
}
