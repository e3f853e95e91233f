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
}

export interface CircuitMove {
  readonly circuit: Circuit;
  readonly change: 'none' | 'opened' | 'closed';
}

/** What the breaker becomes after one attempt. Returns the same object when nothing changed, so that nothing is written. */
export function afterAttempt(
  circuit: Circuit,
  attempt: CircuitEvidence,
  now: number,
  policy: BreakerPolicy = defaultBreakerPolicy,
): CircuitMove {
  const { deliveryId, signal } = attempt;
  // Fifty deliveries in flight when the circuit opens would otherwise count as fifty failed probes.
  if (circuit.state !== 'closed' && attempt.startedAt < (circuit.movedAt ?? 0))
    return { circuit, change: 'none' };
  switch (signal) {
    case 'none':
      return { circuit, change: 'none' };
    case 'success':
      return afterSuccess(circuit, now, policy);
    case 'throttled': {
      const until = now + (attempt.throttledForMs ?? 0);
      if ((circuit.quietUntil ?? 0) >= until) return { circuit, change: 'none' };
      return { circuit: { ...circuit, quietUntil: until }, change: 'none' };
    }
    case 'unauthorized':
      return open(circuit, 'unauthorized', now, policy);
    case 'unavailable': {
      if (circuit.state !== 'closed') return open(circuit, 'unavailable', now, policy);
      const failing = withDistinct(circuit.failing, deliveryId, policy.unavailableLimit);
      if (failing.length >= policy.unavailableLimit)
        return open({ ...circuit, failing }, 'unavailable', now, policy);
      return failing === circuit.failing
        ? { circuit, change: 'none' }
        : { circuit: { ...circuit, failing }, change: 'none' };
    }
    case 'rejection':
    case 'unknown': {
      if (circuit.state !== 'closed') {
        // The endpoint answers again: a business no is an answer, unless answers were what was wrong.
        const alive =
          signal === 'rejection' && (circuit.cause === 'unavailable' || circuit.cause === 'unauthorized');
        return alive ? afterSuccess(circuit, now, policy) : open(circuit, signal, now, policy);
      }
      const rejected = withDistinct(circuit.rejected, deliveryId, policy.rejectionLimit);
      if (rejected.length >= policy.rejectionLimit)
        return open({ ...circuit, rejected }, signal, now, policy);
      return rejected === circuit.rejected
        ? { circuit, change: 'none' }
        : { circuit: { ...circuit, rejected }, change: 'none' };
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

function afterSuccess(circuit: Circuit, now: number, policy: BreakerPolicy): CircuitMove {
  switch (circuit.state) {
    case 'closed':
      if (
        circuit.failing.length === 0 &&
        circuit.rejected.length === 0 &&
        (circuit.quietUntil === undefined || circuit.quietUntil > now)
      ) {
        return { circuit, change: 'none' };
      }
      return { circuit: withoutQuiet({ ...circuit, failing: [], rejected: [] }, now), change: 'none' };
    case 'open':
      return {
        circuit: withoutQuiet({ ...circuit, state: 'ramping', allowance: 2, movedAt: now }, now),
        change: 'none',
      };
    case 'ramping': {
      const allowance = circuit.allowance * 2;
      return allowance >= policy.rampEnd
        ? {
            circuit: withoutQuiet(
              {
                ...closedCircuit,
                ...(circuit.quietUntil === undefined ? {} : { quietUntil: circuit.quietUntil }),
              },
              now,
            ),
            change: 'closed',
          }
        : { circuit: { ...circuit, allowance }, change: 'none' };
    }
  }
}

function open(circuit: Circuit, cause: string, now: number, policy: BreakerPolicy): CircuitMove {
  const again = circuit.state !== 'closed';
  const probes = again ? circuit.probes + 1 : 0;
  const wait = Math.min(policy.firstProbeMs * 2 ** Math.min(probes, 20), policy.maxProbeMs);
  return {
    circuit: {
      ...circuit,
      state: 'open',
      cause: again && circuit.cause !== '' ? circuit.cause : cause,
      openedAt: circuit.openedAt ?? now,
      movedAt: now,
      nextProbeAt: now + wait,
      probes,
      allowance: 0,
    },
    change: again ? 'none' : 'opened',
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
