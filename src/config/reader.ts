// Reads single variables and checks their form: text, whole numbers, URLs, words of a list, keys.
// Invariant: problems are collected and reported together; a secret is never quoted in a problem.
import type { Environment, ListedVariable } from './types.ts';
import { valueOrFile } from './value-or-file.ts';
import { variables } from './variables.ts';

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

export interface VariableReader {
  /** The value of a variable, else its default; undefined when there is neither. */
  readonly read: (name: string) => string | undefined;
  /** The same; a missing value is a problem. */
  readonly needed: (name: string) => string;
  readonly wholeNumber: (name: string, min: number, max: number) => number;
  /** The URL; undefined when there is none; another protocol is a problem. */
  readonly url: (name: string, protocols: readonly string[]) => string | undefined;
  readonly oneOf: <T extends string>(name: string, values: readonly T[]) => T;
  /** 32 bytes in base64. */
  readonly key: (name: string) => Buffer;
  /** A list of such keys, separated by spaces, commas or line ends. */
  readonly keyList: (name: string) => readonly Buffer[];
  readonly listing: () => readonly ListedVariable[];
  /** Other checks append theirs. */
  readonly problems: string[];
  /** Named files that cannot be read. */
  readonly unreadable: ReadonlySet<string>;
}

/** @param sandbox values of the sandbox's file, for variables that the environment lacks */
export function createVariableReader(environment: Environment, sandbox: Environment): VariableReader {
  const problems: string[] = [];
  const unreadable = new Set<string>();
  const plain = (name: string): string | undefined => environment[name] || sandbox[name] || undefined;
  const read = (name: string): string | undefined => {
    const known = variableOf(name);
    const mayBeInFile = known?.secret === true;
    return valueOrFile(name, { plain, mayBeInFile, problems: unreadable }) ?? known?.fallback;
  };
  const needed = (name: string): string => {
    const value = read(name);
    if (value === undefined) problems.push(`${name} is missing (${variableOf(name)?.meaning ?? ''})`);
    return value ?? '';
  };
  return {
    read,
    needed,
    problems,
    unreadable,
    wholeNumber: (name, min, max) => {
      const value = Number(read(name));
      if (Number.isInteger(value) && value >= min && value <= max) return value;
      problems.push(`${name} must be a whole number from ${min} to ${max}`);
      return min;
    },
    url: (name, protocols) => {
      const value = read(name);
      if (value === undefined) return undefined;
      const parsed = URL.canParse(value) ? new URL(value) : undefined;
      if (parsed !== undefined && protocols.includes(parsed.protocol)) return value;
      const starts = protocols.map((protocol) => `${protocol}//`).join(' or ');
      problems.push(`${name} must be a URL starting with ${starts}`);
      return undefined;
    },
    oneOf: <T extends string>(name: string, values: readonly T[]): T => {
      const value = read(name);
      const found = values.find((allowed) => allowed === value);
      if (found === undefined) problems.push(`${name} must be one of ${values.join(', ')}`);
      return found ?? (values[0] as T);
    },
    key: (name) => keyOf(needed(name), `${name} must be`, problems),
    keyList: (name) =>
      (read(name) ?? '')
        .split(/[\s,]+/)
        .filter((word) => word !== '')
        .map((word) => keyOf(word, `${name} must hold keys of`, problems)),
    listing: () =>
      variables.map(({ name, secret, meaning }) => {
        const value = read(name);
        const shown = secret === true && value !== undefined ? maskedValue(value) : value;
        return { name, value: shown ?? '', from: originOf(name, value, environment, sandbox), meaning };
      }),
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
