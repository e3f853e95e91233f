// Parses command-line arguments: numbers, dates, names of closed lists, and the mandatory reason of a change.
// Invariant: a reason is for the append-only log, so that it contains no mail address and no phone number (guarantee 7).
import type { Command } from 'commander';
import { momentIn } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { typedReason } from '../support/typed-text.ts';

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

/** The reason or note given, fit for the log. @throws USAGE-001, USAGE-002 */
export const reasonOf = (given: string | undefined, option = '--reason'): string =>
  typedReason(given, option);

/** A typed date or age; an age is subtracted from the database's time, known once it is reached. */
export type Moment = (now: Date) => Date;

/** `2026-11-25`, `2026-11-25T14:00`, or an age: `30m`, `2h`, `7d`. Dates without zone are Paris time. */
export function instant(text: string): Moment {
  if (momentIn(text, new Date(0)) === undefined)
    throw new RelaisError(
      'USAGE-001',
      `"${text}" is not a date (2026-11-25, 2026-11-25T14:00, or an age such as 2h).`,
    );
  return (now) => momentIn(text, now) ?? now;
}

/** Adds examples below the help of a command; a test checks that every command has some. */
export function withExamples(command: Command, note: string, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText(
    'after',
    `\n${note === '' ? '' : `${note}\n\n`}${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}
