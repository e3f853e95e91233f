// The simulation of the retry policy: what must be true of it before its figures are shown to anybody.
import { seeded } from '../faults/random.ts';
import { fixed, play, quantile, worldOf } from './retries-world.ts';
import { emptyResult, playFixed } from './retries-model.ts';

const world = worldOf(300, seeded(7).next);
const results = new Map(play(world, 7));
const relais = results.get('Relais') ?? emptyResult();

test('the same seed tells the same story', () => {
  expect(new Map(play(worldOf(300, seeded(7).next), 7)).get('Relais')).toEqual(relais);
});

test('every policy meets the same leads, and ends each of them', () => {
  const all = world.destinations.reduce((sum, one) => sum + one.arrivals.length, 0);
  for (const [name, one] of results) {
    expect([name, one.leads, one.hit]).toEqual([name, all, relais.hit]);
    expect(one.waits.length).toBeLessThanOrEqual(one.hit);
    expect(one.attempts - one.wasted + one.lost).toBe(all);
  }
});

test('an outage burns no lead, and never more leave at once than the destination allows', () => {
  expect(relais.hit).toBeGreaterThan(50);
  expect(relais.lost).toBe(0);
  expect(relais.inFlight).toBeLessThanOrEqual(8);
});

test('after the outage leads leave sooner than by any schedule that waits for hours', () => {
  for (const name of [
    'Svix, Standard Webhooks',
    'Stripe (reported intervals)',
    'Hookdeck, doubling from 1 h',
  ])
    expect(quantile(relais.afterEnd, 0.95)).toBeLessThan(quantile(results.get(name)?.afterEnd ?? [], 0.95));
});

test('a schedule is followed to the letter: one lead, an outage of an hour, tries at 0 s, 5 s, 5 min, 30 min, 2 h', () => {
  const result = emptyResult();
  const svix = fixed.find((one) => one.name.startsWith('Svix'))?.delays ?? [];
  const outage = { from: 0, to: 3_600_000, hangs: false };
  playFixed({ arrivals: [1_000], outage }, svix, () => 0.9, result);
  expect([result.attempts, result.wasted, result.lost]).toEqual([5, 4, 0]);
  expect(result.waits[0]).toBe(5_000 + 300_000 + 1_800_000 + 7_200_000 + 4 * 50 + 200);
});
