// Computes with civil dates of Europe/Paris as `YYYY-MM-DD`, in which contract, charter and calendar count, and with moments as
// people type them. Pure.
// Invariant: a day that a month does not have becomes its last day; texts of dates compare as the dates do.

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

// Reads the clock of a time zone at an instant. Pure.
// Invariant: depends on the instant and the zone only, never on the host.

const formatters = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();
const mostOffsets = 10_000;
/** Zones change their offset on quarters of an hour only. */
export const quarterMs = 900_000;
const dayMs = 86_400_000;

/** Offset of a zone at an instant, ms. Cached for each quarter of an hour: a call of Intl costs more than a whole lead. */
export function offsetAt(ms: number, zone: string): number {
  const quarter = Math.floor(ms / quarterMs);
  const key = `${zone}${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const part: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(new Date(quarter * quarterMs)))
    part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const offset = Date.UTC(year, month - 1, day, hour, minute, second) - quarter * quarterMs;
  if (offsets.size > mostOffsets) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

export type ClockReading = ReturnType<typeof clockAt>;

export function clockAt(ms: number, zone: string) {
  // Shifted so that its UTC fields read as the zone's clock.
  const shifted = ms + offsetAt(ms, zone);
  const date = new Date(shifted);
  return {
    year: date.getUTCFullYear(),
    /** 1 to 12. */
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    /** 0 is Monday. */
    weekday: (date.getUTCDay() + 6) % 7,
    /** Since midnight of the zone's clock, ms. */
    timeOfDay: ((shifted % dayMs) + dayMs) % dayMs,
  };
}

/**
 * Midnight of the same civil day some years earlier; of 28 February when that year has no 29th. Not for zones that skip midnight.
 */
export function yearsBefore(at: Date, years: number, zone: string): Date {
  const { year, month, day } = clockAt(at.getTime(), zone);
  const sameDay = new Date(Date.UTC(year - years, month - 1, day));
  const utc = sameDay.getUTCMonth() === month - 1 ? sameDay.getTime() : Date.UTC(year - years, month, 0);
  return new Date(utc - offsetAt(utc, zone));
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    era: 'short',
  });
  formatters.set(zone, made);
  return made;
}

// A moment as people and programs write it: `2026-11-25`, `2026-11-25T14:00`, a date-time with its zone, or an age such as `2h`.
// Invariant: a date without a zone is Paris time; a day that no calendar has is not read, and nothing before 1970 is.

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
