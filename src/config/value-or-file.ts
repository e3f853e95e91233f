// What was given for a variable: its value, a file that holds it, or the password of its URL in a file.
// Invariant: a file that is named and cannot be read is a problem told with the others, never a missing value.
import { readFileSync } from 'node:fs';

/** `RELAIS_MYSQL_URL`: `RELAIS_MYSQL_PASSWORD_FILE`. */
export const passwordFileOf = (name: string): string => name.replace(/URL$/, 'PASSWORD_FILE');

/** URLs whose password may stand in a file of its own, so that the URL is no secret. */
export const withPassword = (name: string): boolean => /^RELAIS_(MYSQL_([A-Z]+_)?|REDIS_)URL$/.test(name);

/** The value of a variable, from wherever it was given. */
export function valueOrFile(
  name: string,
  {
    plain,
    mayBeInFile,
    problems,
  }: {
    /** The value of a variable as it stands. */
    readonly plain: (name: string) => string | undefined;
    /** Whether `NAME_FILE` may name a file that holds it. */
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

/** The password of the URL itself gives way. */
function withSecret(url: string, password: string): string {
  const match = /^([a-z+]+:\/\/)(?:([^:@/]*)(?::[^@/]*)?@)?(.*)$/i.exec(url);
  return match === null ? url : `${match[1] ?? ''}${match[2] ?? ''}:${password}@${match[3] ?? ''}`;
}
