// The breaker under random weather: what must hold whatever a recipient answers, in whatever order.
import fc from 'fast-check';
import {
  afterAttempt,
  allowed,
  closedCircuit,
  defaultBreakerPolicy as policy,
  type Circuit,
  type CircuitSignal,
} from '../../src/domain/breaker.ts';
import { decide, type RetryPolicy } from '../../src/domain/verdict.ts';

const signals: readonly CircuitSignal[] = [
  ...(['success', 'unavailable', 'unauthorized', 'throttled', 'rejection', 'unknown', 'none'] as const),
];
const events = fc.array(
  fc.record({
    deliveryId: fc.integer({ min: 1, max: 40 }),
    signal: fc.constantFrom(...signals),
    /** How long the attempt had been under way when its outcome came. */
    took: fc.integer({ min: 0, max: 20_000 }),
    pause: fc.integer({ min: 0, max: 120_000 }),
    throttledForMs: fc.integer({ min: 0, max: 60_000 }),
  }),
  { maxLength: 120 },
);
type Event = {
  deliveryId: number;
  signal: CircuitSignal;
  took: number;
  pause: number;
  throttledForMs: number;
};

function play(
  weather: readonly Event[],
  look: (before: Circuit, after: Circuit, now: number, event: Event, change: string) => void,
): Circuit {
  let now = 1_800_000_000_000;
  let circuit: Circuit = closedCircuit;
  for (const event of weather) {
    now += event.pause;
    const move = afterAttempt(circuit, { ...event, startedAt: now - event.took }, now);
    look(circuit, move.circuit, now, event, move.change);
    circuit = move.circuit;
  }
  return circuit;
}

test('a held destination always has a next probe, within the ceiling: nothing waits for ever', () => {
  fc.assert(
    fc.property(events, (weather) => {
      play(weather, (_before, circuit, now) => {
        if (circuit.state !== 'open') return;
        const wait = (circuit.nextProbeAt ?? Number.POSITIVE_INFINITY) - now;
        expect(wait).toBeLessThanOrEqual(Math.max(policy.maxProbeMs, policy.maxQuietMs));
      });
    }),
  );
});

test('an open circuit lets one delivery out at most, a ramping one fewer than the end of its ramp', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 0, max: 600_000 }), (weather, later) => {
      play(weather, (_before, circuit, now) => {
        if (circuit.state === 'open') expect([0, 1]).toContain(allowed(circuit, now + later));
        if (circuit.state === 'ramping') expect(allowed(circuit, now + later)).toBeLessThan(policy.rampEnd);
      });
    }),
  );
});

test('it opens only for five distinct failures, refused credentials, or twenty distinct bad answers', () => {
  fc.assert(
    fc.property(events, (weather) => {
      const failed = new Set<number>();
      const refused = new Set<number>();
      play(weather, (before, _after, _now, { deliveryId, signal }, change) => {
        if (before.state !== 'closed' || signal === 'success') {
          failed.clear();
          refused.clear();
        }
        if (before.state !== 'closed') return;
        if (signal === 'unavailable') failed.add(deliveryId);
        if (signal === 'rejection' || signal === 'unknown') refused.add(deliveryId);
        const due = signal === 'unauthorized' || failed.size >= 5 || refused.size >= 20;
        expect(change === 'opened').toBe(due);
      });
    }),
    { numRuns: 500 },
  );
});

test('opening and closing alternate, so that every alert "held" has its "reopened"', () => {
  fc.assert(
    fc.property(events, (weather) => {
      let open = false;
      play(weather, (_before, after, _now, _event, change) => {
        if (change === 'opened') {
          expect(open).toBe(false);
          open = true;
        }
        if (change === 'closed') {
          expect(open).toBe(true);
          open = false;
        }
        expect(after.state === 'closed').toBe(!open);
      });
    }),
    { numRuns: 500 },
  );
});

test('from any state, a recipient that is well again gets everything within a few probes', () => {
  fc.assert(
    fc.property(events, (weather) => {
      let circuit = play(weather, () => undefined);
      let now = 1_900_000_000_000;
      for (let probe = 0; probe < 4; probe += 1) {
        now += 1_000;
        expect(allowed(circuit, now)).toBeGreaterThanOrEqual(1);
        circuit = afterAttempt(
          circuit,
          { deliveryId: 900 + probe, signal: 'success', startedAt: now },
          now,
        ).circuit;
      }
      expect(allowed(circuit, now)).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test('an outage of hours burns one attempt of five leads at most; all arrive when it ends', () => {
  const retry: RetryPolicy = {
    delays: [1_000, 1_000, 1_000],
    onUnknown: 'resend',
    maxRetryAfterMs: 60_000,
    pendingForMs: 1,
    pendingEveryMs: 1,
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 6, max: 60 }),
      fc.integer({ min: 60_000, max: 6 * 3_600_000 }),
      (leads, outage) => {
        const start = 1_800_000_000_000;
        const waiting = Array.from({ length: leads }, (_, index) => ({
          id: index + 1,
          due: start,
          spent: 0,
        }));
        const failed: number[] = [];
        let circuit: Circuit = closedCircuit;
        for (let now = start; now < start + outage + 3_600_000 && waiting.length > 0; now += 1_000) {
          const room = Math.min(50, allowed(circuit, now));
          for (const lead of waiting.filter((candidate) => candidate.due <= now).slice(0, room)) {
            const down = now < start + outage;
            const decision = decide(
              down ? { kind: 'unavailable', reason: 'HTTP_503', maybeReceived: false } : { kind: 'accepted' },
              {
                ...{ spent: lead.spent + 1, circuitClosed: circuit.state === 'closed', maybeReceived: false },
                ...{ hasLookup: false, pendingSinceMs: 0 },
              },
              retry,
              () => 0.5,
            );
            circuit = afterAttempt(
              circuit,
              { deliveryId: lead.id, signal: decision.signal, startedAt: now },
              now,
            ).circuit;
            const { verdict } = decision;
            if (verdict.next === 'retry') {
              lead.due = now + verdict.afterMs;
              if (verdict.spend) lead.spent += 1;
            } else {
              if (verdict.next === 'fail') failed.push(lead.id);
              waiting.splice(waiting.indexOf(lead), 1);
            }
            expect(lead.spent).toBeLessThanOrEqual(1);
          }
        }
        expect({ failed, left: waiting.length }).toEqual({ failed: [], left: 0 });
      },
    ),
    { numRuns: 25 },
  );
});
