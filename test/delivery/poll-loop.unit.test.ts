/** @own-context fakes the timers of the loop */
// The heartbeat: no pause while there is work, a pause when there is none, ever longer ones in an outage. Time is faked.
import { pacedMs, startLoop, type Loop } from '../../src/delivery/background/poll-loop.ts';
import type { Log, LogFields } from '../../src/log.ts';

let loop: Loop;
let rounds: number;
let answers: (boolean | Error)[];
const lines: [string, LogFields | undefined][] = [];
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (event, fields) => void lines.push([event, fields]),
};
/** Answers of the rounds in order; after them there is never more. */
const start = (list: (boolean | Error)[] = [], idleMs = 1_000, restMs?: number): void => {
  answers = list;
  rounds = 0;
  loop = startLoop({
    ...{ name: 'test', idleMs, log, ...(restMs === undefined ? {} : { restMs }) },
    work: () => {
      rounds += 1;
      const answer = answers.shift() ?? false;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
};
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms).then(() => undefined);

beforeEach(() => {
  jest.useFakeTimers();
  lines.length = 0;
});
afterEach(async () => {
  await loop.stop();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

test('works at once, and again without a pause while there may be more', async () => {
  start([true, true, true]);
  await pass(0);
  expect(rounds).toBe(4);
});
test('pauses for its idle time when there is nothing more', async () => {
  start();
  await pass(999);
  expect(rounds).toBe(1);
  await pass(1);
  expect(rounds).toBe(2);
});
test('rests before its first round where it is told to, and stops in its rest', async () => {
  start([], 1_000, 500);
  await pass(499);
  expect(rounds).toBe(0);
  await pass(1);
  expect(rounds).toBe(1);
  await loop.stop();
  start([], 1_000, 500);
  await loop.stop();
  await pass(2_000);
  expect(rounds).toBe(0);
});
test('a timer is shorter where the planner looks more often than usual, and never longer', () => {
  start();
  expect([20, 60, 5_000].map((idleMs) => pacedMs(1_000, idleMs))).toEqual([334, 1_000, 1_000]);
});
test('pauses of at least a tick end at its multiples, so that loops wake together', async () => {
  const woken: number[] = [];
  const loops = [150, 240].map((idleMs) =>
    startLoop({
      ...{ name: 'test', idleMs, log, tickMs: 60 },
      work: () => {
        woken.push(performance.now());
        return Promise.resolve(false);
      },
    }),
  );
  start();
  await pass(1_000);
  await Promise.all(loops.map((one) => one.stop()));
  expect(woken.length).toBeGreaterThan(8);
  expect(woken.slice(2).map((at) => Math.round(at % 60) % 60)).toEqual(woken.slice(2).map(() => 0));
});
test('loops with about the same pause wake at one timer, at multiples of several ticks, however they began', async () => {
  const woken: number[] = [];
  const begin = (idleMs: number): Loop =>
    startLoop({
      ...{ name: 'test', idleMs, log, tickMs: 60 },
      work: () => Promise.resolve(woken.push(Math.round(performance.now())) < 0),
    });
  start();
  const loops = [begin(1_000)];
  await pass(130);
  loops.push(begin(1_000), begin(5_000));
  await pass(1_000);
  woken.length = 0;
  expect(jest.getTimerCount()).toBe(3);
  await pass(4_000);
  expect(woken.map((at) => at % 960)).toEqual(woken.map(() => 0));
  expect(new Set(woken).size).toBeLessThan(6);
  await Promise.all(loops.map((one) => one.stop()));
});
test('a nudge ends the pause', async () => {
  start();
  await pass(10);
  loop.nudge();
  await pass(0);
  expect(rounds).toBe(2);
});
test('a nudge during a round is not lost: another round follows at once', async () => {
  const working = Promise.withResolvers<boolean>();
  rounds = 0;
  loop = startLoop({
    ...{ name: 'test', idleMs: 1_000, log },
    work: () => {
      rounds += 1;
      return rounds === 1 ? working.promise : Promise.resolve(false);
    },
  });
  loop.nudge();
  working.resolve(false);
  await pass(0);
  expect(rounds).toBe(2);
});
test('a round knows whether it was asked for, and the pause is asked for after each round', async () => {
  const asked: boolean[] = [];
  let idleMs = 10;
  loop = startLoop({
    ...{ name: 'test', idleMs: () => idleMs, log },
    work: (nudged) => {
      asked.push(nudged);
      return Promise.resolve(false);
    },
  });
  await pass(10);
  idleMs = 1_000;
  loop.nudge();
  await pass(999);
  expect(asked).toEqual([false, false, true]);
  await pass(1);
  expect(asked).toEqual([false, false, true, false]);
});
test('many nudges in a pause make one round, not many', async () => {
  start();
  await pass(10);
  for (let nudge = 0; nudge < 50; nudge += 1) loop.nudge();
  await pass(0);
  expect(rounds).toBe(2);
});
test('failures make growing pauses, never longer than two seconds, and it goes on', async () => {
  start(
    Array.from({ length: 8 }, () => new Error('away')),
    100,
  );
  const seen: number[] = [];
  for (let ms = 0; ms < 6_000; ms += 100) {
    await pass(ms === 0 ? 0 : 100);
    if (rounds > seen.length) seen.push(ms);
    if (rounds === 8) break;
  }
  expect(seen).toEqual([0, 200, 600, 1_400, 3_000, 5_000]);
  await pass(20_000);
  expect(rounds).toBeGreaterThan(9);
});
test('one success and the pauses are short again', async () => {
  start([new Error('away'), new Error('away'), false, new Error('away')], 100);
  await pass(600);
  expect(rounds).toBe(3);
  await pass(100);
  expect(rounds).toBe(4);
  await pass(200);
  expect(rounds).toBe(5);
});
test('an outage writes one line at its first failure and ever fewer, with a code and never the message', async () => {
  const error = Object.assign(new Error("Duplicate entry 'zoe@courriel.example'"), { code: 'ER_DUP_ENTRY' });
  start(
    Array.from({ length: 20 }, () => error),
    100,
  );
  await pass(40_000);
  expect(lines.map(([event, fields]) => [event, fields?.count])).toEqual(
    [1, 2, 4, 8, 16].map((count) => ['loop.failed', count]),
  );
  expect(JSON.stringify(lines)).not.toContain('courriel');
  expect(lines[0]?.[1]).toEqual({ loop: 'test', code: 'ER_DUP_ENTRY', count: 1 });
});
test('stop during a pause returns at once and no round follows', async () => {
  start();
  await pass(10);
  await loop.stop();
  await pass(100_000);
  expect(rounds).toBe(1);
});
test('stop lets the present round finish', async () => {
  const working = Promise.withResolvers<boolean>();
  let done = false;
  loop = startLoop({
    ...{ name: 'test', idleMs: 1_000, log },
    work: async () => {
      await working.promise;
      done = true;
      return true;
    },
  });
  const stopped = loop.stop();
  working.resolve(true);
  await stopped;
  expect(done).toBe(true);
});

test.each(['read backs', 'm.dupont@courriel.example'])(
  'a loop whose name the log would replace does not start: %s',
  (name) => {
    start();
    expect(() => startLoop({ name, idleMs: 1_000, log, work: () => Promise.resolve(false) })).toThrow(
      `The log cannot write the name of the loop "${name}".`,
    );
  },
);
