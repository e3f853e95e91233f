// The keys of the installation: 32 bytes in base64, from a variable or from the file that <variable>_FILE names.
// Invariant: a value that is not a key is a problem of the configuration, and is never quoted.
import { existsSync, readFileSync } from 'node:fs';

type Read = (name: string) => string | undefined;

export function keyReaders(
  read: Read,
  needed: (name: string) => string,
  problems: string[],
): { readonly key: (name: string) => Buffer; readonly earlierKeys: (name: string) => readonly Buffer[] } {
  /** The file's text; undefined when there is no such variable or file. */
  const fileOf = (name: string): string | undefined | false => {
    const file = read(`${name}_FILE`);
    if (file === undefined) return undefined;
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
    problems.push(`${name}_FILE: no file at ${file}`);
    return false;
  };
  return {
    key: (name) => {
      const text = fileOf(name);
      if (text === false) return Buffer.alloc(0);
      return keyOfText(text ?? needed(name), `${name} must be`, problems);
    },
    earlierKeys: (name) => {
      const text = fileOf(name);
      const all = text === false ? '' : (text ?? read(name) ?? '');
      return all
        .split(/[\s,]+/)
        .filter((one) => one !== '')
        .map((one) => keyOfText(one, `${name} must hold keys of`, problems));
    },
  };
}

function keyOfText(text: string, must: string, problems: string[]): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text !== '' && bytes.length !== 32)
    problems.push(`${must} 32 bytes in base64 (openssl rand -base64 32)`);
  return bytes;
}
