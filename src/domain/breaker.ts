// The circuit breaker of a destination. Pure: state in, state out; the store keeps it, dispatch and claim obey it.
// Invariant: counts distinct deliveries, so one poison lead never opens it; while open nothing spends attempts.

export type CircuitSignal =
  'success' | 'unavailable' | 'unauthorized' | 'throttled' | 'rejection' | 'unknown' | 'none';

export interface Circuit {
  readonly state: 'closed' | 'open' | 'ramping';
  /** Why it opened: `unavailable`, `unauthorized`, `rejection`, `unknown`; empty when closed. */
  readonly cause: string;
  /** Distinct deliveries that failed technically since the last success. */
  readonly failing: readonly number[];
  /** Of those failing, the ones whose recipient named the pause itself (`Retry-After`): no success brings them forward. */
  readonly asked?: readonly number[];
  /** Distinct deliveries refused, invalid or unknown since the last acceptance. */
  readonly rejected: readonly number[];
  /** Epoch ms; undefined when closed. */
  readonly openedAt?: number;
  /** Last transition, epoch ms: an attempt that began before it says nothing about the state after it. */
  readonly movedAt?: number;
  readonly nextProbeAt?: number;
  /** Probes that failed since it opened. */
  readonly probes: number;
  /** While ramping: deliveries allowed at once; doubles with each success until `rampEnd`. */
  readonly allowance: number;
  /** Throttled: nothing leaves before this instant, epoch ms. */
  readonly quietUntil?: number;
}

export interface BreakerPolicy {
  /** Distinct deliveries unavailable in a row. */
  readonly unavailableLimit: number;
  /** Distinct deliveries refused, invalid or unknown with no acceptance between (a moved endpoint). */
  readonly rejectionLimit: number;
  readonly firstProbeMs: number;
  readonly maxProbeMs: number;
  /** Allowance at which a ramping circuit counts as closed. */
  readonly rampEnd: number;
}

export const defaultBreakerPolicy: BreakerPolicy = {
  unavailableLimit: 5,
  rejectionLimit: 20,
  firstProbeMs: 5_000,
  maxProbeMs: 300_000,
  rampEnd: 16,
};

export const closedCircuit: Circuit = {
  state: 'closed',
  cause: '',
  failing: [],
  rejected: [],
  probes: 0,
  allowance: 0,
};

export interface CircuitEvidence {
  readonly deliveryId: number;
  readonly signal: CircuitSignal;
  /** When the attempt departed, epoch ms. */
  readonly startedAt: number;
  /** For `throttled`: how long to keep quiet. */
  readonly throttledForMs?: number;
  /** The recipient named the pause itself (`Retry-After`): it is kept, whoever succeeds meanwhile. */
  readonly pauseAsked?: boolean;
}

export interface CircuitMove {
  readonly circuit: Circuit;
  readonly change: 'none' | 'opened' | 'closed';
  /** Deliveries that failed technically and wait out a pause though the recipient is back: their next try is due now. */
  readonly retryNow: readonly number[];
}

/** Deliveries remembered for a pause that was asked for. */
const askedKept = 20;

const still = (circuit: Circuit): CircuitMove => ({ circuit, change: 'none', retryNow: [] });

/** What the breaker becomes after one attempt. Returns the same object when nothing changed, so that nothing is written. */
export function afterAttempt(
  circuit: Circuit,
  attempt: CircuitEvidence,
  now: number,
  policy: BreakerPolicy = defaultBreakerPolicy,
): CircuitMove {
  const { deliveryId, signal } = attempt;
  // Fifty deliveries in flight when the circuit opens would otherwise count as fifty failed probes.
  if (circuit.state !== 'closed' && attempt.startedAt < (circuit.movedAt ?? 0)) return still(circuit);
  switch (signal) {
    case 'none':
      return still(circuit);
    case 'success':
      return forwarding(afterSuccess(circuit, now, policy), circuit, deliveryId);
    case 'throttled': {
      const until = now + (attempt.throttledForMs ?? 0);
      if ((circuit.quietUntil ?? 0) >= until) return still(circuit);
      return still({ ...circuit, quietUntil: until });
    }
    case 'unauthorized':
      return open(circuit, 'unauthorized', now, policy);
    case 'unavailable': {
      const noted = withPause(circuit, deliveryId, attempt.pauseAsked === true);
      if (circuit.state !== 'closed') return open(noted, 'unavailable', now, policy);
      const failing = withDistinct(noted.failing, deliveryId, policy.unavailableLimit);
      const failed = failing === noted.failing ? noted : { ...noted, failing };
      return failing.length >= policy.unavailableLimit
        ? open(failed, 'unavailable', now, policy)
        : still(failed);
    }
    case 'rejection':
    case 'unknown': {
      if (circuit.state !== 'closed') {
        // The endpoint answers again: a business no is an answer, unless answers were what was wrong.
        const alive =
          signal === 'rejection' && (circuit.cause === 'unavailable' || circuit.cause === 'unauthorized');
        return alive
          ? forwarding(afterSuccess(circuit, now, policy), circuit, deliveryId)
          : open(circuit, signal, now, policy);
      }
      const rejected = withDistinct(circuit.rejected, deliveryId, policy.rejectionLimit);
      if (rejected.length >= policy.rejectionLimit)
        return open({ ...circuit, rejected }, signal, now, policy);
      return still(rejected === circuit.rejected ? circuit : { ...circuit, rejected });
    }
  }
}

/** How many deliveries may be in flight: Infinity when closed, 1 for a due probe, 0 while open. */
export function allowed(circuit: Circuit, now: number): number {
  if ((circuit.quietUntil ?? 0) > now) return 0;
  switch (circuit.state) {
    case 'closed':
      return Number.POSITIVE_INFINITY;
    case 'ramping':
      return circuit.allowance;
    case 'open':
      return (circuit.nextProbeAt ?? 0) <= now ? 1 : 0;
  }
}

/** Opened again by support, or because credentials were repaired: probe now, whatever pause the recipient asked for. */
export function probeNow(circuit: Circuit, now: number): Circuit {
  const loud = withoutQuiet(circuit, Number.POSITIVE_INFINITY);
  return loud.state === 'open' ? { ...loud, nextProbeAt: now } : loud;
}

/** Notes whether the pause of this failure was the recipient's own; the same circuit when nothing changes. */
function withPause(circuit: Circuit, deliveryId: number, isAsked: boolean): Circuit {
  const asked = circuit.asked ?? [];
  if (asked.includes(deliveryId) === isAsked) return circuit;
  return {
    ...circuit,
    asked: isAsked ? [...asked, deliveryId].slice(-askedKept) : asked.filter((id) => id !== deliveryId),
  };
}

/** The recipient is back: who failed meanwhile need not wait out a pause that was meant for an outage. */
function forwarding(move: CircuitMove, before: Circuit, succeeded: number): CircuitMove {
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
        return still(circuit);
      }
      return still(withoutQuiet({ ...circuit, failing: [], rejected: [] }, now));
    case 'open':
      return still(withoutQuiet({ ...circuit, state: 'ramping', allowance: 2, movedAt: now }, now));
    case 'ramping': {
      const allowance = circuit.allowance * 2;
      if (allowance < policy.rampEnd) return still({ ...circuit, allowance });
      const { quietUntil } = circuit;
      const closed = { ...closedCircuit, ...(quietUntil === undefined ? {} : { quietUntil }) };
      return { circuit: withoutQuiet(closed, now), change: 'closed', retryNow: [] };
    }
  }
}

function open(circuit: Circuit, cause: string, now: number, policy: BreakerPolicy): CircuitMove {
  const again = circuit.state !== 'closed';
  // The latest cause is what support has to mend, where it was down or refused our access. But an endpoint that refused everything is
  // not alive again for refusing once more, and a probe without an answer says nothing new.
  const plain = ['unavailable', 'unauthorized'];
  const kept = again && !(plain.includes(circuit.cause) && plain.includes(cause));
  const probes = again ? circuit.probes + 1 : 0;
  const wait = Math.min(policy.firstProbeMs * 2 ** Math.min(probes, 20), policy.maxProbeMs);
  return {
    circuit: {
      ...circuit,
      state: 'open',
      cause: kept ? circuit.cause : cause,
      openedAt: circuit.openedAt ?? now,
      movedAt: now,
      nextProbeAt: now + wait,
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

/** Forgets a quiet time that is over. A neighbour already under way when it was asked for does not shorten it. */
function withoutQuiet(circuit: Circuit, now: number): Circuit {
  if (circuit.quietUntil === undefined || circuit.quietUntil > now) return circuit;
  const { quietUntil: _quietUntil, ...rest } = circuit;
  return rest;
}
