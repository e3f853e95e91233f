// Prints refused rows beside the leads of lead find and lead show: masked and logged like them.
import type { RefusedFacts } from '../support/masking.ts';
import { paris } from '../support/paris-time.ts';
import { table } from './table.ts';
import { out, strong } from './terminal.ts';

export function listRefused(rows: readonly RefusedFacts[]): void {
  if (rows.length === 0) return;
  out(strong('\nLignes refusées / refused rows'));
  table(
    ['row', 'client', 'reference', 'received', 'person', 'why'],
    rows.map((row) => [
      row.row,
      row.clientId,
      row.reference,
      paris(row.receivedAt),
      row.person.flatMap(({ value }) => (value === '-' ? [] : [value])).join(' '),
      row.problems.map(({ column, code }) => `${column} ${code}`).join(', '),
    ]),
  );
}

export const refusedData = (rows: readonly RefusedFacts[]): readonly object[] =>
  rows.map((row) => ({
    refusedRow: row.row,
    client: row.clientId,
    reference: row.reference,
    receivedAt: row.receivedAt,
    problems: row.problems.map(({ column, code }) => ({ column, code })),
  }));
