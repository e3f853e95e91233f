// A moment as people and programs write it: `2026-11-25`, `2026-11-25T14:00`, a date-time with its zone, or an age such as `2h`.
// Invariant: a date without a zone is Paris time; a day that no calendar has is not read, and nothing before 1970 is.
import { isCivilDate } from './civil-date.ts';
import { offsetAt } from './civil-time.ts';

const ageUnits = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @param now what an age is counted back from; without it no age is read. @returns undefined for what is no such moment */
export function momentIn(text: string, now?: Date): Date | undefined {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (now !== undefined && unit !== undefined)
    return new Date(Math.max(0, now.getTime() - Number(count) * ageUnits[unit as keyof typeof ageUnits]));
  const isLocal = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text);
  const isZoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text);
  const read = new Date(isLocal ? `${text.length === 10 ? `${text}T00:00` : text}Z` : text);
  if ((!isLocal && !isZoned) || Number.isNaN(read.getTime())) return undefined;
  // JavaScript reads 30 February as 2 March, and MySQL knows no year below 1000.
  if (text < '1970' || !isCivilDate(text.slice(0, 10))) return undefined;
  if (!isLocal) return read.getTime() < 0 ? undefined : read;
  // Twice: the first guess may be on the other side of a change of the clocks.
  const guess = read.getTime() - offsetAt(read.getTime(), 'Europe/Paris');
  return new Date(read.getTime() - offsetAt(guess, 'Europe/Paris'));
}
