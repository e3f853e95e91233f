// Computes the public holidays on which a destination may be closed. Pure.
// Invariant: the days of the law, as a table; Easter comes from a library.
import { easter } from 'date-easter';

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

const dayMs = 86_400_000;
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
