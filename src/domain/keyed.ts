// Computes keyed digests and seals content under a lead's own secret. Pure computation over node:crypto.
// Invariant: a bare hash of personal data never exists; without the secret digest and content are meaningless.
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { expanded, mac } from './mac.ts';

const keys = new WeakMap<Buffer, KeyObject>();

/** The key object of these bytes, cached: Node takes several times longer over a key given as a buffer. */
export function keyOf(bytes: Buffer): KeyObject {
  const known = keys.get(bytes);
  if (known !== undefined) return known;
  const made = createSecretKey(bytes);
  keys.set(bytes, made);
  return made;
}

/** HMAC-SHA-256 of the exact bytes under HKDF(lead secret, delivery id) (guarantee 7; charter C09). 32 bytes. */
export function contentDigest(leadSecret: Uint8Array, deliveryId: number, content: Uint8Array): Buffer {
  return mac(derived(leadSecret, `delivery:${deliveryId}`), content);
}

/** HKDF-SHA-256, no salt, 32 bytes. */
export const derived = (secret: Uint8Array, purpose: string): Buffer => expanded(secret, purpose);

/** AES-256-GCM: 12 bytes nonce, sealed bytes, 16 bytes tag. */
export function sealBytes(key: Buffer, plain: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(key), nonce);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
}

/** Undefined when the key is another one, or the bytes were altered. */
export function openBytes(key: Buffer, sealed: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < 28) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(key), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    const plain = decipher.update(bytes.subarray(12, -16));
    // Checks the tag; GCM returns no further bytes here.
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}
