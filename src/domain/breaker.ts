// Moves the circuit breaker of a destination: state in, state out. Pure; the store keeps the state, dispatch and claim obey it.
// Invariant: counts distinct deliveries, so that one lead that always fails never opens it; while open nothing uses up attempts.

import {
  closedCircuit,
  defaultBreakerPolicy,
  type BreakerPolicy,
  type Circuit,
  type CircuitEvidence,
  type CircuitMove,
} from './circuit.ts';
import { afterAcceptance, paceOf, throttled } from './pace.ts';

export {
  closedCircuit,
  defaultBreakerPolicy,
  type BreakerPolicy,
  type Circuit,
  type CircuitEvidence,
  type CircuitMove,
  type CircuitSignal,
} from './circuit.ts';

/** Deliveries remembered whose recipient asked for a pause. */
const askedKept = 20;
/** Deliveries remembered that failed while it was open. */
const failedKept = 20;

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
      if (circuit.state !== 'closed') {
        // The endpoint answers again: a refusal of the lead is an answer, unless refusals opened the circuit.
        const alive =
          signal === 'rejection' && (circuit.cause === 'unavailable' || circuit.cause === 'unauthorized');
        return alive
          ? withRetries(afterSuccess(circuit, now, policy), circuit, deliveryId)
          : open(circuit, signal, now, policy);
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
        withoutQuiet({ ...circuit, state: 'ramping', failing: [], allowance: 2, movedAt: now }, now),
      );
    case 'ramping': {
      const allowance = circuit.allowance * 2;
      if (allowance < policy.rampEnd) return unchanged({ ...circuit, failing: [], allowance });
      const { quietUntil, pace } = circuit;
      const closed = {
        ...closedCircuit,
        ...(quietUntil === undefined ? {} : { quietUntil }),
        ...(pace === undefined ? {} : { pace }),
      };
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
  const round = circuit.round ?? [];
  const goesOn =
    answered === true &&
    circuit.state === 'open' &&
    !round.includes(deliveryId) &&
    round.length + 1 < policy.roundLimit;
  if (goesOn)
    return {
      ...unchanged({ ...failed, movedAt: now, nextProbeAt: now, round: [...round, deliveryId] }),
      backMs,
    };
  return { ...open(failed, 'unavailable', now, policy), backMs };
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
