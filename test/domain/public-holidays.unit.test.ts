// Public holidays, beside the calendars the State publishes (data.gouv.fr, "Jours fériés en France").
import { isPublicHoliday, type HolidayCalendar } from '../../src/domain/sending-hours.ts';

const inYear = (calendar: HolidayCalendar, year: number): readonly string[] => {
  const found: string[] = [];
  for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += 86_400_000) {
    const date = new Date(at);
    const day = { year, month: date.getUTCMonth() + 1, day: date.getUTCDate() };
    if (isPublicHoliday(calendar, day)) found.push(date.toISOString().slice(5, 10));
  }
  return found;
};

test.each<[number, string]>([
  [2024, '01-01 04-01 05-01 05-08 05-09 05-20 07-14 08-15 11-01 11-11 12-25'],
  [2025, '01-01 04-21 05-01 05-08 05-29 06-09 07-14 08-15 11-01 11-11 12-25'],
  [2026, '01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25'],
  [2027, '01-01 03-29 05-01 05-06 05-08 05-17 07-14 08-15 11-01 11-11 12-25'],
  // Ascension Day falls on the 1st of May: ten days.
  [2008, '01-01 03-24 05-01 05-08 05-12 07-14 08-15 11-01 11-11 12-25'],
])('France, %i', (year, days) => expect(inYear('fr', year).join(' ')).toBe(days));

test('Alsace and Moselle are closed on Good Friday and on Saint Stephen’s Day as well', () => {
  const more = inYear('fr-alsace-moselle', 2026).filter((day) => !inYear('fr', 2026).includes(day));
  expect(more).toEqual(['04-03', '12-26']);
});
