// What every command shares: opening the gateway, printing, refusing, asking.
// Invariant: results on standard output, everything else on standard error; a person's data is masked unless revealed.
import { createInterface } from 'node:readline/promises';
import { openApp, type App } from '../app.ts';
import { loadConfig, sandboxFile, type Config } from '../config.ts';
import { RelaisError } from '../errors.ts';
import { createLog } from '../log.ts';

export const out = (line = ''): void => void process.stdout.write(`${line}\n`);
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

let announced = false;

export function config(): Config {
  const loaded = loadConfig();
  if (!announced && loaded.listing.some((one) => one.from === sandboxFile)) {
    announced = true;
    say(`(using the running sandbox: ${sandboxFile})`);
  }
  return loaded;
}

/** Opens the gateway for one command and closes it, whatever happens. */
export async function withApp<T>(work: (app: App) => Promise<T>): Promise<T> {
  const app = await openApp(config(), {
    log: createLog({ level: 'error', stream: { write: (line) => void process.stderr.write(line) } }),
  });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** Aligned columns; the widest give way when the terminal is narrower. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const room = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
  for (let over = widths.reduce((sum, one) => sum + one + 2, -2) - room; over > 0; over -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= 8) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => fitted(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  out(strong(line(head)));
  for (const row of rows) out(line(row));
}

function fitted(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
}

/** Node's own judgement: a terminal, and neither NO_COLOR nor a dumb one. */
const colours = (): boolean => process.stdout.isTTY && process.stdout.hasColors();
export const strong = (text: string): string => (colours() ? `\u001b[1m${text}\u001b[0m` : text);

/** `25/11/2026 14:05:09`, Paris. */
export const paris = (at: Date | undefined | null): string =>
  at === undefined || at === null ? '-' : at.toLocaleString('fr-FR', { timeZone: 'Europe/Paris' });

/** A reason goes into the append-only log, so it may not hold a person's data (guarantee 7). */
export function reasonOf(given: string | undefined): string {
  const reason = (given ?? '').trim();
  if (reason.length < 3)
    throw new RelaisError('USAGE-002', 'Say why with --reason "...": it is written in the hand-over log.');
  if (reason.length > 200) throw new RelaisError('USAGE-001', 'A reason has 200 characters at most.');
  if (/@/.test(reason) || /(?:\+|00|0)\d[\d .-]{6,}\d/.test(reason)) {
    throw new RelaisError(
      'USAGE-001',
      'The reason holds a mail address or a phone number. The log never forgets: write a ticket number instead.',
    );
  }
  return reason;
}

/** For bulk actions: the count must be typed, or --yes given. */
export async function confirmed(question: string, expected: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new RelaisError('USAGE-002', `${question} Add --yes to confirm.`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(`${question} Type ${expected} to go on: `)).trim() === expected;
  } finally {
    prompt.close();
  }
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RelaisError('USAGE-001', `"${text}" is not a whole number.`);
  return Number(text);
}

/** `2026-11-25`, `2026-11-25T14:00`, or an age: `30m`, `2h`, `7d`. Dates without zone are Paris time. */
export function instant(text: string): Date {
  const age = /^(\d+)([mhd])$/.exec(text);
  if (age !== null)
    return new Date(
      Date.now() - Number(age[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[age[2] as 'm' | 'h' | 'd'],
    );
  const plain = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text);
  const guess = plain ? new Date(`${text.length === 10 ? `${text}T00:00` : text}Z`) : new Date(text);
  if (Number.isNaN(guess.getTime()))
    throw new RelaisError(
      'USAGE-001',
      `"${text}" is not a date (2026-11-25, 2026-11-25T14:00, or an age such as 2h).`,
    );
  return plain ? new Date(guess.getTime() - parisOffset(guess)) : guess;
}

function parisOffset(at: Date): number {
  const local = new Date(`${at.toLocaleString('sv-SE', { timeZone: 'Europe/Paris' }).replace(' ', 'T')}Z`);
  return local.getTime() - Math.floor(at.getTime() / 1000) * 1000;
}

export const collect = (value: string, before: string[]): string[] => [...before, value];
