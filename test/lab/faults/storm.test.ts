// A short storm with a fixed seed, in every test run; `npm run faults` goes on for as long as you like, and hurts the services too.
import { storm } from './storm.ts';

test('four seconds of killed, stopped, parted and forgetful parts: no lead lost, none sent unlogged, no right ignored', async () => {
  const { faults, ...figures } = await storm({
    seed: 7,
    seconds: 4,
    pace: 'brisk',
    rate: 20,
    log: () => undefined,
    calmMs: 120_000,
  });
  expect(figures.leads).toBeGreaterThan(20);
  expect(figures.attempts).toBeGreaterThanOrEqual(figures.leads / 2);
  const red = Object.entries(faults).filter(([, found]) => found.length > 0);
  expect(Object.fromEntries(red)).toEqual({});
}, 480_000);
