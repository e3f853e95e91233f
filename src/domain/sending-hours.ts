// Computes the hours in which a destination takes leads: by weekday, in its zone, closed on public holidays. Pure.
// Invariant: the zone's clock decides: an hour that a change of the clocks repeats counts twice, a skipped one not at all.
import { clockAt, offsetAt, quarterMs, type ClockReading } from './civil-time.ts';
import { isPublicHoliday, type HolidayCalendar } from './public-holidays.ts';

export interface SendingHours {
  readonly zone: string;
  /** Ranges of each weekday, Monday first: ascending, without overlap. */
  readonly week: readonly (readonly OpenRange[])[];
  readonly holidays: HolidayCalendar | undefined;
  /** Erasures and withdrawals wait for the hours as well. */
  readonly rightsWait: boolean;
}

/** Times of the day, ms since midnight; the end is excluded. */
export interface OpenRange {
  readonly from: number;
  readonly to: number;
}

/** An interval, epoch ms; the end is excluded. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export const dayMs = 86_400_000;
/** Longer than any series of closed days. */
const farthestMs = 60 * dayMs;

export function isOpen(hours: SendingHours, at: number): boolean {
  const clock = clockAt(at, hours.zone);
  return rangesOn(hours, clock).some(({ from, to }) => from <= clock.timeOfDay && clock.timeOfDay < to);
}

/** The first open instant from `at` on: `at` itself while it is open. */
export function nextOpening(hours: SendingHours, at: number): number {
  for (const { start } of openStretches(hours, at, at + farthestMs)) return start;
  return at + farthestMs;
}

/** Open time between two instants, ms. */
export function openTime(hours: SendingHours, from: number, until: number): number {
  let sum = 0;
  for (const { start, end } of openStretches(hours, from, until)) sum += end - start;
  return sum;
}

/** The open intervals, ascending; two may touch. */
export function* openStretches(hours: SendingHours, from: number, until: number): Generator<Stretch> {
  let at = from;
  while (at < until) {
    const clock = clockAt(at, hours.zone);
    const midnight = at + dayMs - clock.timeOfDay;
    const isEven = offsetAt(at, hours.zone) === offsetAt(midnight - 1, hours.zone);
    // On a day whose clocks change, by quarters of an hour: between two of them the clock runs evenly.
    const quarter = (Math.floor(at / quarterMs) + 1) * quarterMs;
    const end = Math.min(until, isEven ? midnight : quarter);
    for (const range of rangesOn(hours, clock)) {
      const start = at + Math.max(0, range.from - clock.timeOfDay);
      const stop = Math.min(end, at + range.to - clock.timeOfDay);
      if (start < stop) yield { start, end: stop };
    }
    at = end;
  }
}

function rangesOn({ week, holidays }: SendingHours, clock: ClockReading): readonly OpenRange[] {
  if (holidays !== undefined && isPublicHoliday(holidays, clock)) return [];
  return week[clock.weekday] ?? [];
}
