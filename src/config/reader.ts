// Reads single variables and checks their form: text, whole numbers, URLs, words of a list, keys.
// Invariant: problems are collected and reported together; a secret is never quoted in a problem.
import { readFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { variables } from './variables.ts';

// Reads the values of `secret:NAME`: a file of the secrets folder, read again when it changes, else the environment.
// Invariant: newest first; several values of one name overlap while a secret rotates.

/**
 * Values of `secret:NAME`, newest first (one per line of its file: a rotation keeps the old one below for the overlap).
 * A file is read again when its time or size changes; a missing folder falls back to RELAIS_SECRET_<NAME>.
 */
export function createSecrets(
  folder: string | undefined,
  variable: (name: string) => string | undefined,
): (name: string) => readonly string[] {
  const seen = new Map<string, { stamp: string; values: readonly string[]; checkedAt: number }>();
  return (name) => {
    if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) return [];
    const known = seen.get(name);
    // At most one stat a second: the hot path reads secrets for every delivery.
    if (known !== undefined && performance.now() - known.checkedAt < 1000) return known.values;
    const file = folder === undefined ? undefined : join(folder, name);
    let values: readonly string[];
    let stamp = 'environment';
    if (file !== undefined && existsSync(file)) {
      const facts = statSync(file);
      stamp = `${facts.ctimeMs}:${facts.size}`;
      values = known?.stamp === stamp ? known.values : splitSecret(textIn(file));
    } else {
      values = splitSecret(variable(`RELAIS_SECRET_${name}`) ?? '');
    }
    seen.set(name, { stamp, values, checkedAt: performance.now() });
    return values;
  };
}

/** No value where it cannot be read: the destination is held, visibly, instead of every attempt breaking. */
function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** One value a line; a PEM block is one value. In the environment lines may be joined by a literal \n. */
function splitSecret(text: string): readonly string[] {
  const plain = text.replaceAll('\\n', '\n').trim();
  if (plain.includes('-----BEGIN')) return [plain];
  return plain
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

// Reads the value of a variable: directly, from a file, or as a URL with its password from a file.
// Invariant: a named file that cannot be read is a problem reported with the others, never a missing value.

/** `RELAIS_MYSQL_URL`: `RELAIS_MYSQL_PASSWORD_FILE`. */
export const passwordFileOf = (name: string): string => name.replace(/URL$/, 'PASSWORD_FILE');

/** URLs whose password may be in a file of its own, so that the URL is no secret. */
export const withPassword = (name: string): boolean => /^RELAIS_(MYSQL_([A-Z]+_){0,2}|REDIS_)URL$/.test(name);

/** The value of a variable, from any of its sources. */
function valueOrFile(
  name: string,
  {
    plain,
    mayBeInFile,
    problems,
  }: {
    /** The plain value of a variable. */
    readonly plain: (name: string) => string | undefined;
    /** True when `NAME_FILE` may name a file with the value. */
    readonly mayBeInFile: boolean;
    readonly problems: Set<string>;
  },
): string | undefined {
  const inFile = (variable: string): string | undefined => {
    const file = plain(variable);
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      problems.add(`${variable}: no file that can be read at ${file}`);
      return undefined;
    }
  };
  const value = plain(name) ?? (mayBeInFile ? inFile(`${name}_FILE`) : undefined);
  if (value === undefined || !withPassword(name)) return value;
  const password = inFile(passwordFileOf(name));
  return password === undefined ? value : withSecret(value, encodeURIComponent(password));
}

/** Replaces the password of the URL. */
function withSecret(url: string, password: string): string {
  const match = /^([a-z+]+:\/\/)(?:([^:@/]*)(?::[^@/]*)?@)?(.*)$/i.exec(url);
  return match === null ? url : `${match[1] ?? ''}${match[2] ?? ''}:${password}@${match[3] ?? ''}`;
}

const mask = '********';
/** Parameters of a URL that are no credentials. */
const harmless = new Set(['tls', 'socket']);

/**
 * Masks a secret variable for `relais config`: the address remains readable, credentials do not. In doubt all of
 * it is masked. Shows the host, database and MySQL's or Redis's user of a URL, the host of an address that receives alerts, and nothing of other values.
 */
function maskedValue(value: string): string {
  const match = /^([a-z][a-z+]*:\/\/)(?:(.*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?$/i.exec(value);
  if (match === null) return mask;
  const [, scheme = '', account, hosts = '', path = '', query] = match;
  const asked = query === undefined ? '' : `?${query.split('&').map(maskedParameter).join('&')}`;
  if (/^(mysql|rediss?(\+\w+)?):\/\/$/i.test(scheme))
    return `${scheme}${account === undefined ? '' : `${maskedAccount(account)}@`}${hosts}${path}${asked}`;
  return `${scheme}${account === undefined ? '' : `${mask}@`}${hosts}${path.length > 1 || query !== undefined ? `/${mask}` : path}`;
}

const maskedAccount = (account: string): string => {
  const at = account.indexOf(':');
  return at < 0 ? account : `${account.slice(0, at)}:${mask}`;
};

const maskedParameter = (parameter: string): string => {
  const [name = ''] = parameter.split('=');
  return harmless.has(name) ? parameter : `${name}=${mask}`;
};

/** The file that a running sandbox writes for commands in its folder; ignored as soon as RELAIS_MYSQL_URL is set. */
export const sandboxFile = '.relais/current.env';

export type Environment = Readonly<Record<string, string | undefined>>;

export type VariableReader = ReturnType<typeof createVariableReader>;

const secretFileVariables = variables.flatMap(({ name, secret }) => [
  ...(secret === true ? [`${name}_FILE`] : []),
  ...(withPassword(name) ? [passwordFileOf(name)] : []),
  ...(name.endsWith('_TLS_PEM') ? [name] : []),
]);

/** @param sandbox values of the sandbox's file, for variables that the environment lacks */
export function createVariableReader(environment: Environment, sandbox: Environment) {
  const problems: string[] = [];
  const unreadable = new Set<string>();
  const plain = (name: string): string | undefined => environment[name] || sandbox[name] || undefined;
  /** The value of a variable, else its default; undefined when there is neither. */
  const read = (name: string): string | undefined => {
    const known = variableOf(name);
    const mayBeInFile = known?.secret === true;
    return valueOrFile(name, { plain, mayBeInFile, problems: unreadable }) ?? known?.fallback;
  };
  /** The same; a missing value is a problem. */
  const needed = (name: string): string => {
    const value = read(name);
    if (value === undefined) problems.push(`${name} is missing (${variableOf(name)?.meaning ?? ''})`);
    return value ?? '';
  };
  return {
    read,
    needed,
    /** Other checks append theirs. */
    problems,
    /** Named files that cannot be read. */
    unreadable,
    ...formsOf(read, problems),
    /** 32 bytes in base64. */
    key: (name: string) => keyOf(needed(name), `${name} must be`, problems),
    /** A list of such keys, separated by spaces, commas or line ends. */
    keyList: (name: string): readonly Buffer[] =>
      (read(name) ?? '')
        .split(/[\s,]+/)
        .filter((word) => word !== '')
        .map((word) => keyOf(word, `${name} must hold keys of`, problems)),
    /** Files that variables name for a secret, a password or a private key. */
    secretFiles: (): readonly string[] => secretFileVariables.flatMap((name) => plain(name) ?? []),
    /** The values in force, secrets masked, for `relais config`. */
    listing: () =>
      variables.map(({ name, secret, meaning }) => {
        const value = read(name);
        const shown = secret === true && value !== undefined ? maskedValue(value) : value;
        return { name, value: shown ?? '', from: originOf(name, value, environment, sandbox), meaning };
      }),
  };
}

/** The forms of values: numbers, URLs, words of a list. */
function formsOf(read: (name: string) => string | undefined, problems: string[]) {
  const wholeNumber = (name: string, min: number, max: number): number => {
    const value = Number(read(name));
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`${name} must be a whole number from ${min} to ${max}`);
    return min;
  };
  const oneOf = <T extends string>(name: string, values: readonly T[]): T => {
    const value = read(name);
    const found = values.find((allowed) => allowed === value);
    if (found === undefined) problems.push(`${name} must be one of ${values.join(', ')}`);
    return found ?? (values[0] as T);
  };
  /** The URL; undefined when there is none; another protocol is a problem. */
  const url = (name: string, protocols: readonly string[]): string | undefined => {
    const value = read(name);
    if (value === undefined || protocols.includes(URL.parse(value)?.protocol ?? '')) return value;
    const starts = protocols.map((protocol) => `${protocol}//`).join(' or ');
    problems.push(`${name} must be a URL starting with ${starts}`);
    return undefined;
  };
  return {
    wholeNumber,
    /** Undefined: nothing listens there. */
    port: (name: string) => (read(name) === undefined ? undefined : wholeNumber(name, 0, 65_535)),
    url,
    /** With TLS, unless `RELAIS_ALLOW_PLAINTEXT` allows it without. */
    safeUrl: (name: string, scheme: 'http' | 'imap' = 'http') => {
      const isPlain = read('RELAIS_ALLOW_PLAINTEXT') === 'yes';
      return url(name, isPlain ? [`${scheme}s:`, `${scheme}:`] : [`${scheme}s:`]);
    },
    oneOf,
    isYes: (name: string) => oneOf(name, ['no', 'yes']) === 'yes',
  };
}

const variableOf = (name: string): (typeof variables)[number] | undefined =>
  variables.find((variable) => variable.name === name);

/** A value that is not a key is a problem. */
function keyOf(text: string, must: string, problems: string[]): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text !== '' && bytes.length !== 32)
    problems.push(`${must} 32 bytes in base64 (openssl rand -base64 32)`);
  return bytes;
}

/** The source of a value, as `relais config` shows it. */
function originOf(
  name: string,
  value: string | undefined,
  environment: Environment,
  sandbox: Environment,
): string {
  if (environment[name]) return 'environment';
  if (sandbox[name]) return sandboxFile;
  if (environment[`${name}_FILE`]) return `${name}_FILE`;
  return value === undefined ? 'not set' : 'default';
}
