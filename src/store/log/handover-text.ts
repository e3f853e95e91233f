// Builds the text of a log entry, which its signature, its seal and its archive use.
// Invariant: an entry gives the same text when it is written and when it is read.
import type { SqlValue } from '../database.ts';

/** Sealed columns, in the order in which they are sealed. */
export const handoverColumns = [
  'at',
  'entry',
  'client_id',
  'destination_id',
  'delivery_id',
  'lead_id',
  'batch_id',
  'run',
  'attempt',
  'action',
  'actor',
  'purpose',
  'connector',
  'recipient',
  'target',
  'authorisation_id',
  'mapping_version_id',
  'lead_revision',
  'fields',
  'consents',
  'digest',
  'bytes',
  'file_name',
  'outcome',
  'reason',
  'status',
  'answer_bytes',
  'duration_ms',
  'next_step',
  // Last, and sealed only when not empty: entries sealed before they existed stay as they were.
  'call_name',
  'cited',
] as const;

/** Number of columns the log had when the first entry was sealed. */
const firstColumns = 29;

/** The id and the columns in their order, as JSON. A column added later is included only when it is not empty. */
export function entryTextOf(id: number, values: readonly (SqlValue | undefined)[]): string {
  const texts: (number | string | null)[] = [id];
  for (const value of values) texts.push(textOf(value));
  while (texts.length > 1 + firstColumns && texts.at(-1) === '') texts.pop();
  return JSON.stringify(texts);
}

/** Bytes in hexadecimal, numbers in decimal, instants as DATETIME(6) in ISO 8601 without a zone. */
function textOf(value: SqlValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return `${value.toISOString().slice(0, 23)}000`;
  if (typeof value === 'object') return Buffer.from(value).toString('hex');
  return String(value);
}
