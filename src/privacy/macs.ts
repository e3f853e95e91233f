// Computes the MACs of the log: of an entry, of a seal over the one before it, and the ranges of ids that a seal covers.
// Invariant: the exact text of an entry is sealed; archives contain the same text, so that table and archive verify alike.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Key, KeyRing } from '../domain/key-ring.ts';
import { keyOf, mac, preparedKey, derived, mac as macOf, type PreparedKey } from '../domain/keyed.ts';
import { entryTextOf, handoverColumns } from '../store/log/handovers.ts';
import type { HandoverRow, Seal } from '../store/log/seals.ts';
import type { Sign } from '../store/database.ts';
import type { Waiting } from '../store/log/handovers-unsealed.ts';

// Signs an entry when the gateway appends it; the sealer checks the signature before it seals.
// Invariant: its key is derived from the sealing key and never reaches MySQL; the entry's id is signed with its columns.

const made = new WeakMap<Key, PreparedKey>();

/** HKDF-SHA-256 over the sealing key, `handover entry`; made once for each key. */
function signingKey(key: Key): PreparedKey {
  const known = made.get(key);
  if (known !== undefined) return known;
  const own = preparedKey(derived(key.bytes, 'handover entry'));
  made.set(key, own);
  return own;
}

export const createSign =
  (sealKeys: KeyRing): Sign =>
  (text) => {
    const key = sealKeys.current();
    return { keyId: key.id, mac: macOf(signingKey(key), text) };
  };

/** True where a key of the ring signed exactly this entry under this id. */
export function isSigned(sealKeys: KeyRing, row: HandoverRow, { keyId, mac }: Waiting): boolean {
  const key = sealKeys.byId(keyId);
  if (key === undefined) return false;
  const expected = macOf(signingKey(key), entryText(row));
  return mac.length === expected.length && timingSafeEqual(expected, mac);
}

export const macBytes = 16;
export const noSeal: Buffer = Buffer.alloc(32);

// The signature check and the seal use the same text of a row, which never changes.
const texts = new WeakMap<HandoverRow, string>();

/** The text of an entry that is signed and sealed. */
export function entryText(row: HandoverRow): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const values: HandoverRow[keyof HandoverRow][] = [];
  for (const column of handoverColumns) values.push(row[column]);
  const text = entryTextOf(row.id, values);
  texts.set(row, text);
  return text;
}

const prepared = new WeakMap<Key, PreparedKey>();

function preparedOf(key: Key): PreparedKey {
  const known = prepared.get(key) ?? preparedKey(key.bytes);
  prepared.set(key, known);
  return known;
}

/** MAC of an entry in its seal. */
export const textMac = (key: Key, text: string): Buffer => mac(preparedOf(key), text).subarray(0, macBytes);

export const entryMac = (key: Key, row: HandoverRow): Buffer => textMac(key, entryText(row));

export function sealMac(key: Key, seal: Omit<Seal, 'mac'>): Buffer {
  const { sequence, sealedAt, entries, count, keyId } = seal;
  const head = [sequence, sealedAt.toISOString(), entries, count, ...(keyId === '' ? [] : [keyId])];
  return createHmac('sha256', keyOf(key.bytes))
    .update('seal\0')
    .update(seal.previous)
    .update(JSON.stringify(head))
    .update(seal.entryMacs)
    .digest();
}

/**
 * The key a seal was made with, when its MAC proves it; `unknown` when it names a key that the ring does not contain.
 * Seals made before keys had names are tried with each.
 */
export function keyOfSeal(ring: KeyRing, seal: Seal): Key | 'unknown' | undefined {
  const named = ring.byId(seal.keyId);
  if (seal.keyId !== '' && named === undefined) return 'unknown';
  const candidates = named === undefined ? ring.keys : [named];
  return candidates.find((key) => timingSafeEqual(sealMac(key, seal), seal.mac));
}

/** `[1,2,3,5]` -> `1-3,5`. */
export function rangesOf(ids: readonly number[]): string {
  const ranges: string[] = [];
  let from = ids[0];
  let to = ids[0];
  for (const id of [...ids.slice(1), undefined]) {
    if (to !== undefined && id === to + 1) to = id;
    else {
      if (from !== undefined) ranges.push(from === to ? `${from}` : `${from}-${to}`);
      [from, to] = [id, id];
    }
  }
  return ranges.join(',');
}

export function entryIdsOf(ranges: string): readonly number[] {
  if (ranges === '') return [];
  return ranges.split(',').flatMap((range) => {
    const [from, to] = range.split('-').map(Number) as [number, number | undefined];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
  });
}

/** The entries that a seal covers; undefined where its lists contradict each other. */
export function coveredBy({ entries, count, entryMacs }: Seal): readonly number[] | undefined {
  const ids = entryIdsOf(entries);
  return ids.length === count && entryMacs.length === ids.length * macBytes ? ids : undefined;
}

export const macAt = ({ entryMacs }: Seal, at: number): Buffer =>
  entryMacs.subarray(at * macBytes, (at + 1) * macBytes);
