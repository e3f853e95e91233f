// The rules no outcome, no situation and no schedule may break, whatever they are.
import fc from 'fast-check';
import type { Outcome } from '../../connectors/contract.ts';
import { decide, type AttemptSituation, type RetryPolicy } from '../../src/domain/verdict.ts';

const reason = fc.constantFrom('HTTP_500', 'TIMEOUT', 'X'.repeat(64));
const afterMs = fc.option(fc.integer({ min: -1e9, max: 1e12 }), { nil: undefined });
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom<Outcome>(
    ...(['accepted', 'duplicate', 'pending', 'unconfirmed', 'absent'] as const).map((kind) => ({ kind })),
  ),
  fc
    .record({ kind: fc.constantFrom('refused', 'invalid', 'unauthorized', 'unknown'), reason })
    .map((outcome) => outcome as Outcome),
  fc
    .record({
      kind: fc.constantFrom('throttled', 'unavailable'),
      reason,
      maybeReceived: fc.boolean(),
      afterMs,
    })
    .map((outcome) => outcome as Outcome),
);
const situations: fc.Arbitrary<AttemptSituation> = fc.record({
  spent: fc.integer({ min: 1, max: 40 }),
  circuitClosed: fc.boolean(),
  maybeReceived: fc.boolean(),
  hasLookup: fc.boolean(),
  pendingSinceMs: fc.integer({ min: 0, max: 1e9 }),
});
const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  delays: fc.array(fc.integer({ min: 1_000, max: 86_400_000 }), { minLength: 1, maxLength: 12 }),
  onUnknown: fc.constantFrom('resend', 'lookup', 'hold'),
  maxRetryAfterMs: fc.integer({ min: 1_000, max: 86_400_000 }),
  pendingForMs: fc.integer({ min: 1, max: 1e9 }),
  pendingEveryMs: fc.integer({ min: 1_000, max: 1e9 }),
});
const randoms = fc.double({ min: 0, max: 0.9999999, noNaN: true });
const always = (
  rule: (outcome: Outcome, at: AttemptSituation, rules: RetryPolicy, random: number) => void,
): void => {
  fc.assert(fc.property(outcomes, situations, policies, randoms, rule), { numRuns: 2_000 });
};

describe('in every situation', () => {
  test('nothing is done unless accepted, already known or unprovable: unknown is never done', () => {
    always((outcome, at, rules, random) => {
      const done = ['accepted', 'duplicate', 'unconfirmed'].includes(outcome.kind);
      expect(decide(outcome, at, rules, () => random).verdict.next === 'done').toBe(done);
    });
  });
  test('an outage never burns attempts: nothing is spent and nothing exhausts while the circuit is not closed', () => {
    always((outcome, at, rules, random) => {
      const { verdict } = decide(outcome, { ...at, circuitClosed: false }, rules, () => random);
      if (verdict.next === 'retry') expect(verdict.spend).toBe(false);
      expect(verdict.reason).not.toMatch(/^exhausted/);
    });
  });
  test('refused credentials and throttling never fail a delivery', () => {
    always((outcome, at, rules, random) => {
      if (outcome.kind === 'unauthorized' || outcome.kind === 'throttled')
        expect(decide(outcome, at, rules, () => random).verdict).toMatchObject({
          next: 'retry',
          spend: false,
        });
    });
  });
  test('a retry waits at least 0.8 s and never longer than the longest of schedule with jitter and ceiling', () => {
    always((outcome, at, rules, random) => {
      const { verdict } = decide(outcome, at, rules, () => random);
      if (verdict.next !== 'retry' || outcome.kind === 'absent') return;
      expect(verdict.afterMs).toBeGreaterThanOrEqual(800);
      expect(verdict.afterMs).toBeLessThanOrEqual(
        Math.max(rules.maxRetryAfterMs, Math.ceil(Math.max(...rules.delays) * 1.2)),
      );
    });
  });
  test('every reason fits its column and starts with a word support can read', () => {
    always((outcome, at, rules, random) => {
      expect(decide(outcome, at, rules, () => random).verdict.reason).toMatch(/^[a-z_]+(:[A-Z0-9_]{1,70})?$/);
    });
  });
});
