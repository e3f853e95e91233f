// Limits how many deliveries may leave at once after a throttled answer, or before anything was accepted. Pure.
// Invariant: the destination backs off, not each delivery: its quiet times grow until something is accepted.
import type { BreakerPolicy, Circuit, CircuitEvidence } from './circuit.ts';

/** Shortest quiet time that the recipient did not ask for, ms. */
const firstQuietMs = 1_000;

/** After a throttled answer: a quiet time, then one delivery at a time. The same circuit when the answer is no news. */
export function throttled(
  circuit: Circuit,
  attempt: CircuitEvidence,
  now: number,
  policy: BreakerPolicy,
): Circuit {
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
export function afterAcceptance(circuit: Circuit, startedAt: number, policy: BreakerPolicy): Circuit {
  const { untried, throttles, throttledAt, pace, ...rest } = circuit;
  if (untried === undefined && pace === undefined) return circuit;
  // A delivery accepted before the throttled answer does not show that the recipient has room again.
  if (throttledAt !== undefined && startedAt < throttledAt)
    return untried === undefined ? circuit : { ...rest, ...given({ throttles, throttledAt, pace }) };
  const next = (pace ?? policy.rampEnd) * 2;
  return next >= policy.rampEnd ? rest : { ...rest, pace: next, ...given({ throttledAt }) };
}

/** One at a time until something is accepted. The same circuit when it is so already. */
export const untriedNow = (circuit: Circuit): Circuit =>
  circuit.untried === true ? circuit : { ...circuit, untried: true };

export const paceOf = ({ pace, untried }: Circuit): number =>
  untried === true ? 1 : (pace ?? Number.POSITIVE_INFINITY);

/** True while the destination has a quiet time, a reduced pace, or accepted nothing yet. */
export const isCareful = (circuit: Circuit): boolean =>
  circuit.quietUntil !== undefined || circuit.pace !== undefined || circuit.untried === true;

function given(values: {
  readonly throttles?: number | undefined;
  readonly throttledAt?: number | undefined;
  readonly pace?: number | undefined;
}): { readonly throttles?: number; readonly throttledAt?: number; readonly pace?: number } {
  return {
    ...(values.throttles === undefined ? {} : { throttles: values.throttles }),
    ...(values.throttledAt === undefined ? {} : { throttledAt: values.throttledAt }),
    ...(values.pace === undefined ? {} : { pace: values.pace }),
  };
}
