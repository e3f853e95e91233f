// Writes a refused row for its person: the sender's values, and the reasons of the refusal.
// Invariant: every column the sender may fill; of the columns that Relais fills only the reasons.
import { leadColumns } from '../../domain/lead-fields/columns.ts';
import type { SqlValue } from '../../store/database.ts';
import type { RefusedRecord } from '../../store/person-records.ts';
import type { PersonFile } from './person-file.ts';

/** Columns that the sender fills. */
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
