// The leads and outages of a day at so many destinations, and every policy played over them.
// Invariant: seeded; each policy meets the same leads and the same outages.
import { schedules } from '../../../src/mapping/transport/timing.ts';
import { parseDuration } from '../../../src/mapping/fields/time.ts';
import { seeded } from '../faults/random.ts';
import { emptyResult, playFixed, playRelais, type Destination, type Result } from './retries-model.ts';

export const minute = 60_000;
export const hour = 60 * minute;
const hours = (...list: readonly number[]): readonly number[] => list.map((one) => one * hour);
const standard = (schedules['standard'] ?? []).map((one) => parseDuration(one) ?? 0);

/** As published; where a service publishes no intervals, the line says what was assumed. */
export const fixed: readonly { readonly name: string; readonly delays: readonly number[] }[] = [
  { name: 'Svix, Standard Webhooks', delays: [5_000, 5 * minute, 30 * minute, ...hours(2, 5, 10, 10)] },
  // Three days, exponential, is all that is published; these intervals are what users report.
  { name: 'Stripe (reported intervals)', delays: [5 * minute, 30 * minute, ...hours(2, 4, 8, 16, 24, 17)] },
  // Set by its user: 50 tries or a week at most.
  { name: 'Hookdeck, doubling from 1 h', delays: hours(1, 2, 4, 8, 16, 32, 64) },
  { name: 'Hookdeck, every hour, 50 times', delays: Array.from({ length: 50 }, () => hour) },
  { name: 'GitHub (never again)', delays: [] },
  { name: "Relais' list without its breaker", delays: standard },
];

export interface World {
  readonly destinations: readonly Destination[];
}

/** Nine destinations in ten get 2 leads an hour, nine in a hundred 20, one in a hundred 200; three in ten have an outage. */
export function worldOf(count: number, random: () => number): World {
  const day = 24 * hour;
  return {
    destinations: Array.from({ length: count }, (_, index): Destination => {
      const perHour = index % 100 === 0 ? 200 : index % 100 < 10 ? 20 : 2;
      const arrivals: number[] = [];
      // A day of leads, and an outage that may begin in it and outlast it.
      for (let at = 0; ;) {
        at += (-Math.log(1 - random()) * hour) / perHour;
        if (at > day) break;
        arrivals.push(at);
      }
      if (random() > 0.3) return { arrivals, outage: undefined };
      const from = random() * day * 0.75;
      return { arrivals, outage: { from, to: from + outageMs(random), hangs: random() < 0.5 } };
    }),
  };
}

/** Half last minutes, a third up to an hour, the rest hours, one in a hundred days. */
function outageMs(random: () => number): number {
  const [kind, within] = [random(), random()];
  if (kind < 0.5) return (1 + 9 * within) * minute;
  if (kind < 0.8) return (10 + 50 * within) * minute;
  if (kind < 0.95) return (1 + 7 * within) * hour;
  if (kind < 0.99) return (8 + 22 * within) * hour;
  return (30 + 50 * within) * hour;
}

export function play(world: World, seed: number): readonly (readonly [string, Result])[] {
  const policy = {
    delays: standard,
    onUnknown: 'resend',
    maxRetryAfterMs: 6 * hour,
    pendingForMs: 24 * hour,
    pendingEveryMs: 5 * minute,
  } as const;
  const run = (
    name: string,
    one: (destination: Destination, random: () => number, result: Result) => void,
  ) => {
    const result = emptyResult();
    const random = seeded(seed).next;
    for (const destination of world.destinations) one(destination, random, result);
    return [name, result] as const;
  };
  return [
    run('Relais', (destination, random, result) => playRelais(destination, policy, 8, random, result)),
    ...fixed.map(({ name, delays }) =>
      run(name, (destination, random, result) => playFixed(destination, delays, random, result)),
    ),
  ];
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
