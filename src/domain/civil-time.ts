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

export interface ClockReading {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 is Monday. */
  readonly weekday: number;
  /** Since midnight of the zone's clock, ms. */
  readonly timeOfDay: number;
}

export function clockAt(ms: number, zone: string): ClockReading {
  // Shifted so that its UTC fields read as the zone's clock.
  const shifted = ms + offsetAt(ms, zone);
  const date = new Date(shifted);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7,
    timeOfDay: ((shifted % dayMs) + dayMs) % dayMs,
  };
}

/** `2026-11-28`. */
export function civilDay(at: Date, zone: string): string {
  const { year, month, day } = clockAt(at.getTime(), zone);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
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
