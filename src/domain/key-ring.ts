// Holds the keys of one purpose (master, seal): one writes, the earlier ones read until no data needs them. Derives the keys of a file.
// Invariant: a key's id reveals nothing about it; data written under any key of the ring can be read.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { derived, keyOf, openBytes } from './keyed.ts';

/**
 * Derives our keys for one file, by which we recognise the file after it was encrypted for its recipient. Pure.
 * They are stored nowhere: they are derived from the ring, also for files written under an earlier key.
 */
export const fileKeysOf =
  ({ current, keys }: KeyRing) =>
  (file: string): readonly Uint8Array[] => {
    const writing = current();
    return [writing, ...keys.filter((key) => key !== writing)].map((key) =>
      derived(key.bytes, `file:${file}`),
    );
  };

export interface Key {
  /** 16 hexadecimal digits, from the key by HKDF. */
  readonly id: string;
  readonly bytes: Buffer;
}

export interface KeyRing {
  /** The key that writes. */
  readonly current: () => Key;
  /** The configured one first, then the earlier ones as configured. */
  readonly keys: readonly Key[];
  readonly byId: (id: string) => Key | undefined;
  /** Makes this key the writing one. False when the ring does not have it. */
  readonly writeWith: (id: string) => boolean;
  /** False once another key writes that this ring does not have: nothing new may be written under an earlier one. */
  readonly inForce: () => boolean;
}

export const keyId = (bytes: Buffer): string => derived(bytes, 'key id').subarray(0, 8).toString('hex');

/** @param keys the configured key first, then the earlier ones */
export function createKeyRing(keys: readonly [Buffer, ...Buffer[]]): KeyRing {
  const all = keys.map((bytes): Key => ({ id: keyId(bytes), bytes }));
  let writing = all[0] as Key;
  let inForce = true;
  const byId = (id: string): Key | undefined => {
    for (const key of all) if (key.id === id) return key;
    return undefined;
  };
  return {
    current: () => writing,
    keys: all,
    byId,
    writeWith: (id) => {
      const found = byId(id);
      if (found !== undefined) writing = found;
      inForce = found !== undefined;
      return inForce;
    },
    inForce: () => inForce,
  };
}

/** Decrypts what one of the keys has sealed; the named key is tried first. `purpose`: sealed under a key derived for it. */
export function openWith(
  ring: KeyRing,
  sealed: { readonly keyId: string; readonly bytes: Uint8Array; readonly purpose?: string },
): Buffer | undefined {
  const named = ring.byId(sealed.keyId);
  const order = named === undefined ? ring.keys : new Set([named, ...ring.keys]);
  for (const key of order) {
    const opener = sealed.purpose === undefined ? key.bytes : derived(key.bytes, sealed.purpose);
    const plain = openBytes(opener, sealed.bytes);
    if (plain !== undefined) return plain;
  }
  return undefined;
}

/** Value that identifies a key in the database: computing it needs the key. */
export const checkValue = (purpose: string, key: Key): Buffer =>
  createHmac('sha256', keyOf(derived(key.bytes, 'key check')))
    .update(JSON.stringify([purpose, key.id]))
    .digest();

export const isCheckValue = (purpose: string, key: Key, value: Buffer): boolean => {
  const expected = checkValue(purpose, key);
  return value.length === expected.length && timingSafeEqual(value, expected);
};
