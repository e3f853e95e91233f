// Parses command-line arguments: numbers, dates, reasons, filters of deliveries, files by name or standard input.
// Invariant: a reason is for the append-only log, so that it contains no mail address and no phone number (guarantee 7).
import type { Command, Given } from './command.ts';
import { momentIn } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { impersonal, typedReason } from '../support/typed-text.ts';
import { contactOf } from '../support/lead-rights.ts';
import { filterNames, type FilterAsked } from '../support/reads/filter.ts';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { maxFileBytes, readNamed, textIn } from '../mapping/document/files.ts';

export { impersonal };

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
  if (count < 1 || count > 1000) throw new RelaisError('USAGE-001', '--limit takes 1 to 1000.');
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

// Options that name the asker of a change for the client's note (C48).
// Invariant: a note keeps it for good: no mail address, no phone number, and never a prospect.

export const askedByOption = [
  '--asked-by <who>',
  "who asked for it, for the client's note (C48): a function or a company; default: the centre itself",
] as const;

export const instructionOption = [
  '--instruction <number>',
  "written instruction of the client that asks for it (C53); may be repeated; needed where the client's register has any",
  collect,
] as const;

/** @throws USAGE-001 */
export const instructionsOf = (given: readonly string[] | undefined): readonly number[] =>
  (given ?? []).map(wholeNumber);

/** @throws USAGE-001 when it names a way to reach a person */
export function askedByOf(given: string | undefined): string | undefined {
  const text = given?.trim() ?? '';
  return text === '' ? undefined : impersonal(text, '--asked-by');
}

export async function noteWords(
  sql: Parameters<typeof contactOf>[0],
  clientId: string,
  number: number,
): Promise<string> {
  const isRead = (await contactOf(sql, clientId)) !== undefined;
  const then = isRead
    ? "will be mailed to the client's contact"
    : 'waits: client.yaml names no contact for rights';
  return `Note ${number} is written and ${then}: relais note show ${clientId} ${number}`;
}

// Options for the file of the answer to a person, shared by `request access` and `person export`.
// Invariant: encrypted for the named receivers, and nothing is overwritten.

export type AnswerFile = Given<'to! recipient! archives'>;

export const answerFileOptions = (command: Command): Command =>
  command
    .requiredOption('--to <file>', 'where to write it; a file that exists is not overwritten')
    .requiredOption('--recipient <key>', 'age1...: whose key opens it; may be repeated', collect)
    .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL');

// Selects the deliveries of a command: by ids or keys, or by the filters that lists and bulk work share.
// Invariant: a list and a bulk run with the same filter cover the same deliveries.

export type FilterOptions = FilterAsked;

export const isFiltered = (options: FilterOptions): boolean =>
  filterNames.some((name) => options[name] !== undefined);

/** @throws USAGE-001 unless ids or filters are given, and not both */
export function refuseBoth(names: readonly string[], options: FilterOptions, verb: string): void {
  const filtered = isFiltered(options);
  if (names.length > 0 && filtered) throw new RelaisError('USAGE-001', 'Give ids or filters, not both.');
  if (names.length === 0 && !filtered)
    throw new RelaisError(
      'USAGE-001',
      `Say what to ${verb}: ids, or filters such as --destination and --state.`,
    );
}

// Reads a file named on the command line: a sample, an answer, leads. `-` is standard input, for every command that reads a file.
// Invariant: an unreadable file gives a message with its name, never an internal error.

export const standardInput = '-';

/** @throws USAGE-001 when it is a folder, too large or unreadable */
export function bytesOf(path: string): Uint8Array {
  const read = path === standardInput ? fromStandardInput() : readNamed(path);
  if ('fault' in read) throw new RelaisError('USAGE-001', `${path} ${read.fault}.`);
  return read.bytes;
}

/** The same as UTF-8. @throws USAGE-001 */
export function textOfFile(path: string): string {
  const read = textIn(bytesOf(path));
  if ('fault' in read) throw new RelaisError('USAGE-001', `${path}:${read.line}: ${read.fault[1]}`);
  return read.text;
}

/** True where this name can be read. */
export const isReadable = (path: string): boolean => path === standardInput || existsSync(path);

/** For a file that is read more than once: standard input becomes a file that only this user can read, and that is removed afterwards. */
export async function withFile<T>(path: string, work: (file: string) => Promise<T>): Promise<T> {
  if (path !== standardInput) return work(path);
  const folder = await mkdtemp(join(tmpdir(), 'relais-'));
  try {
    const copy = join(folder, 'standard-input');
    await pipeline(process.stdin, createWriteStream(copy, { mode: 0o600 }));
    return await work(copy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fromStandardInput(): ReturnType<typeof readNamed> {
  const bytes = readFileSync(process.stdin.fd);
  if (bytes.length > maxFileBytes)
    return { fault: `has ${bytes.length} bytes; ${maxFileBytes} are read at most` };
  return { bytes };
}

export function identityIn(file: string): string {
  const key = /^AGE-SECRET-KEY-1[0-9A-Z]+$/m.exec(textOfFile(file))?.[0];
  if (key === undefined)
    throw new RelaisError('BACKUP-002', `${file} has no age private key (AGE-SECRET-KEY-1...).`);
  return key;
}
