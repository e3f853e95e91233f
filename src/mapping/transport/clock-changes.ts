// Finds the hours of a time zone that a change of the clocks skips or repeats, and the hours that a schedule names.
// Invariant: reads the rules of the zone over two years from a fixed day, so that a check gives the same answer every day.
import { isoIn } from '../fields/time.ts';

const hourMs = 3_600_000;
const from = Date.UTC(2026, 0, 1);
const days = 731;
const found = new Map<string, ReadonlySet<number>>();

/** Offset of a zone at an instant, ms. */
const offsetAt = (ms: number, zone: string): number =>
  Date.parse(`${isoIn(new Date(ms), zone).slice(0, 19)}Z`) - ms;

/** Hours that do not exist on one day or come twice on another: 2 in Paris, 1 in London. */
export function doubtfulHours(zone: string): ReadonlySet<number> {
  const known = found.get(zone);
  if (known !== undefined) return known;
  const hours = new Set<number>();
  for (let day = 0; day < days; day += 1) {
    const start = from + day * 24 * hourMs;
    if (offsetAt(start, zone) === offsetAt(start + 24 * hourMs, zone)) continue;
    for (let at = start; at < start + 24 * hourMs; at += hourMs) {
      const before = offsetAt(at, zone);
      const after = offsetAt(at + hourMs, zone);
      // Forward: the clock skips this hour. Back: it repeats this hour.
      if (before !== after) hours.add(new Date(at + hourMs + Math.min(before, after)).getUTCHours());
    }
  }
  found.set(zone, hours);
  return hours;
}

/** Hours a cron expression names; empty for every hour, where one slot more or less a year does not matter. */
export function hoursNamed(cron: string): readonly number[] {
  const field = cron.trim().split(/\s+/)[1] ?? '*';
  if (field === '*') return [];
  return field.split(',').flatMap((part) => {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return [];
    const [, first, last, step] = match;
    const begin = Number(first ?? 0);
    const end = last !== undefined ? Number(last) : first === undefined || step !== undefined ? 23 : begin;
    const by = Math.max(1, Number(step ?? 1));
    return Array.from(
      { length: Math.max(0, Math.floor((end - begin) / by) + 1) },
      (_, index) => begin + index * by,
    );
  });
}
