// Dates as the calendar on the wall has them, in the centre's zone: a month later, a day later, when a day begins. Pure.
// Invariant: a day that a month does not have is its last one; a day begins when the zone's clock reads midnight, whatever the clocks do.
import { clockAt, offsetAt } from './civil-time.ts';

export const centreZone = 'Europe/Paris';

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The date the clock on the wall shows at an instant. */
export function civilDateOf(at: Date, zone = centreZone): CivilDate {
  const { year, month, day } = clockAt(at.getTime(), zone);
  return { year, month, day };
}

export function addDays({ year, month, day }: CivilDate, days: number): CivilDate {
  const moved = new Date(Date.UTC(year, month - 1, day + days));
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() };
}

/** The same day so many months later, or the last day of that month. */
export function addMonths({ year, month, day }: CivilDate, months: number): CivilDate {
  const first = new Date(Date.UTC(year, month - 1 + months, 1));
  const [inYear, inMonth] = [first.getUTCFullYear(), first.getUTCMonth()];
  const last = new Date(Date.UTC(inYear, inMonth + 1, 0)).getUTCDate();
  return { year: inYear, month: inMonth + 1, day: Math.min(day, last) };
}

/** The instant at which the day begins. */
export function startOfDay({ year, month, day }: CivilDate, zone = centreZone): Date {
  const midnight = Date.UTC(year, month - 1, day);
  // Twice: the first guess may lie on the other side of a change of the clocks.
  const guess = midnight - offsetAt(midnight, zone);
  return new Date(midnight - offsetAt(guess, zone));
}

/** `2026-02-28`. */
export const isoDate = ({ year, month, day }: CivilDate): string =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

/** `28/02/2026`, as letters say it. */
export const frenchDate = ({ year, month, day }: CivilDate): string =>
  `${String(day).padStart(2, '0')}/${String(month).padStart(2, '0')}/${year}`;
