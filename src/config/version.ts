// The version of the program, as package.json says it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function programVersion(): string {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
