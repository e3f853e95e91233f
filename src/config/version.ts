// Reads the version of the program from package.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function programVersion(): string {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
