// Parses command-line arguments: numbers, dates, names of closed lists, and the mandatory reason of a change.
// Invariant: a reason is for the append-only log, so that it contains no mail address and no phone number (guarantee 7).
import type { Command } from 'commander';
import { RelaisError } from '../errors.ts';
import { impersonal } from '../support/typed-text.ts';

export { impersonal } from '../support/typed-text.ts';

/** An option that may be repeated. Without a default: help would show an empty list as one. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RelaisError('USAGE-001', `"${text}" is not a whole number.`);
  return Number(text);
}

/** Rows of a list: 1 to 1000. */
export function listLength(text: string): number {
  const count = wholeNumber(text);
  if (count < 1 || count > 1000) throw new RelaisError('USAGE-001', '--limit goes from 1 to 1000.');
  return count;
}

export function known<T extends string>(text: string, values: readonly T[], what: string): T {
  const found = values.find((value) => value === text);
  if (found === undefined)
    throw new RelaisError('USAGE-001', `"${text}" is not a ${what}: ${values.join(', ')}.`);
  return found;
}

/** The reason or note given, fit for the log. */
export function reasonOf(given: string | undefined, option = '--reason'): string {
  const reason = (given ?? '').trim();
  if (reason.length < 3)
    throw new RelaisError(
      'USAGE-002',
      `Say why with ${option} "...", in three characters at least: it is written in the hand-over log.`,
    );
  return impersonal(reason, option);
}

/** A typed date or age; an age is subtracted from the database's time, known once it is reached. */
export type Moment = (now: Date) => Date;

const ageUnits = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2026-11-25`, `2026-11-25T14:00`, or an age: `30m`, `2h`, `7d`. Dates without zone are Paris time. */
export function instant(text: string): Moment {
  const age = /^(\d{1,6})([mhd])$/.exec(text);
  if (age === null) {
    const read = dateOf(text);
    return () => read;
  }
  const ms = Number(age[1]) * ageUnits[age[2] as keyof typeof ageUnits];
  // Nothing is older than 1970, and MySQL knows no year below 1000.
  return (now) => new Date(Math.max(0, now.getTime() - ms));
}

function dateOf(text: string): Date {
  const plain = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text);
  const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const read = new Date(plain ? `${text.length === 10 ? `${text}T00:00` : text}Z` : text);
  if ((!plain && !zoned) || Number.isNaN(read.getTime()) || !isDay(text.slice(0, 10)))
    throw new RelaisError(
      'USAGE-001',
      `"${text}" is not a date (2026-11-25, 2026-11-25T14:00, or an age such as 2h).`,
    );
  if (!plain) return read;
  // Twice: the first guess may lie on the other side of a change of the clocks.
  const guess = read.getTime() - parisOffset(read);
  return new Date(read.getTime() - parisOffset(new Date(guess)));
}

/** JavaScript reads 30 February as 2 March: a typing mistake must not shift a period. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00Z`);
  return day >= '1970' && !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

function parisOffset(at: Date): number {
  const local = new Date(`${at.toLocaleString('sv-SE', { timeZone: 'Europe/Paris' }).replace(' ', 'T')}Z`);
  return local.getTime() - Math.floor(at.getTime() / 1000) * 1000;
}

/** Adds examples below the help of a command; a test checks that every command has some. */
export function withExamples(command: Command, note: string, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText(
    'after',
    `\n${note === '' ? '' : `${note}\n\n`}${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}
