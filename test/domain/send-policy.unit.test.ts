// Whether a destination may send now, row by row: how many, and what keeps back the next one.
import { closedCircuit, type Circuit } from '../../src/domain/breaker.ts';
import type { SendingHours } from '../../src/domain/sending-hours.ts';
import {
  isHeld,
  isProbeDue,
  isShut,
  refusalOf,
  sendPermission,
  waitsForHours,
  whyFileWaits,
  type SendPermission,
  type SendSituation,
} from '../../src/domain/send-policy.ts';

const hour = 3_600_000;
const now = Date.parse('2026-11-24T10:00:00Z');
const open = (nextProbeAt: number): Circuit => ({ ...closedCircuit, state: 'open', nextProbeAt });
const ramping = (allowance: number): Circuit => ({ ...closedCircuit, state: 'ramping', allowance });

const situation = (over: Partial<SendSituation> = {}): SendSituation => ({
  now,
  status: 'active',
  circuit: closedCircuit,
  limits: { concurrency: 8 },
  windows: {},
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
  ['what is left of the minute', { limits, windows: { perMinute: minute } }, 3, 'throttled:RATE', 40_000],
  [
    'nothing when the minute is full',
    { limits, windows: { perMinute: { ...minute, departed: 60 } } },
    0,
    'throttled:RATE',
    40_000,
  ],
  [
    'and asks again a moment later at the end of it',
    { limits, windows: { perMinute: { startedAt: now - 59_990, departed: 60 } } },
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

describe('where the hour or the day is full', () => {
  const full = { startedAt: now - 20_000, departed: 60 };
  const at = (over: Partial<SendSituation>): SendPermission =>
    sendPermission(situation({ windows: { perHour: full, perDay: full, perMinute: full }, ...over }));
  const waits = { forHours: false, isUrgent: false };
  const urgent = { forHours: false, isUrgent: true };
  const hourIsFull = { reason: 'throttled:RATE_HOUR', afterMs: hour - 20_000 };

  test('a delivery waits for its end, and what must not wait has the places there are', () => {
    const permission = at({ limits: { concurrency: 8, perHour: 60 }, inFlight: 7 });
    expect(refusalOf(permission, 0, waits)).toEqual(hourIsFull);
    expect(refusalOf(permission, 0, urgent)).toBeUndefined();
    expect(refusalOf(permission, 1, urgent)).toEqual({ reason: 'throttled:CONCURRENCY', afterMs: 100 });
  });
  test('a file with one of them goes', () => {
    const permission = at({ limits: { concurrency: 1, perDay: 60 }, unit: 'file' });
    expect(refusalOf(permission, 0, urgent)).toBeUndefined();
    expect(refusalOf(permission, 0, waits)?.reason).toBe('throttled:RATE_DAY');
  });
  test('the minute, a held and a suspended destination keep back everything', () => {
    const limits = { concurrency: 8, perMinute: 60, perHour: 60 };
    expect(refusalOf(at({ limits }), 0, urgent)).toEqual({ reason: 'throttled:RATE', afterMs: 40_000 });
    const day = { limits: { concurrency: 8, perDay: 60 } };
    expect(refusalOf(at({ ...day, circuit: open(now + 1) }), 0, urgent)?.reason).toBe('destination_held');
    expect(refusalOf(at({ ...day, status: 'suspended' }), 0, urgent)?.reason).toBe('destination_suspended');
  });
  test('while there is room nothing is urgent: nobody has to be asked which those are', () => {
    expect(at({ limits: { concurrency: 8, perHour: 61 } }).urgent).toBeDefined();
    expect(at({ limits: { concurrency: 8, perHour: 1_000 } }).urgent).toBeUndefined();
    expect(at({ limits: { concurrency: 8, perMinute: 60 } }).urgent).toBeUndefined();
  });
});

describe('outside its hours', () => {
  // It is 11:00 in Paris on a Tuesday.
  const hours = (from: number, to: number): SendingHours => ({
    zone: 'Europe/Paris',
    week: Array.from({ length: 7 }, () => [{ from: from * hour, to: to * hour }]),
    holidays: undefined,
    rightsWait: false,
  });
  const at = (from: number, to: number, over: Partial<SendSituation> = {}) =>
    sendPermission(situation({ limits: { concurrency: 8, hours: hours(from, to) }, ...over }));
  const opening = { reason: 'outside_hours', afterMs: 3 * hour };
  const closedOut = { forHours: true, isUrgent: false };
  const right = { forHours: false, isUrgent: true };

  test('a delivery waits for the opening, and what carries a right has the room there is', () => {
    const permission = at(14, 18, { inFlight: 7 });
    expect(refusalOf(permission, 0, closedOut)).toEqual(opening);
    expect(refusalOf(permission, 0, right)).toBeUndefined();
    expect(refusalOf(permission, 1, right)).toEqual({ reason: 'throttled:CONCURRENCY', afterMs: 100 });
  });
  test('in its hours nothing waits for them', () => {
    expect(at(9, 18).closed).toBeUndefined();
    expect(refusalOf(at(9, 18), 0, closedOut)).toBeUndefined();
  });
  test('suspended is said before closed: it does not leave at the opening', () =>
    expect(refusalOf(at(14, 18, { status: 'suspended' }), 0, closedOut)).toEqual({
      reason: 'destination_suspended',
      afterMs: 0,
    }));
  test('closed is said before held: nothing probes at night', () =>
    expect(refusalOf(at(14, 18, { circuit: open(now) }), 0, closedOut)).toEqual(opening));
  test.each([
    [{ carriesRight: false, isBegun: false }, true, true],
    [{ carriesRight: true, isBegun: false }, false, true],
    [{ carriesRight: false, isBegun: true }, false, false],
    [{ carriesRight: true, isBegun: true }, false, false],
  ])('%j waits for the hours: %s; where rights wait: %s', (delivery, waits, waitsWithRights) => {
    expect(waitsForHours(hours(9, 18), delivery)).toBe(waits);
    expect(waitsForHours({ ...hours(9, 18), rightsWait: true }, delivery)).toBe(waitsWithRights);
  });
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
  expect(whyFileWaits('active', closedCircuit, true)).toBe('file_held');
  expect(whyFileWaits('suspended', undefined, true)).toBe('destination_suspended');
  expect(whyFileWaits('suspended', open(now))).toBe('destination_suspended');
});
