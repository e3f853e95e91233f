// Shared parts of commands: opening the gateway, printing lines, tables and JSON, progress, confirmation.
// Invariant: results on standard output, everything else on standard error; printed text cannot control the terminal.
import { createInterface } from 'node:readline/promises';
import { resolve } from 'node:path';
import type { App, openApp as openAppNow } from '../app.ts';
import type { Account } from '../access/accounts.ts';
import type { PersonGuard } from '../app/person-guard.ts';
import { loadConfig, mappingsDirOf, sandboxFile, type Config } from '../config.ts';
import { isRelaisError, RelaisError } from '../errors.ts';
import { createLog, silentLog, type Log } from '../log.ts';
import type { Keys } from '../privacy/keys.ts';
import { actorOf, allNames, namedText } from '../support/named-text.ts';
import type { PersonLead } from '../support/find-person.ts';
import type { PersonFact } from '../support/masking.ts';
import { paris } from '../support/words.ts';

/**
 * Control characters of stored text would move the cursor, recolour the screen or turn the reading direction.
 * Line ends, tabs and the output of `strong` pass.
 */
export const harmless = (text: string): string =>
  text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (sign, at: number) => {
    const rest = text.slice(at + 1, at + 4);
    const ours =
      sign === '\n' ||
      sign === '\t' ||
      (sign === '\r' && rest.startsWith('\n')) ||
      (sign === '\u001b' && /^\[[01]m/.test(rest));
    return ours ? sign : '\uFFFD';
  });

export const out = (line = ''): void => void process.stdout.write(`${harmless(named(line))}\n`);
export const say = (line: string): void => void process.stderr.write(`${harmless(named(line))}\n`);

let names: ReadonlyMap<string, string> = new Map();

/**
 * Replaces actors of the log by their names, as long as these are kept (C58). Data for programs, and texts in brackets after a
 * name, stay unchanged.
 */
export const named = (text: string): string => (/^[{[]/.test(text) ? text : namedText(text, names));

/** Node's own judgement: a terminal, and neither NO_COLOR nor a dumb one. */
const colours = (): boolean => process.stdout.isTTY && process.stdout.hasColors();
export const strong = (text: string): string => (colours() ? `\u001b[1m${text}\u001b[0m` : text);

/** A line that counts in place, on a terminal only. */
export function progress(): { readonly at: (text: string) => void; readonly end: () => void } {
  let shown = false;
  return {
    at: (text) => {
      if (!process.stderr.isTTY) return;
      shown = true;
      process.stderr.write(`\r${text}`);
    },
    end: () => {
      if (shown) process.stderr.write('\n');
    },
  };
}

let announced = false;

/** Each command knows what it has read and said itself. */
export function beginCommand(): void {
  names = new Map();
  announced = false;
}

export function config(): Config {
  const loaded = loadConfig();
  if (!announced && loaded.listing.some((setting) => setting.from === sandboxFile)) {
    announced = true;
    say(`using the running sandbox (${sandboxFile})`);
  }
  return loaded;
}

/** @param use what it is needed for. @throws CONFIG-001 */
export function ownerUrlFor({ mysql }: Pick<Config, 'mysql'>, use: string): string {
  if (mysql.ownerUrl !== undefined) return mysql.ownerUrl;
  throw new RelaisError('CONFIG-001', `RELAIS_MYSQL_OWNER_URL is missing: ${use}.`);
}

/** The mappings folder; working on files needs no database, hence no complete configuration either. */
export const mappingsFolder = (given: string | undefined): string =>
  given === undefined ? mappingsDirOf() : resolve(given);

/** Loaded when needed: commands on files alone start in half the time without it. */
const openApp = async (...given: Parameters<typeof openAppNow>): Promise<App> =>
  (await import('../app.ts')).openApp(...given);

export const keysOf = async (loaded: Config): Promise<Keys> => (await import('../app.ts')).keysOf(loaded);

/** Opens the gateway for one command and closes it, whatever happens. */
export const withApp = async <T>(work: (app: App) => Promise<T>): Promise<T> =>
  during(
    await opened(createLog({ level: 'error', stream: { write: (line) => void process.stderr.write(line) } })),
    work,
  );

interface Opened {
  readonly app: App;
  readonly guard: PersonGuard | undefined;
}

async function opened(log: Log): Promise<Opened> {
  const loaded = config();
  const { needsFactor } = loaded.terminal;
  const guard = needsFactor ? (await import('../app/person-guard.ts')).createPersonGuard() : undefined;
  return { app: await openApp(loaded, { log, admit: guard?.admit }), guard };
}

async function during<T>({ app, guard }: Opened, work: (app: App) => Promise<T>): Promise<T> {
  try {
    const { database, config: typed } = app;
    const proved = await accountShown(app);
    if (proved !== undefined) guard?.prove(proved);
    // A new actor cannot be added while nothing may be written, and none of their acts is.
    const actor = typed.readOnly
      ? typed.actor
      : proved === undefined
        ? await actorOf(database, typed.actor, typed.actorIsProved)
        : `account:${proved.id}`;
    names = await allNames(database);
    return await work({ ...app, config: { ...typed, actor } });
  } finally {
    await app.close();
  }
}

/** The account whose second factor was given with the command. @throws ACCESS-002 */
async function accountShown({ access, config: typed }: App): Promise<Account | undefined> {
  const { login, factorCode } = typed.terminal;
  if (factorCode === undefined || typed.readOnly) return undefined;
  return (await import('../access/sign-in.ts')).proveByFactor(access, login, factorCode);
}

/** For commands that can do without: undefined when nothing is configured or no database answers, which is reported. */
export async function withAppIfAny<T>(work: (app: App | undefined) => Promise<T>): Promise<T> {
  let found: Opened;
  try {
    found = await opened(silentLog);
  } catch (error) {
    if (!isRelaisError(error) || !/^(CONFIG|DB)-/.test(error.code)) throw error;
    return work(undefined);
  }
  return during(found, work);
}

/** For irreversible or many changes: `expected` must be typed, or --yes given. */
export async function confirmed(question: string, expected: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new RelaisError('USAGE-002', `${question} Add --yes to confirm.`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-D closes the prompt without an answer: that is a no.
    const closed = new Promise<string>((done) => void prompt.once('close', () => done('')));
    const typed = prompt.question(`${question} Type ${expected} to go on: `);
    return (await Promise.race([typed, closed])).trim() === expected;
  } finally {
    prompt.close();
  }
}

// `--json` for every command that prints a list or a fact: one JSON object a line.
// Invariant: names of keys are stable; a value masked on the screen is masked here.

export function outJson(rows: readonly object[]): void {
  for (const row of rows) out(JSON.stringify(row));
}

export const deliveryData = ({
  id,
  destinationId,
  action,
  state,
  reason,
}: PersonLead['deliveries'][number]): object => ({ id, destination: destinationId, action, state, reason });

/** Facts of a person; null for unknown ones. */
export const personData = (person: readonly PersonFact[]): object =>
  Object.fromEntries(person.map(({ name, value }) => [name, value === '-' ? null : value]));

// Prints rows in aligned columns, and times as the support team reads them.
// Invariant: a table fits the terminal it is shown on; in a pipe nothing is cut.

const narrowest = 8;
/** Columns used in a next command stay whole as long as any other can be cut. */
const shortColumns = new Set([
  'delivery',
  'destination',
  'lead',
  'reference',
  'client',
  'id',
  'row',
  'state',
]);

export const tableOf = <Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string>>,
): void =>
  table(
    Object.keys(columns),
    rows.map((row) => Object.values(columns).map((cell) => cell(row))),
  );

/** Aligned columns; the widest give way when the terminal is narrower. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): void {
  const rows = cells.map((row) => row.map(named));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const room = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
  const widestOf = (columns: readonly number[]): number | undefined =>
    columns
      .filter((column) => (widths[column] ?? 0) > narrowest)
      .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
  const columns = [...head.keys()];
  const texts = columns.filter((column) => !shortColumns.has(head[column] ?? ''));
  for (let over = widths.reduce((sum, width) => sum + width + 2, -2) - room; over > 0; over -= 1) {
    const widest = widestOf(texts) ?? widestOf(columns);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => fitted(oneLine(cell), widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  out(strong(line(head)));
  for (const row of rows) out(line(row));
}

const oneLine = (text: string): string => text.replaceAll(/[\n\t]/g, ' ').replaceAll('\u001b', '');

function fitted(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
}

/** Short form for lists: without the year while it is the present one. */
export function parisShort(at: Date | undefined | null, now: Date): string {
  const text = paris(at);
  const today = paris(now);
  return text.slice(5, 10) === today.slice(5, 10) ? `${text.slice(0, 5)}${text.slice(10)}` : text;
}

/** Age in the largest unit: `3 d`, `12 min`. */
export function age(at: Date | undefined, now: Date): string {
  if (at === undefined) return '-';
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

// This host's own clock, for work on files alone, without a database: a preview, a trial, a document.
// Invariant: no stored time and no time sent to a client's destination comes from here.

export const hostNow = (): Date => new Date();

// Prints the age of a list that was read from a replica.

export async function sayAge(reading: App['reading']): Promise<void> {
  if (reading.asOf === undefined) return;
  const at = await reading.asOf();
  say(
    at === undefined
      ? 'Read from a replica, which has no log yet.'
      : `Read from a replica, whose newest log entry is of ${paris(at)}.`,
  );
}
