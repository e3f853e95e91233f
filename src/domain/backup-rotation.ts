// Decides which backups are kept, and in which form (C43): ten days whole, then three a month, then one for each half-year. Pure.
// Invariant: the newest backup that was tested is kept whole; a long copy holds no person in clear, a whole one does.
import { addDays, addMonths, civilDate, monthOf, yearOf, type CivilDate } from './civil-date.ts';

/** `whole`: all files. `long`: the long copy and the manifest alone. */
export type Kept = 'whole' | 'long';

/** Days on which a backup is kept whole, the present one included. */
export const wholeDays = 10;
/** Months with three long copies each, the present one included. */
const longMonths = 6;

/** Name of a backup by its start: `2026-11-24T030000Z`. */
export const backupName = (at: Date): string => `${at.toISOString().slice(0, 19).replaceAll(':', '')}Z`;

/** The moment in a name; undefined for any other text. */
export function backupMoment(name: string): Date | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(name);
  if (match === null) return undefined;
  const [, day = '', hours = '', minutes = '', seconds = ''] = match;
  const at = new Date(`${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The third of a month, `2026-11/2`: days 1 to 10, 11 to 20, 21 to the end. */
const thirdOf = (day: CivilDate): string =>
  `${monthOf(day)}/${Math.min(2, Math.floor((Number(day.slice(8)) - 1) / 10))}`;
const halfYearOf = (day: CivilDate): string => `${yearOf(day)}/${day.slice(5, 7) <= '06' ? 1 : 2}`;

/** True when no earlier backup is of the same third: this one is written as a long copy too. */
export const startsThird = (at: Date, earlier: readonly string[]): boolean => {
  const third = thirdOf(civilDate(at));
  return !earlier.some((name) => {
    const other = backupMoment(name);
    return other !== undefined && other < at && thirdOf(civilDate(other)) === third;
  });
};

/**
 * The backups to keep, by name; the others may go. Days are those of Paris.
 * @param names `backupName` of each; a text that is no name is left out of the answer and must not be touched
 * @param tested names of backups that `relais backup test` restored
 */
export function keptBackups(
  names: readonly string[],
  today: CivilDate,
  tested: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, Kept> {
  const backups = names
    .flatMap((name) => {
      const at = backupMoment(name);
      return at === undefined ? [] : [{ name, day: civilDate(at) }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const kept = new Map<string, Kept>();
  const firstMonth = monthOf(addMonths(today, 1 - longMonths));
  const seen = new Set<string>();
  for (const { name, day } of backups) {
    const marks = [halfYearOf(day), ...(monthOf(day) >= firstMonth ? [thirdOf(day)] : [])];
    if (marks.some((mark) => !seen.has(mark))) kept.set(name, 'long');
    for (const mark of marks) seen.add(mark);
  }
  const firstWhole = addDays(today, 1 - wholeDays);
  for (const { name, day } of backups) if (day >= firstWhole) kept.set(name, 'whole');
  const newest = backups.findLast(({ name }) => tested.has(name)) ?? backups.at(-1);
  if (newest !== undefined) kept.set(newest.name, 'whole');
  return kept;
}
