// Prints rows in aligned columns, and times as the support team reads them.
// Invariant: a table fits the terminal it is shown on; in a pipe nothing is cut.
import { paris } from '../support/paris-time.ts';
import { named, out, strong } from './terminal.ts';

const narrowest = 8;
/** Columns used in a next command stay whole as long as any other can be cut. */
const names = new Set(['delivery', 'destination', 'lead', 'reference', 'client', 'id', 'row', 'state']);

/** Aligned columns; the widest give way when the terminal is narrower. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): void {
  const rows = cells.map((row) => row.map(named));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const room = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
  const widestOf = (columns: readonly number[]): number | undefined =>
    columns
      .filter((column) => (widths[column] ?? 0) > narrowest)
      .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
  const columns = [...head.keys()];
  const texts = columns.filter((column) => !names.has(head[column] ?? ''));
  for (let over = widths.reduce((sum, width) => sum + width + 2, -2) - room; over > 0; over -= 1) {
    const widest = widestOf(texts) ?? widestOf(columns);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => fitted(oneLine(cell), widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  out(strong(line(head)));
  for (const row of rows) out(line(row));
}

const oneLine = (text: string): string => text.replaceAll(/[\n\t]/g, ' ').replaceAll('\u001b', '');

function fitted(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
}

/** Short form for lists: without the year while it is the present one. */
export function parisShort(at: Date | undefined | null, now: Date): string {
  const text = paris(at);
  const today = paris(now);
  return text.slice(5, 10) === today.slice(5, 10) ? `${text.slice(0, 5)}${text.slice(10)}` : text;
}

/** Age in the largest unit: `3 d`, `12 min`. */
export function age(at: Date | undefined, now: Date): string {
  if (at === undefined) return '-';
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
