// What a seal is made of: the MAC of an entry, the MAC of a seal over the one before, ranges of ids.
// Invariant: the exact text of an entry is sealed; the same text stands in an archive, so that both verify alike.
import { createHmac } from 'node:crypto';
import { keyOf } from '../domain/keyed.ts';
import { handoverColumns } from '../store/handovers.ts';
import type { HandoverRow, Seal } from '../store/seals.ts';

export const macBytes = 16;
export const noSeal: Buffer = Buffer.alloc(32);
/** Columns the log had when the first entry was sealed. */
const firstColumns = 29;

/** What is sealed of an entry: its id and columns, in order. A column the log got later counts only where it says something. */
export function entryText(row: HandoverRow): string {
  const values = handoverColumns.map((column) => {
    const value = row[column] as Buffer | string | number | null;
    return Buffer.isBuffer(value) ? value.toString('hex') : value === null ? null : String(value);
  });
  while (values.length > firstColumns && values.at(-1) === '') values.pop();
  return JSON.stringify([row.id, ...values]);
}

export const textMac = (key: Buffer, text: string): Buffer =>
  createHmac('sha256', keyOf(key)).update(text).digest().subarray(0, macBytes);

export const entryMac = (key: Buffer, row: HandoverRow): Buffer => textMac(key, entryText(row));

export function sealMac(key: Buffer, seal: Omit<Seal, 'mac'>): Buffer {
  const head = JSON.stringify([seal.sequence, seal.sealedAt.toISOString(), seal.entries, seal.count]);
  return createHmac('sha256', keyOf(key))
    .update('seal\0')
    .update(seal.previous)
    .update(head)
    .update(seal.entryMacs)
    .digest();
}

/** `[1,2,3,5]` -> `1-3,5`. */
export function rangesOf(ids: readonly number[]): string {
  const ranges: string[] = [];
  let [from, to] = [ids[0], ids[0]];
  for (const id of [...ids.slice(1), undefined]) {
    if (to !== undefined && id === to + 1) to = id;
    else {
      if (from !== undefined) ranges.push(from === to ? `${from}` : `${from}-${to}`);
      [from, to] = [id, id];
    }
  }
  return ranges.join(',');
}

export function idsOf(ranges: string): readonly number[] {
  if (ranges === '') return [];
  return ranges.split(',').flatMap((range) => {
    const [from, to] = range.split('-').map(Number) as [number, number | undefined];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
  });
}
