// Handles secrets inside a body: reads their names in a file, and fills in their values when the body departs.
// Invariant: only a cell that the file itself makes is a secret; a text of the lead that looks like one remains a text.
import type { Body, BodySecrets } from '../../../connectors/contract.ts';
import { isSecret } from './values.ts';
import type { Cell, Entry } from './values.ts';

const reference = /^secret:([A-Za-z_][A-Za-z0-9_]{0,63})$/;

/** `NAME` of `secret:NAME`. */
export const secretIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? reference.exec(value)?.[1] : undefined;

/** True for a text that was meant as a secret, and would be written literally. */
export const speaksOfSecret = (text: string): boolean => /(?:^|[^\p{L}\p{N}_])secret:\S/u.test(text);

/** The same record with the secrets' values in their places. */
export function writtenOut(entries: readonly Entry[], value: (name: string) => string): readonly Entry[] {
  const cellOf = (cell: Cell): Cell => (isSecret(cell) ? value(cell.secret) : cell);
  return entries.map((entry): Entry => {
    switch (entry.kind) {
      case 'cell':
        return isSecret(entry.cell) ? { ...entry, cell: cellOf(entry.cell) } : entry;
      case 'cells':
        return entry.cells.some(isSecret) ? { ...entry, cells: entry.cells.map(cellOf) } : entry;
      case 'rows':
        return { ...entry, rows: entry.rows.map((row) => writtenOut(row, value)) };
      case 'line':
        return entry;
    }
  });
}

/** A body whose secrets are masked, with the way to write them out; without any, the body alone. */
export function bodyWith(
  names: readonly string[],
  records: readonly (readonly Entry[])[],
  write: (records: readonly (readonly Entry[])[]) => Body,
): Body {
  const body = write(records);
  if (names.length === 0) return body;
  const written: BodySecrets['written'] = (value) =>
    write(records.map((entries) => writtenOut(entries, value))).bytes;
  return { ...body, secrets: { names, written } };
}
