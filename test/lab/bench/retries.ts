// npm run bench -- retries [--destinations N] [--seed S]: the retry and breaker policy beside the fixed schedules of known
// webhook services, over the same leads and outages. Simulated time; nothing is sent.
import { seeded } from '../faults/random.ts';
import { emptyResult } from './retries-model.ts';
import { hour, minute, play, quantile, worldOf } from './retries-world.ts';

const words = (ms: number): string =>
  ms < minute
    ? `${(ms / 1_000).toFixed(1)} s`
    : ms < hour
      ? `${(ms / minute).toFixed(0)} min`
      : `${(ms / hour).toFixed(1)} h`;

function main(): void {
  const option = (name: string, fallback: number): number => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : Number(process.argv[at + 1]);
  };
  const [count, seed] = [option('destinations', 10_000), option('seed', 1)];
  const world = worldOf(count, seeded(seed).next);
  const results = play(world, seed);
  const [, first] = results[0] ?? ['', emptyResult()];
  console.log(
    `${count} destinations, one day, ${first.leads} leads, ${first.hit} of them during an outage of their recipient; seed ${seed}\n`,
  );
  const head = [
    'policy',
    'wait p50',
    'p95',
    'after its end p50',
    'p95',
    'lost/M',
    'failed tries/lead',
    'busiest 10 s',
    'open at once',
  ];
  const rows = results.map(([name, one]) => [
    name,
    words(quantile(one.waits, 0.5)),
    words(quantile(one.waits, 0.95)),
    words(quantile(one.afterEnd, 0.5)),
    words(quantile(one.afterEnd, 0.95)),
    String(Math.round((one.lost / one.leads) * 1e6)),
    (one.wasted / Math.max(1, one.hit)).toFixed(2),
    String(one.peak),
    String(one.inFlight),
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of [head, ...rows])
    console.log(row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  console.log(
    '\nwait: leads that came in during the outage and were delivered. Busiest, open: the worst recipient.',
  );
}

main();
