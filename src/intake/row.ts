// A row that follows the lead contract, and the keyed digest by which the same row is known again.
// Invariant: only the sender's values; the defaults are the kind of operation and the initiator of an interaction.
import type { ConsentRecord, Interaction } from '../domain/lead.ts';
import type { LeadColumn, LeadFields } from '../domain/lead-fields/columns.ts';
import { mac } from '../domain/keyed.ts';
import type { RowKind } from './fields.ts';

/** A row that follows the contract, read. */
export interface CheckedRow {
  readonly kind: RowKind;
  readonly clientId: string;
  readonly reference: string;
  /** For a lead: its reference; with client and kind it makes the row unique. */
  readonly rowReference: string;
  readonly fields: LeadFields;
  readonly clear: readonly LeadColumn[];
  readonly consents: readonly ConsentRecord[];
  readonly interactions: readonly Interaction[];
}

/**
 * The text whose keyed digest identifies a repeated row. The same meaning gives the same text whatever the order of keys or the spelling
 * of an instant.
 */
export const rowText = (row: CheckedRow): string => JSON.stringify(ordered(row));

/** No plain hash of a person. */
export const rowDigest = (key: Buffer, row: CheckedRow): Buffer => mac(key, rowText(row));

function ordered(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, ordered(item)]);
}
