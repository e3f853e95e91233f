// What comes after an outcome: the whole table, waits, what the breaker learns, what the recipient may hold.
import type { Outcome } from '../../connectors/contract.ts';
import { decide, type AttemptSituation, type RetryPolicy, type Verdict } from '../../src/domain/verdict.ts';

const second = 1_000;
const policy: RetryPolicy = {
  delays: [5 * second, 60 * second, 600 * second],
  onUnknown: 'resend',
  maxRetryAfterMs: 3_600 * second,
  pendingForMs: 86_400 * second,
  pendingEveryMs: 900 * second,
};
const first: AttemptSituation = {
  spent: 1,
  circuitClosed: true,
  maybeReceived: false,
  hasLookup: true,
  pendingSinceMs: 0,
};
const middle = (): number => 0.5;
const after = (
  outcome: Outcome,
  at: Partial<AttemptSituation> = {},
  rules: Partial<RetryPolicy> = {},
  random: () => number = middle,
): Verdict => decide(outcome, { ...first, ...at }, { ...policy, ...rules }, random).verdict;
const retry = (afterMs: number, reason: string, spend: boolean, lookup = false): Verdict => ({
  next: 'retry',
  ...{ afterMs, reason, spend, lookup },
});

const unavailable: Outcome = { kind: 'unavailable', reason: 'HTTP_503', maybeReceived: true };
const unknown: Outcome = { kind: 'unknown', reason: 'TIMEOUT' };

describe('each outcome has one next step', () => {
  test.each<[string, Outcome, Partial<AttemptSituation>, Partial<RetryPolicy>, Verdict]>([
    ['accepted is done', { kind: 'accepted' }, {}, {}, { next: 'done', reason: 'accepted' }],
    [
      'a file that we gave up ourselves spends nothing, however often',
      { kind: 'unavailable', reason: 'FILE_NOT_FINISHED', maybeReceived: false },
      { spent: 9 },
      {},
      retry(second, 'retry:FILE_NOT_FINISHED', false),
    ],
    [
      'accepted with a call to come goes on, and spends nothing',
      { kind: 'accepted' },
      { moreCalls: true },
      {},
      { next: 'continue', reason: 'next_call' },
    ],
    [
      'so does a duplicate',
      { kind: 'duplicate' },
      { moreCalls: true },
      {},
      { next: 'continue', reason: 'next_call' },
    ],
    [
      'a refusal ends it, whatever was to come',
      { kind: 'refused', reason: 'NO' },
      { moreCalls: true },
      {},
      { next: 'fail', reason: 'refused:NO' },
    ],
    [
      'a server error is asked about first where the lead may not come twice: it may have kept it',
      { kind: 'unavailable', reason: 'HTTP_500', maybeReceived: true },
      {},
      { onUnknown: 'lookup' },
      retry(5 * second, 'unknown_lookup:HTTP_500', true, true),
    ],
    [
      'one that was kept without what a look-up finds it by is for a person: sent again it would be there twice',
      { kind: 'unauthorized', reason: 'reference_not_kept', maybeReceived: true },
      {},
      { onUnknown: 'lookup' },
      { next: 'hold', reason: 'unknown_hold:reference_not_kept' },
    ],
    [
      'and is for a person to decide where nobody can be asked',
      { kind: 'unavailable', reason: 'HTTP_500', maybeReceived: true },
      { hasLookup: false },
      { onUnknown: 'hold' },
      { next: 'hold', reason: 'unknown_hold:HTTP_500' },
    ],
    [
      'what never reached the server is simply sent again',
      { kind: 'unavailable', reason: 'CONNECTION_REFUSED', maybeReceived: false },
      {},
      { onUnknown: 'lookup' },
      retry(5 * second, 'retry:CONNECTION_REFUSED', true),
    ],
    ['a duplicate is done', { kind: 'duplicate' }, {}, {}, { next: 'done', reason: 'duplicate' }],
    [
      'unconfirmed is done, and says unproved',
      { kind: 'unconfirmed' },
      {},
      {},
      { next: 'done', reason: 'unproved' },
    ],
    [
      'pending waits for the recipient',
      { kind: 'pending' },
      {},
      {},
      { next: 'pending', afterMs: 900 * second, reason: 'recipient_decides' },
    ],
    [
      'pending has a deadline',
      { kind: 'pending' },
      { pendingSinceMs: 86_400 * second },
      {},
      { next: 'fail', reason: 'expired:PENDING' },
    ],
    [
      'a business no is final, with the code of the recipient',
      { kind: 'refused', reason: 'PROGRAMME_CLOSED' },
      {},
      {},
      { next: 'fail', reason: 'refused:PROGRAMME_CLOSED' },
    ],
    [
      'our own fault is final',
      { kind: 'invalid', reason: 'EMAIL' },
      {},
      {},
      { next: 'fail', reason: 'invalid:EMAIL' },
    ],
    [
      'refused credentials hold the destination and cost nothing',
      { kind: 'unauthorized', reason: 'HTTP_401' },
      { spent: 4 },
      {},
      retry(second, 'destination_held:HTTP_401', false),
    ],
    [
      'too fast waits as long as the recipient says, and costs nothing',
      { kind: 'throttled', reason: 'HTTP_429', afterMs: 30 * second },
      { spent: 4 },
      {},
      retry(30 * second, 'throttled:HTTP_429', false),
    ],
    [
      'too fast without a time waits as the schedule begins, however often it was tried: that it grows is the destination’s',
      { kind: 'throttled', reason: 'HTTP_429' },
      { spent: 2 },
      {},
      retry(5 * second, 'throttled:HTTP_429', false),
    ],
    [
      'the first failure waits the first delay',
      unavailable,
      {},
      {},
      retry(5 * second, 'retry:HTTP_503', true),
    ],
    [
      'the last try of the schedule is still a try',
      unavailable,
      { spent: 3 },
      {},
      retry(600 * second, 'retry:HTTP_503', true),
    ],
    [
      'past the schedule it is exhausted',
      unavailable,
      { spent: 4 },
      {},
      { next: 'fail', reason: 'exhausted:HTTP_503' },
    ],
    [
      'behind an open circuit a failure costs nothing',
      unavailable,
      { circuitClosed: false },
      {},
      retry(5 * second, 'retry:HTTP_503', false),
    ],
    [
      'behind an open circuit not even the last try exhausts',
      unavailable,
      { circuitClosed: false, spent: 4 },
      {},
      retry(600 * second, 'retry:HTTP_503', false),
    ],
    ['unknown, resend: tried again', unknown, {}, {}, retry(5 * second, 'retry:TIMEOUT', true)],
    [
      'unknown, resend: exhausted like any other',
      unknown,
      { spent: 4 },
      {},
      { next: 'fail', reason: 'exhausted:TIMEOUT' },
    ],
    [
      'unknown, lookup: asks before it sends again',
      unknown,
      {},
      { onUnknown: 'lookup' },
      retry(5 * second, 'unknown_lookup:TIMEOUT', true, true),
    ],
    [
      'unknown, lookup without a way to ask: a person decides',
      unknown,
      { hasLookup: false },
      { onUnknown: 'lookup' },
      { next: 'hold', reason: 'unknown_hold:TIMEOUT' },
    ],
    [
      'unknown, hold: a person decides, even past the schedule',
      unknown,
      { spent: 4 },
      { onUnknown: 'hold' },
      { next: 'hold', reason: 'unknown_hold:TIMEOUT' },
    ],
    [
      'not found the first time: asked again after the settling time, for nothing',
      { kind: 'absent' },
      { spent: 4, maybeReceived: true, notFound: { forMs: undefined, settlingMs: 60_000 } },
      {},
      retry(60_000, 'unknown_lookup:NOT_FOUND', false, true),
    ],
    [
      'not found again, but too soon: asked again when the settling time is over',
      { kind: 'absent' },
      { spent: 4, maybeReceived: true, notFound: { forMs: 20_000, settlingMs: 60_000 } },
      {},
      retry(40_000, 'unknown_lookup:NOT_FOUND', false, true),
    ],
    [
      'not found, and nobody says how long that must last: a minute',
      { kind: 'absent' },
      {},
      {},
      retry(60_000, 'unknown_lookup:NOT_FOUND', false, true),
    ],
    [
      'not found twice, the settling time apart: sent again at once, for nothing',
      { kind: 'absent' },
      { spent: 4, maybeReceived: true, notFound: { forMs: 60_000, settlingMs: 60_000 } },
      {},
      retry(0, 'retry', false),
    ],
  ])('%s', (_title, outcome, at, rules, verdict) => {
    expect(after(outcome, at, rules)).toEqual(verdict);
  });
});

describe('how long a retry waits', () => {
  const wait = (verdict: Verdict): number => ('afterMs' in verdict ? verdict.afterMs : Number.NaN);

  test('jitter is twenty per cent to either side, no more', () => {
    expect(wait(after(unavailable, {}, {}, () => 0))).toBe(4 * second);
    expect(wait(after(unavailable, {}, {}, () => 0.999999))).toBe(6 * second);
  });
  test('Retry-After is honoured instead of the schedule', () => {
    expect(wait(after({ ...unavailable, afterMs: 120 * second }))).toBe(120 * second);
  });
  test.each([unavailable, { kind: 'throttled', reason: 'HTTP_429' } as const])(
    'Retry-After is bounded above for $kind: a recipient cannot park a lead for a month',
    (outcome) =>
      expect(wait(after({ ...outcome, afterMs: 30 * 86_400 * second }))).toBe(policy.maxRetryAfterMs),
  );
  test.each([unavailable, { kind: 'throttled', reason: 'HTTP_429' } as const])(
    'Retry-After: 0 is bounded below for $kind: nobody is asked in a tight loop',
    (outcome) => {
      expect(wait(after({ ...outcome, afterMs: 0 }))).toBeGreaterThanOrEqual(second);
      expect(wait(after({ ...outcome, afterMs: -5_000 }))).toBeGreaterThanOrEqual(second);
    },
  );
  test('a schedule shorter than a second is not lengthened by Retry-After: 0', () => {
    expect(wait(after({ ...unavailable, afterMs: 0 }, {}, { delays: [200] }))).toBe(200);
  });
});

describe('what the breaker learns', () => {
  const signal = (outcome: Outcome): string => decide(outcome, first, policy, middle).signal;
  test.each<[Outcome, string]>([
    [{ kind: 'accepted' }, 'success'],
    [{ kind: 'duplicate' }, 'success'],
    [{ kind: 'unconfirmed' }, 'success'],
    [{ kind: 'pending' }, 'success'],
    [{ kind: 'absent' }, 'success'],
    [{ kind: 'refused', reason: 'X' }, 'rejection'],
    [{ kind: 'invalid', reason: 'X' }, 'rejection'],
    [{ kind: 'unauthorized', reason: 'X' }, 'unauthorized'],
    [{ kind: 'throttled', reason: 'X' }, 'throttled'],
    [unavailable, 'unavailable'],
    [unknown, 'unknown'],
  ])('%j counts as %s', (outcome, expected) => expect(signal(outcome)).toBe(expected));
});

describe('what the recipient may hold', () => {
  const received = (outcome: Outcome, maybeReceived: boolean): boolean =>
    decide(outcome, { ...first, maybeReceived }, policy, middle).maybeReceived;
  test('an unknown outcome may have been received, and so may a 5xx after the body', () => {
    expect(received(unknown, false)).toBe(true);
    expect(received(unavailable, false)).toBe(true);
    expect(received({ ...unavailable, maybeReceived: false }, false)).toBe(false);
  });
  test('a later failure never takes back that an earlier attempt may have been received', () => {
    expect(received({ ...unavailable, maybeReceived: false }, true)).toBe(true);
    for (const kind of ['refused', 'invalid', 'unauthorized', 'throttled'] as const)
      expect([kind, received({ kind, reason: 'X' }, true)]).toEqual([kind, true]);
  });
  test('a no to what came after the content says that the content was received', () => {
    for (const kind of ['refused', 'unauthorized', 'throttled'] as const) {
      expect([kind, received({ kind, reason: 'X', maybeReceived: true }, false)]).toEqual([kind, true]);
      expect([kind, received({ kind, reason: 'X' }, false)]).toEqual([kind, false]);
    }
  });
  test('only the recipient saying twice, the settling time apart, that it does not know our reference takes it back', () => {
    const said = (forMs: number | undefined): boolean =>
      decide(
        { kind: 'absent' },
        { ...first, maybeReceived: true, notFound: { forMs, settlingMs: 60_000 } },
        policy,
        middle,
      ).maybeReceived;
    expect([undefined, 0, 59_999, 60_000].map(said)).toEqual([true, true, true, false]);
  });
});
