// Shared parts of commands: opening the gateway, printing, progress, confirmation.
// Invariant: results on standard output, everything else on standard error; printed text cannot control the terminal.
import { createInterface } from 'node:readline/promises';
import { resolve } from 'node:path';
import type { App, openApp as openAppNow } from '../app.ts';
import { loadConfig, mappingsDirOf, sandboxFile, type Config } from '../config.ts';
import { isRelaisError, RelaisError } from '../errors.ts';
import { createLog, silentLog } from '../log.ts';
import { actorOf, allNames, namedText } from '../support/named-text.ts';

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

export function config(): Config {
  const loaded = loadConfig();
  if (!announced && loaded.listing.some((setting) => setting.from === sandboxFile)) {
    announced = true;
    say(`using the running sandbox (${sandboxFile})`);
  }
  return loaded;
}

/** The mappings folder; working on files needs no database, hence no complete configuration either. */
export const mappingsFolder = (given: string | undefined): string =>
  given === undefined ? mappingsDirOf() : resolve(given);

/** Loaded when needed: commands on files alone start in half the time without it. */
const openApp = async (...given: Parameters<typeof openAppNow>): Promise<App> =>
  (await import('../app.ts')).openApp(...given);

/** Opens the gateway for one command and closes it, whatever happens. */
export async function withApp<T>(work: (app: App) => Promise<T>): Promise<T> {
  const app = await openApp(config(), {
    log: createLog({ level: 'error', stream: { write: (line) => void process.stderr.write(line) } }),
  });
  try {
    const { database, config: typed } = app;
    // A new actor cannot be added while nothing may be written, and none of their acts is.
    const actor = typed.readOnly ? typed.actor : await actorOf(database, typed.actor);
    names = await allNames(database);
    return await work({ ...app, config: { ...typed, actor } });
  } finally {
    await app.close();
  }
}

/** For commands that can do without: undefined when nothing is configured or no database answers, which is reported. */
export async function withAppIfAny<T>(work: (app: App | undefined) => Promise<T>): Promise<T> {
  let app: App;
  try {
    app = await openApp(config(), { log: silentLog });
  } catch (error) {
    if (!isRelaisError(error) || !/^(CONFIG|DB)-/.test(error.code)) throw error;
    return work(undefined);
  }
  try {
    return await work(app);
  } finally {
    await app.close();
  }
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
