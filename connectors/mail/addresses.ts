// Parses and checks mailboxes in settings. Pure.
// Invariant: accepts any text; the schema of the settings decides what a mailbox is.
import { problemIf, type SettingsProblem } from '../contract.ts';

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** The length of a target in the log, which must name every mailbox. */
const longestTo = 2_000;

export const lengthProblems = (path: string, mailboxes: readonly string[]): readonly SettingsProblem[] =>
  problemIf(mailboxes.join(', ').length > longestTo, path, [
    `Les adresses prennent au plus ${longestTo} caractères : que le client répartisse l’e-mail depuis l’une des siennes.`,
    `The mailboxes take ${longestTo} characters at most: let the client spread the mail from one of its own.`,
  ]);

/** The bare mailbox of `Name <mailbox>`. */
export function bareMailbox(address: string): string {
  return /<([^<>]+)>$/.exec(address)?.[1] ?? address;
}

/** The domain a sender writes from. */
export const domainOf = (address: string): string => bareMailbox(address).split('@').at(-1) ?? '';
