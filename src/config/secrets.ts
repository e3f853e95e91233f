// Reads the values of `secret:NAME`: a file of the secrets folder, read again when it changes, else the environment.
// Invariant: newest first; several values of one name overlap while a secret rotates.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

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
      stamp = `${facts.mtimeMs}:${facts.size}`;
      values = known?.stamp === stamp ? known.values : splitSecret(readFileSync(file, 'utf8'));
    } else {
      values = splitSecret(variable(`RELAIS_SECRET_${name}`) ?? '');
    }
    seen.set(name, { stamp, values, checkedAt: performance.now() });
    return values;
  };
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
