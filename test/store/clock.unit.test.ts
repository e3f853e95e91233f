// The database's clock, kept by a process between two readings.
import { createDatabaseClock } from '../../src/store/connections.ts';

const noon = Date.parse('2026-11-25T12:00:00Z');

function atHand() {
  const time = { monotonic: 5_000, database: noon };
  const clock = createDatabaseClock(() => time.monotonic);
  const pass = (ms: number): void => {
    time.monotonic += ms;
    time.database += ms;
  };
  /** An answer whose way there and back takes these. */
  const read = (there = 0, back = 0): Promise<void> =>
    clock.read(async () => {
      pass(there);
      const moment = new Date(time.database);
      pass(back);
      return moment;
    });
  return { time, clock, pass, read };
}

test('it goes on by the monotonic clock between two readings', async () => {
  const { clock, pass, read } = atHand();
  await read();
  pass(90_000);
  expect(clock.now().toISOString()).toBe('2026-11-25T12:01:30.000Z');
});

test('it is never ahead of the database, and late by the way of one answer at most', async () => {
  const { clock, time, pass, read } = atHand();
  await read(30, 70);
  pass(1_000);
  expect(time.database - clock.now().getTime()).toBe(70);
});

test('a quicker answer makes it better; a slow one does not make it worse', async () => {
  const { clock, time, read } = atHand();
  await read(30, 70);
  await read(1, 2);
  expect(time.database - clock.now().getTime()).toBe(2);
  await read(400, 600);
  expect(time.database - clock.now().getTime()).toBe(2);
});

test('a slow answer is asked for again soon, a quick one after two seconds', async () => {
  const { clock, pass, read } = atHand();
  await read(30, 70);
  pass(200);
  expect(clock.isDue()).toBe(true);
  await read(1, 1);
  pass(1_900);
  expect(clock.isDue()).toBe(false);
  pass(100);
  expect(clock.isDue()).toBe(true);
});

test.each([
  ['put back', -3_600_000],
  ['put forward', 86_400_000],
])("the server's own clock %s is followed at the next reading, which is soon due", async (_, by) => {
  const { clock, time, pass, read } = atHand();
  await read(1, 1);
  expect(clock.isDue()).toBe(false);
  time.database += by;
  pass(2_000);
  expect(clock.isDue()).toBe(true);
  await read(1, 1);
  expect(time.database - clock.now().getTime()).toBe(1);
});

test('nothing is invented before the first reading', () => {
  expect(() => createDatabaseClock().now()).toThrow(/before it was reached/);
});
