// A refused row as it is given out: what its sender wrote, and why it was refused.
// Invariant: every column the sender may fill; none that Relais filled but the reasons.
import { leadColumns } from '../../domain/lead-fields/columns.ts';
import type { SqlValue } from '../../store/database.ts';
import type { RefusedRecord } from '../../store/person-records.ts';
import type { PersonFile } from './person-file.ts';

/** Of a refused row, what its sender wrote. */
const senderColumns: readonly string[] = [
  'kind',
  'reference',
  'row_reference',
  ...leadColumns,
  'consents',
  'interactions',
  'clear_fields',
];

export function heldRow(row: RefusedRecord): PersonFile['refusedRows'][number] {
  const reasons = JSON.parse(String(row['refusal'] ?? '[]')) as readonly { column?: string; code?: string }[];
  const values = senderColumns.flatMap((column): readonly (readonly [string, string | number])[] => {
    const value: SqlValue | undefined = row[column];
    if (value === null || value === undefined || value === '') return [];
    return [
      [
        column,
        value instanceof Date ? value.toISOString() : typeof value === 'number' ? value : String(value),
      ],
    ];
  });
  return {
    receivedAt: row['received_at'] as Date,
    reasons: reasons.map(({ column = '', code = '' }) => `${column} ${code}`.trim()),
    values: Object.fromEntries(values),
  };
}
