// The rows of the files that stand at the recipients of a storm, as receipts. Pure.
// Invariant: a file is read whole or named as unreadable; files of a destination are read in the order of their numbers.
import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import type { Standing } from './file-recipients.ts';
import { givenName, type Receipt } from './ledgers.ts';

export const digest = (content: Buffer | string): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16);

export function filed(standing: readonly Standing[]): {
  readonly rows: readonly Receipt[];
  readonly unreadable: readonly string[];
} {
  const unreadable: string[] = [];
  const inOrder = standing.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const rows = inOrder.flatMap((file, index) => {
    const read = rowsOf(file, index);
    if (read === undefined) unreadable.push(`${file.destination} ${file.name}`);
    return read ?? [];
  });
  return { rows, unreadable };
}

/** Undefined where a row is cut off, or nothing can be read. */
function rowsOf({ destination, name, text }: Standing, at: number): readonly Receipt[] | undefined {
  if (text?.endsWith('\n') !== true) return undefined;
  try {
    const rows = parse<Record<string, string>>(text, { delimiter: ';', columns: true });
    return rows.map((row): Receipt => ({
      destination,
      at,
      key: row['CLE'] ?? '',
      sentKey: row['CLE'] ?? '',
      action: (row['ACTION'] ?? 'create') as Receipt['action'],
      optIn: row['OPTIN'],
      named: row['NOM'] === undefined ? undefined : (givenName(row['NOM']) ?? ''),
      content: digest(JSON.stringify(row)),
      did: 'taken',
      file: name,
    }));
  } catch {
    return undefined;
  }
}
