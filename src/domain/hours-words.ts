// Writes sending hours for people: consecutive days with the same hours, and the text of a mapping file.
// Invariant: the same hours give the same words, however the file wrote them.
import type { OpenRange, SendingHours } from './sending-hours.ts';

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
