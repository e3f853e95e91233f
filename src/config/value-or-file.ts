// Reads the value of a variable: directly, from a file, or as a URL with its password from a file.
// Invariant: a named file that cannot be read is a problem reported with the others, never a missing value.
import { readFileSync } from 'node:fs';

/** `RELAIS_MYSQL_URL`: `RELAIS_MYSQL_PASSWORD_FILE`. */
export const passwordFileOf = (name: string): string => name.replace(/URL$/, 'PASSWORD_FILE');

/** URLs whose password may be in a file of its own, so that the URL is no secret. */
export const withPassword = (name: string): boolean => /^RELAIS_(MYSQL_([A-Z]+_)?|REDIS_)URL$/.test(name);

/** The value of a variable, from any of its sources. */
export function valueOrFile(
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
