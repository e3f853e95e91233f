// Whether a destination may send now, row by row: how many, and what keeps back the next one.
import { closedCircuit, type Circuit } from '../../src/domain/circuit.ts';
import {
  isHeld,
  isProbeDue,
  isShut,
  minuteOf,
  sendPermission,
  whyFileWaits,
  type SendSituation,
} from '../../src/domain/send-policy.ts';

const now = Date.parse('2026-11-24T10:00:00Z');
const open = (nextProbeAt: number): Circuit => ({ ...closedCircuit, state: 'open', nextProbeAt });
const ramping = (allowance: number): Circuit => ({ ...closedCircuit, state: 'ramping', allowance });

const situation = (over: Partial<SendSituation> = {}): SendSituation => ({
  now,
  status: 'active',
  circuit: closedCircuit,
  limits: { concurrency: 8 },
  minute: { startedAt: now, departed: 0 },
  inFlight: 0,
  unit: 'delivery',
  ...over,
});
const limits = { concurrency: 8, perMinute: 60 };
const minute = { startedAt: now - 20_000, departed: 57 };
const all = Number.POSITIVE_INFINITY;

test.each<[string, Partial<SendSituation>, number, string, number]>([
  ['sends as many as it takes at once', {}, 8, 'throttled:CONCURRENCY', 100],
  ['beside those in flight', { inFlight: 5 }, 3, 'throttled:CONCURRENCY', 100],
  ['nothing while it is full', { inFlight: 8 }, 0, 'throttled:CONCURRENCY', 100],
  ['nothing over a limit that was lowered', { inFlight: 9 }, 0, 'throttled:CONCURRENCY', 100],
  ['nothing while suspended', { status: 'suspended' }, 0, 'destination_suspended', 0],
  ['nothing once archived', { status: 'archived' }, 0, 'destination_suspended', 0],
  [
    'suspended is said before held',
    { status: 'suspended', circuit: open(now + 1) },
    0,
    'destination_suspended',
    0,
  ],
  ['nothing while open', { circuit: open(now + 1) }, 0, 'destination_held', 0],
  ['one probe when it is due', { circuit: open(now) }, 1, 'destination_held', 100],
  ['no second probe', { circuit: open(now), inFlight: 1 }, 0, 'destination_held', 0],
  ['a few while it ramps up', { circuit: ramping(4), inFlight: 1 }, 3, 'destination_held', 100],
  [
    'nothing in a quiet time',
    { circuit: { ...closedCircuit, quietUntil: now + 1 } },
    0,
    'destination_held',
    0,
  ],
  [
    'one at a time while untried',
    { circuit: { ...closedCircuit, untried: true } },
    1,
    'destination_held',
    100,
  ],
  ['what is left of the minute', { limits, minute }, 3, 'throttled:RATE', 40_000],
  [
    'nothing when the minute is full',
    { limits, minute: { ...minute, departed: 60 } },
    0,
    'throttled:RATE',
    40_000,
  ],
  [
    'and asks again a moment later at the end of it',
    { limits, minute: { startedAt: now - 59_990, departed: 60 } },
    0,
    'throttled:RATE',
    50,
  ],
  ['a file goes whole', { unit: 'file' }, all, 'throttled:CONCURRENCY', 1_000],
  ['and alone', { unit: 'file', inFlight: 1 }, 0, 'throttled:CONCURRENCY', 1_000],
  ['a file is a probe as well', { unit: 'file', circuit: open(now) }, all, 'throttled:CONCURRENCY', 1_000],
  ['and held as well', { unit: 'file', circuit: open(now + 1) }, 0, 'destination_held', 0],
])('%s', (_title, over, count, reason, afterMs) =>
  expect(sendPermission(situation(over))).toEqual({ count, refusal: { reason, afterMs } }),
);

test('a minute is counted from its first departure, and a new one begins when it is over', () => {
  const begun = { startedAt: now - 59_999, departed: 12 };
  expect(minuteOf(begun, now)).toEqual(begun);
  expect(minuteOf({ ...begun, startedAt: now - 60_000 }, now)).toEqual({ startedAt: now, departed: 0 });
  expect(minuteOf(undefined, now)).toEqual({ startedAt: now, departed: 0 });
});

test('a probe is due only where the circuit is open and its time has come', () => {
  expect(isProbeDue(open(now), now)).toBe(true);
  expect(isProbeDue(open(now + 1), now)).toBe(false);
  expect(isProbeDue(ramping(4), now)).toBe(false);
  expect([isShut(open(now + 1), now), isShut(ramping(4), now)]).toEqual([true, false]);
});

test.each<[string, Circuit, boolean]>([
  ['closed', closedCircuit, false],
  ['open', open(now), true],
  ['ramping', ramping(2), true],
  ['quiet', { ...closedCircuit, quietUntil: now }, true],
  ['paced', { ...closedCircuit, pace: 4 }, true],
  ['untried', { ...closedCircuit, untried: true }, true],
])('a circuit that is %s counts as held: %#', (_title, circuit, held) => expect(isHeld(circuit)).toBe(held));

test('a file destination says what its leads wait for', () => {
  expect(whyFileWaits('active', undefined)).toBe('slot');
  expect(whyFileWaits('active', closedCircuit)).toBe('slot');
  expect(whyFileWaits('active', ramping(4))).toBe('destination_held');
  expect(whyFileWaits('suspended', open(now))).toBe('destination_suspended');
});
