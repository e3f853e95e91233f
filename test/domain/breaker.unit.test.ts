// The circuit breaker rule by rule: what opens it, what a probe says, how it comes back.
import {
  afterAttempt,
  allowed,
  closedCircuit,
  defaultBreakerPolicy,
  probeNow,
  type Circuit,
  type CircuitMove,
  type CircuitSignal,
  untriedNow,
} from '../../src/domain/breaker.ts';

const t0 = 1_800_000_000_000;
const one = (
  circuit: Circuit,
  deliveryId: number,
  signal: CircuitSignal,
  now = t0,
  more: object = {},
): CircuitMove => afterAttempt(circuit, { deliveryId, signal, startedAt: now, ...more }, now);
const many = (
  signals: readonly (readonly [number, CircuitSignal])[],
  from: Circuit = closedCircuit,
): Circuit => signals.reduce((circuit, [id, signal]) => one(circuit, id, signal).circuit, from);
const distinct = (
  signal: CircuitSignal,
  count: number,
  from = 1,
): readonly (readonly [number, CircuitSignal])[] =>
  Array.from({ length: count }, (_, index) => [index + from, signal] as const);
const opened = (cause: 'unavailable' | 'unauthorized' | 'rejection' | 'unknown'): Circuit =>
  many(distinct(cause, cause === 'unavailable' ? 5 : cause === 'unauthorized' ? 1 : 20));

describe('opening', () => {
  test('five distinct deliveries unavailable in a row open it, the fifth and not the fourth', () => {
    const four = many(distinct('unavailable', 4));
    expect(four.state).toBe('closed');
    const move = one(four, 5, 'unavailable');
    expect(move).toMatchObject({
      change: 'opened',
      circuit: { state: 'open', cause: 'unavailable', openedAt: t0 },
    });
    expect(allowed(move.circuit, t0)).toBe(0);
  });
  test('one poison lead never opens it, however often it fails', () => {
    let circuit: Circuit = closedCircuit;
    for (let round = 0; round < 500; round += 1) circuit = one(circuit, 7, 'unavailable').circuit;
    expect(circuit.state).toBe('closed');
    for (let round = 0; round < 500; round += 1) circuit = one(circuit, 7, 'rejection').circuit;
    expect(circuit.state).toBe('closed');
  });
  test('an acceptance between begins the count again', () => {
    const circuit = many([...distinct('unavailable', 4), [9, 'success'], ...distinct('unavailable', 4, 50)]);
    expect(circuit.state).toBe('closed');
  });
  test('refused credentials open it at once', () => {
    expect(one(closedCircuit, 1, 'unauthorized')).toMatchObject({
      change: 'opened',
      circuit: { state: 'open', cause: 'unauthorized' },
    });
  });
  test.each(['rejection', 'unknown'] as const)(
    'a run of twenty distinct deliveries ending in %s with no acceptance between opens it (a moved endpoint)',
    (signal) => {
      expect(many(distinct(signal, 19)).state).toBe('closed');
      expect(many(distinct(signal, 20))).toMatchObject({ state: 'open', cause: signal });
    },
  );
  test('refusals and unknown outcomes make one run together', () => {
    const mixed = distinct('rejection', 20).map(
      ([id], index) => [id, index % 2 ? 'unknown' : 'rejection'] as const,
    );
    expect(many(mixed).state).toBe('open');
  });
  test('an acceptance ends a run of refusals', () => {
    expect(
      many([...distinct('rejection', 19), [99, 'success'], ...distinct('rejection', 19, 50)]).state,
    ).toBe('closed');
  });
  test('nothing changed gives back the same object, so that nothing is written', () => {
    expect(one(closedCircuit, 1, 'success').circuit).toBe(closedCircuit);
    expect(one(closedCircuit, 1, 'none').circuit).toBe(closedCircuit);
    const failing = many(distinct('unavailable', 2));
    expect(one(failing, 2, 'unavailable').circuit).toBe(failing);
  });
});

describe('while open', () => {
  test('attempts that began before the opening are no probes: fifty in flight do not push the next probe away', () => {
    const circuit = opened('unavailable');
    const late = afterAttempt(
      circuit,
      { deliveryId: 60, signal: 'unavailable', startedAt: t0 - 1 },
      t0 + 900,
    );
    expect(late.circuit).toBe(circuit);
    const lateSuccess = afterAttempt(
      circuit,
      { deliveryId: 61, signal: 'success', startedAt: t0 - 1 },
      t0 + 900,
    );
    expect(lateSuccess.circuit).toBe(circuit);
  });
  test('one probe is allowed when its time has come, none before', () => {
    const circuit = opened('unavailable');
    expect([t0, t0 + 4_999, t0 + 5_000].map((now) => allowed(circuit, now))).toEqual([0, 0, 1]);
  });
  test('probes that fail come at growing intervals, up to a ceiling', () => {
    let circuit = opened('unavailable');
    const waits: number[] = [];
    for (let probe = 0; probe < 9; probe += 1) {
      const at = circuit.nextProbeAt ?? Number.NaN;
      circuit = one(circuit, 100 + probe, 'unavailable', at).circuit;
      waits.push((circuit.nextProbeAt ?? Number.NaN) - at);
    }
    expect(waits.map((wait) => wait / 1_000)).toEqual([10, 20, 40, 80, 160, 300, 300, 300, 300]);
    expect(circuit.cause).toBe('unavailable');
    expect(circuit.openedAt).toBe(t0);
  });
  test.each(['unavailable', 'unauthorized'] as const)(
    'a business no on a probe is an answer: held for %s, the destination comes back',
    (cause) => expect(one(opened(cause), 200, 'rejection', t0 + 5_000).circuit.state).toBe('ramping'),
  );
  test('a business no does not bring back a destination that was held because of its answers', () => {
    expect(one(opened('rejection'), 200, 'rejection', t0 + 5_000).circuit).toMatchObject({
      state: 'open',
      probes: 1,
    });
  });
  test('refused in the recipient’s own code, the next one probes at once: eight in a row, then a longer pause', () => {
    let circuit = opened('rejection');
    let now = t0 + 5_000;
    const waits: number[] = [];
    for (let id = 100; id < 109; id += 1) {
      circuit = one(circuit, id, 'rejection', now, { named: true }).circuit;
      waits.push((circuit.nextProbeAt ?? Number.NaN) - now);
      now = circuit.nextProbeAt ?? now;
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 10_000, 0]);
    expect(circuit).toMatchObject({ state: 'open', cause: 'rejection' });
  });
  test('once a lead is accepted a refusal holds nothing back: half of them refused, the destination comes back', () => {
    const half = [300, 301, 302, 303, 304, 305, 306].map(
      (id) => [id, id % 2 === 0 ? 'success' : 'rejection'] as const,
    );
    expect(many(half, opened('rejection')).state).toBe('closed');
  });
  test('twenty refusals in a row hold a destination on its ramp again, and not fewer', () => {
    const ramping = many([...distinct('rejection', 19, 200), [300, 'success']], opened('rejection'));
    expect(ramping.state).toBe('ramping');
    expect(many(distinct('rejection', 19, 400), ramping).state).toBe('ramping');
    expect(many(distinct('rejection', 20, 400), ramping)).toMatchObject({
      state: 'open',
      cause: 'rejection',
    });
  });
  test('an unknown outcome on a probe proves nothing', () => {
    expect(one(opened('unavailable'), 200, 'unknown', t0 + 5_000).circuit.state).toBe('open');
  });
  test('support may ask for a probe at once', () => {
    const circuit = opened('unauthorized');
    expect(allowed(probeNow(circuit, t0 + 1), t0 + 1)).toBe(1);
    expect(probeNow(closedCircuit, t0)).toBe(closedCircuit);
  });
});

describe('coming back', () => {
  test('it ramps up with each success, 2, 4, 8, and closes', () => {
    let circuit = opened('unavailable');
    const seen: unknown[] = [];
    for (let round = 1; round <= 4; round += 1) {
      const move = one(circuit, 300 + round, 'success', t0 + 5_000 * round);
      circuit = move.circuit;
      seen.push([circuit.state, allowed(circuit, t0 + 5_000 * round), move.change]);
    }
    expect(seen).toEqual([
      ['ramping', 2, 'none'],
      ['ramping', 4, 'none'],
      ['ramping', 8, 'none'],
      ['closed', Number.POSITIVE_INFINITY, 'closed'],
    ]);
    expect(circuit).toEqual(closedCircuit);
  });
  test.each(['unavailable', 'unauthorized', 'unknown'] as const)(
    '%s while ramping opens it again, with a longer wait',
    (signal) => {
      const ramping = one(opened('unavailable'), 300, 'success', t0 + 5_000).circuit;
      const again = one(ramping, 301, signal, t0 + 6_000).circuit;
      expect(again).toMatchObject({ state: 'open', nextProbeAt: t0 + 16_000 });
    },
  );
});

describe('throttled', () => {
  const quiet = one(closedCircuit, 1, 'throttled', t0, { throttledForMs: 60_000 }).circuit;
  test('nothing leaves during the quiet time, and one at a time after it, until something is accepted', () => {
    expect(quiet.state).toBe('closed');
    expect([t0, t0 + 59_999].map((now) => allowed(quiet, now))).toEqual([0, 0]);
    expect(allowed(quiet, t0 + 60_000)).toBe(1);
    let circuit = quiet;
    const seen: number[] = [];
    for (let round = 1; round <= 4; round += 1) {
      circuit = one(circuit, 300 + round, 'success', t0 + 60_000 + round).circuit;
      seen.push(allowed(circuit, t0 + 60_000 + round));
    }
    expect(seen).toEqual([2, 4, 8, Number.POSITIVE_INFINITY]);
    expect(circuit).toEqual(closedCircuit);
  });
  test('without Retry-After the quiet times of the destination grow, whichever delivery is told, up to a quarter of an hour', () => {
    let circuit: Circuit = closedCircuit;
    let now = t0;
    const waits: number[] = [];
    for (let id = 1; id <= 12; id += 1) {
      circuit = one(circuit, id, 'throttled', now, { throttledForMs: 2_000 }).circuit;
      waits.push(((circuit.quietUntil ?? 0) - now) / 1_000);
      now = circuit.quietUntil ?? now;
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    const accepted = one(circuit, 50, 'success', now).circuit;
    expect(one(accepted, 51, 'throttled', now + 1, { throttledForMs: 2_000 }).circuit.quietUntil).toBe(
      now + 2_001,
    );
  });
  test('ten under way when it is said are one lesson, not ten', () => {
    let circuit: Circuit = closedCircuit;
    for (let id = 1; id <= 10; id += 1)
      circuit = afterAttempt(
        circuit,
        { deliveryId: id, signal: 'throttled', startedAt: t0 - 100, throttledForMs: 2_000 },
        t0 + id,
      ).circuit;
    expect(circuit).toMatchObject({ throttles: 1, pace: 1 });
    expect(circuit.quietUntil).toBeLessThanOrEqual(t0 + 2_010);
  });
  test('a pause the recipient names is its own: it does not grow', () => {
    const asked = { throttledForMs: 30_000, pauseAsked: true };
    const first = one(closedCircuit, 1, 'throttled', t0, asked).circuit;
    expect(one(first, 2, 'throttled', t0 + 30_000, asked).circuit.quietUntil).toBe(t0 + 60_000);
  });
  test('told to slow down on a probe, the next probe is not said to be due before the quiet time is over', () => {
    const circuit = one(opened('unavailable'), 400, 'throttled', t0 + 5_000, { throttledForMs: 30_000 });
    expect(circuit.circuit.nextProbeAt).toBe(t0 + 35_000);
  });
  test('a shorter quiet time asked for by a neighbour does not shorten it', () => {
    expect(one(quiet, 2, 'throttled', t0, { throttledForMs: 1_000, startedAt: t0 - 1 }).circuit).toBe(quiet);
  });
  test('a neighbour that was already under way and is accepted does not end the quiet time', () => {
    const later = afterAttempt(
      quiet,
      { deliveryId: 2, signal: 'success', startedAt: t0 - 50 },
      t0 + 10,
    ).circuit;
    expect(allowed(later, t0 + 20)).toBe(0);
  });
  test.each<[string, Circuit]>([
    ['closed with failures behind it', many(distinct('unavailable', 3))],
    ['open', opened('unavailable')],
    ['at the end of its ramp', many([...distinct('success', 3, 300)], opened('unavailable'))],
  ])('nor does one accepted while the circuit is %s', (_title, circuit) => {
    const asked = one(circuit, 1, 'throttled', t0, { throttledForMs: 60_000 }).circuit;
    expect(allowed(one(asked, 2, 'success', t0 + 10).circuit, t0 + 20)).toBe(0);
  });
  test('a success after the quiet time forgets how often it was said', () => {
    const { throttles, quietUntil } = one(quiet, 3, 'success', t0 + 61_000).circuit;
    expect([throttles, quietUntil]).toEqual([undefined, undefined]);
  });
  test('throttling never opens the circuit', () => {
    expect(many(distinct('throttled', 200)).state).toBe('closed');
  });
  test('while open, quiet time also holds the probe back', () => {
    const held = one(opened('unavailable'), 400, 'throttled', t0 + 5_000, { throttledForMs: 30_000 }).circuit;
    expect(allowed(held, t0 + 6_000)).toBe(0);
    expect(allowed(held, t0 + 35_000)).toBe(1);
  });
});

test('the policy shipped is the one the documents speak of', () => {
  expect(defaultBreakerPolicy).toEqual({
    unavailableLimit: 5,
    rejectionLimit: 20,
    firstProbeMs: 5_000,
    maxProbeMs: 300_000,
    rampEnd: 16,
    roundLimit: 8,
    rampFailures: 3,
    maxQuietMs: 900_000,
  });
});

describe('a recipient that is back', () => {
  test('those that failed meanwhile are tried at once, but for the one that succeeded', () => {
    const circuit = many([
      [1, 'unavailable'],
      [2, 'unavailable'],
      [3, 'unavailable'],
    ]);
    expect(one(circuit, 3, 'success').retryNow).toEqual([1, 2]);
    expect(one(circuit, 9, 'success').retryNow).toEqual([1, 2, 3]);
    expect(one(circuit, 9, 'none').retryNow).toEqual([]);
  });
  test('a pause the recipient asked for itself is kept, whichever failure it came with, until one comes without', () => {
    const asked = one(closedCircuit, 1, 'unavailable', t0, { pauseAsked: true }).circuit;
    const both = one(asked, 2, 'unavailable').circuit;
    expect(one(both, 9, 'success').retryNow).toEqual([2]);
    const later = one(both, 2, 'unavailable', t0, { pauseAsked: true }).circuit;
    expect(one(later, 9, 'success').retryNow).toEqual([]);
    expect(one(one(later, 1, 'unavailable').circuit, 9, 'success').retryNow).toEqual([1]);
    let circuit: Circuit = closedCircuit;
    for (let id = 1; id < 200; id += 1)
      circuit = one(
        one(circuit, id, 'unavailable', t0, { pauseAsked: true }).circuit,
        900,
        'success',
      ).circuit;
    expect(circuit.asked?.length).toBeLessThanOrEqual(20);
  });
  test('the first success of an open circuit brings forward those that opened it', () => {
    const move = one(opened('unavailable'), 50, 'success', t0 + 10_000, { startedAt: t0 + 9_000 });
    expect([move.circuit.state, move.retryNow]).toEqual(['ramping', [1, 2, 3, 4, 5]]);
  });
});

test('the cause is the latest where the recipient was down or refused our access; a run of refusals stays one', () => {
  const later = { startedAt: t0 + 9_000 };
  const down = opened('unavailable');
  expect(one(down, 50, 'unauthorized', t0 + 10_000, later).circuit.cause).toBe('unauthorized');
  expect(one(opened('unauthorized'), 50, 'unavailable', t0 + 10_000, later).circuit.cause).toBe(
    'unavailable',
  );
  expect(one(down, 50, 'unknown', t0 + 10_000, later).circuit.cause).toBe('unavailable');
  const moved = opened('rejection');
  const probed = one(moved, 50, 'unavailable', t0 + 10_000, later).circuit;
  expect(probed.cause).toBe('rejection');
  expect(one(probed, 51, 'rejection', t0 + 60_000, { startedAt: t0 + 59_000 }).circuit.state).toBe('open');
});

describe('nothing accepted yet', () => {
  const untried = untriedNow(closedCircuit);
  test('after a start, with another secret or another address one leaves at a time, until one is accepted', () => {
    expect(allowed(untried, t0)).toBe(1);
    expect(untriedNow(untried)).toBe(untried);
    expect(allowed(one(untried, 1, 'rejection').circuit, t0)).toBe(1);
    expect(allowed(one(untried, 1, 'unavailable').circuit, t0)).toBe(1);
    expect(one(untried, 1, 'success').circuit).toEqual(closedCircuit);
  });
  test('a wrong key leaves once, and the destination is held', () => {
    expect(one(untried, 1, 'unauthorized').circuit).toMatchObject({ state: 'open', cause: 'unauthorized' });
  });
});

describe('a lead that the recipient cannot digest', () => {
  const answered = { answered: true };
  test('goes to the back, and the next one probes at once: eight in a row, then a longer pause', () => {
    let circuit = opened('unavailable');
    let now = t0 + 5_000;
    const waits: number[] = [];
    for (let id = 100; id < 109; id += 1) {
      const move = one(circuit, id, 'unavailable', now, answered);
      expect(move.backMs).toBeGreaterThanOrEqual(10_000);
      circuit = move.circuit;
      waits.push((circuit.nextProbeAt ?? Number.NaN) - now);
      now = circuit.nextProbeAt ?? now;
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 10_000, 0]);
  });
  test('where nothing answers the next would fare no better: one probe, then a pause', () => {
    const move = one(opened('unavailable'), 100, 'unavailable', t0 + 5_000);
    expect(move.circuit.nextProbeAt).toBe(t0 + 15_000);
  });
  test('the same delivery does not probe twice in a row', () => {
    const first = one(opened('unavailable'), 100, 'unavailable', t0 + 5_000, answered).circuit;
    expect(one(first, 100, 'unavailable', t0 + 5_010, answered).circuit.nextProbeAt).toBe(t0 + 15_010);
  });
  test('met on the ramp it slows the ramp and does not close the door on the others; three do', () => {
    const ramping = one(opened('unavailable'), 300, 'success', t0 + 5_000).circuit;
    const slower = one(ramping, 301, 'unavailable', t0 + 6_000, answered).circuit;
    expect(slower).toMatchObject({ state: 'ramping', allowance: 1 });
    expect(one(slower, 302, 'success', t0 + 7_000).circuit).toMatchObject({ state: 'ramping', allowance: 2 });
    const two = one(slower, 302, 'unavailable', t0 + 7_000, answered).circuit;
    expect(one(two, 303, 'unavailable', t0 + 8_000, answered).circuit.state).toBe('open');
  });
  test('those that failed as probes are tried again when the recipient is back', () => {
    const circuit = one(opened('unavailable'), 100, 'unavailable', t0 + 5_000, answered).circuit;
    expect(one(circuit, 101, 'success', t0 + 5_100).retryNow).toEqual([1, 2, 3, 4, 5, 100]);
  });
});
