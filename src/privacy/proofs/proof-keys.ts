// Derives the Ed25519 keys that sign proofs from the sealing keys, so that no further key has to be kept.
// Invariant: the private half never leaves the process; the public half reveals nothing of the sealing key.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Key, KeyRing } from '../../domain/key-ring.ts';
import { derived } from '../../domain/keyed.ts';
import { keyIdOf } from './proof.ts';

export interface ProofKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

const made = new WeakMap<Key, ProofKey>();

/** HKDF-SHA-256 over the sealing key, `proof signature`. */
export function proofKeyOf(key: Key): ProofKey {
  const known = made.get(key);
  if (known !== undefined) return known;
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Head, derived(key.bytes, 'proof signature')]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey);
  const own = { id: keyIdOf(publicKey), privateKey, publicKey };
  made.set(key, own);
  return own;
}

/** Every public key that signs or has signed, the one in force first, as PEM. */
export function publishedKeys(
  sealKeys: KeyRing,
): readonly { readonly id: string; readonly inForce: boolean; readonly pem: string }[] {
  const current = sealKeys.current();
  return [current, ...sealKeys.keys.filter((key) => key !== current)].map((key) => {
    const { id, publicKey } = proofKeyOf(key);
    return {
      id,
      inForce: key === current,
      pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    };
  });
}
