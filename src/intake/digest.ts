// Computes the keyed digest that identifies a repeated row.
// Invariant: the same meaning gives the same digest whatever the order of keys or the spelling of an instant; no plain hash of a person.
import { createHmac } from 'node:crypto';
import { keyOf } from '../domain/keyed.ts';
import type { CheckedRow } from './row.ts';

export function rowDigest(key: Buffer, row: CheckedRow): Buffer {
  return createHmac('sha256', keyOf(key))
    .update(JSON.stringify(ordered(row)))
    .digest();
}

function ordered(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, ordered(item)]);
}
