// Computes with civil dates of Europe/Paris as `YYYY-MM-DD`, in which contract, charter and calendar count. Pure.
// Invariant: a day that a month does not have becomes its last day; texts of dates compare as the dates do.
import { clockAt, offsetAt } from './civil-time.ts';

/** `2026-11-28`. */
export type CivilDate = string;

export interface Delay {
  readonly count: number;
  readonly unit: 'day' | 'month';
}

const zone = 'Europe/Paris';

/** The date in Paris at an instant. */
export function civilDate(at: Date): CivilDate {
  const { year, month, day } = clockAt(at.getTime(), zone);
  return dateText(year, month, day);
}

const two = (value: number): string => String(value).padStart(2, '0');
const dateText = (year: number, month: number, day: number): CivilDate =>
  `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;

function partsOf(date: CivilDate): readonly [year: number, month: number, day: number] {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  return [year, month, day];
}

/** Only existing dates: neither 30 February nor the year 0. */
export function isCivilDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text < '1000') return false;
  const [year, month, day] = partsOf(text);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

export function addMonths(date: CivilDate, months: number): CivilDate {
  const [year, month, day] = partsOf(date);
  const index = year * 12 + (month - 1) + months;
  const [toYear, toMonth] = [Math.floor(index / 12), (((index % 12) + 12) % 12) + 1];
  return dateText(toYear, toMonth, Math.min(day, daysIn(toYear, toMonth)));
}

export function addDays(date: CivilDate, days: number): CivilDate {
  const [year, month, day] = partsOf(date);
  return new Date(Date.UTC(year, month - 1, day + days)).toISOString().slice(0, 10);
}

export const addDelay = (date: CivilDate, { count, unit }: Delay): CivilDate =>
  unit === 'month' ? addMonths(date, count) : addDays(date, count);

/** The instant at which the day begins: midnight in Paris, across changes of the clocks. */
export function startOfDay(date: CivilDate): Date {
  const [year, month, day] = partsOf(date);
  const midnight = Date.UTC(year, month - 1, day);
  // Twice: the first guess may be on the other side of a change of the clocks.
  const guess = midnight - offsetAt(midnight, zone);
  return new Date(midnight - offsetAt(guess, zone));
}

/** Days from one date to the other; negative when the second is earlier. */
export const daysBetween = (from: CivilDate, to: CivilDate): number =>
  (Date.UTC(...civilParts(to)) - Date.UTC(...civilParts(from))) / 86_400_000;

const civilParts = (date: CivilDate): [number, number, number] => {
  const [year, month, day] = partsOf(date);
  return [year, month - 1, day];
};

/** `28/02/2026`, the form in letters. */
export const frenchDate = (date: CivilDate): string => date.split('-').toReversed().join('/');

export const firstOfYear = (year: number): CivilDate => dateText(year, 1, 1);
export const yearOf = (date: CivilDate): number => partsOf(date)[0];
/** `2026-11`. */
export const monthOf = (date: CivilDate): string => date.slice(0, 7);

export const earliest = (...dates: readonly CivilDate[]): CivilDate =>
  dates.reduce((first, date) => (date < first ? date : first));
