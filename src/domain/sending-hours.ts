// Computes the hours in which a destination takes leads: by weekday, in its zone, closed on public holidays. Pure.
// Invariant: the zone's clock decides: an hour that a change of the clocks repeats counts twice, a skipped one not at all.
import { easter } from 'date-easter';
import { clockAt, offsetAt, quarterMs, type ClockReading } from './civil-date.ts';

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
interface Stretch {
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

// Writes sending hours for people: consecutive days with the same hours, and the text of a mapping file.
// Invariant: the same hours give the same words, however the file wrote them.

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const clockWords = (time: number): string => {
  const minutes = Math.round(time / 60_000);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};

export const rangeWords = ({ from: begin, to }: OpenRange): string =>
  `${clockWords(begin)}-${clockWords(to)}`;

/** Consecutive days with the same hours, Monday first; closed days are left out. */
export function openDays(
  hours: SendingHours,
): readonly { readonly first: number; readonly last: number; readonly ranges: readonly string[] }[] {
  const groups: { first: number; last: number; ranges: readonly string[] }[] = [];
  for (const [weekday, day] of hours.week.entries()) {
    const ranges = day.map(rangeWords);
    const before = groups.at(-1);
    if (ranges.length === 0) continue;
    if (before?.last === weekday - 1 && before.ranges.join() === ranges.join()) before.last = weekday;
    else groups.push({ first: weekday, last: weekday, ranges });
  }
  return groups;
}

/** The form of a mapping file, in one order. */
export const hoursText = (hours: SendingHours): string =>
  openDays(hours)
    .map(({ first, last, ranges }) => {
      const days = first === last ? [weekdays[first]] : [weekdays[first], weekdays[last]];
      return `${days.join('-')} ${ranges.join(' ')}`;
    })
    .join(', ');

// Computes the public holidays on which a destination may be closed. Pure.
// Invariant: the days of the law, as a table; Easter comes from a library.

export const holidayCalendars = ['fr', 'fr-alsace-moselle'] as const;
export type HolidayCalendar = (typeof holidayCalendars)[number];

interface Holidays {
  /** `month-day`. */
  readonly fixed: readonly string[];
  /** Days after Easter Sunday. */
  readonly movable: readonly number[];
}

/** Code du travail, L3133-1. */
const french: Holidays = {
  fixed: ['1-1', '5-1', '5-8', '7-14', '8-15', '11-1', '11-11', '12-25'],
  // Easter Monday, Ascension Day, Whit Monday.
  movable: [1, 39, 50],
};

const calendars: Readonly<Record<HolidayCalendar, Holidays>> = {
  fr: french,
  // Code du travail, L3134-13: Saint Stephen's Day and Good Friday as well.
  'fr-alsace-moselle': { fixed: [...french.fixed, '12-26'], movable: [...french.movable, -2] },
};

const known = new Map<string, ReadonlySet<string>>();

export function isPublicHoliday(
  calendar: HolidayCalendar,
  date: { readonly year: number; readonly month: number; readonly day: number },
): boolean {
  return holidaysOf(calendar, date.year).has(`${date.month}-${date.day}`);
}

function holidaysOf(calendar: HolidayCalendar, year: number): ReadonlySet<string> {
  const key = `${calendar} ${year}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const { fixed, movable } = calendars[calendar];
  const { month, day } = easter(year);
  const sunday = Date.UTC(year, month - 1, day);
  const moved = movable.map((days) => {
    const date = new Date(sunday + days * dayMs);
    return `${date.getUTCMonth() + 1}-${date.getUTCDate()}`;
  });
  const made = new Set([...fixed, ...moved]);
  known.set(key, made);
  return made;
}
