// Signs an entry when the gateway appends it; the sealer checks the signature before it seals.
// Invariant: its key is derived from the sealing key and never reaches MySQL; the entry's id is signed with its columns.
import { timingSafeEqual } from 'node:crypto';
import type { Key, KeyRing } from '../domain/key-ring.ts';
import { derived } from '../domain/keyed.ts';
import { mac as macOf, preparedKey, type PreparedKey } from '../domain/mac.ts';
import type { Sign } from '../store/database.ts';
import type { Waiting } from '../store/handovers-unsealed.ts';
import type { HandoverRow } from '../store/seals.ts';
import { entryText } from './macs.ts';

const made = new WeakMap<Key, PreparedKey>();

/** HKDF-SHA-256 over the sealing key, `handover entry`; made once for each key. */
function signingKey(key: Key): PreparedKey {
  const known = made.get(key);
  if (known !== undefined) return known;
  const own = preparedKey(derived(key.bytes, 'handover entry'));
  made.set(key, own);
  return own;
}

const signature = (key: Key, text: string): Buffer => macOf(signingKey(key), text);

export const createSign =
  (sealKeys: KeyRing): Sign =>
  (text) => {
    const key = sealKeys.current();
    return { keyId: key.id, mac: signature(key, text) };
  };

/** True where a key of the ring signed exactly this entry under this id. */
export function isSigned(sealKeys: KeyRing, row: HandoverRow, { keyId, mac }: Waiting): boolean {
  const key = sealKeys.byId(keyId);
  if (key === undefined) return false;
  const expected = signature(key, entryText(row));
  return mac.length === expected.length && timingSafeEqual(expected, mac);
}
