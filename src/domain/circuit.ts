// Defines the state of a destination's circuit breaker, the evidence it is moved by, and its limits.
// Invariant: data only; only domain/breaker.ts and domain/pace.ts make a new state from an old one.

export type CircuitSignal =
  'success' | 'unavailable' | 'unauthorized' | 'throttled' | 'rejection' | 'unknown' | 'none';

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

export interface BreakerPolicy {
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

export interface CircuitEvidence {
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
}

export interface CircuitMove {
  readonly circuit: Circuit;
  readonly change: 'none' | 'opened' | 'closed';
  /** Deliveries that failed technically and wait although the recipient is back: their next try is due now. */
  readonly retryNow: readonly number[];
  /** This delivery failed as a probe: it is queued behind the waiting ones, due again in so many ms at the earliest. */
  readonly backMs?: number;
}
