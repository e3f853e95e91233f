// HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) over one-shot hashes: an `Hmac`, a key object and an `hkdfSync` are each an
// object of the engine, made and freed for every delivery, and cost five times the hashing itself.
// Invariant: what comes out is what `node:crypto` makes of the same key and data; a unit test compares them.
import { createHmac, hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
/** Data up to here is hashed in place. Longer texts and files go through an `Hmac`: there the hashing is what costs. */
const scratchBytes = 16_384;

/** Key and data of the inner hash, then key and inner digest of the outer one: filled and read within one call. */
const inner = Buffer.alloc(blockBytes + scratchBytes);
const outer = Buffer.alloc(blockBytes + digestBytes);

/** HMAC-SHA-256 under a key of 64 bytes at most, each byte as a letter (latin1). */
function macText(key: Uint8Array, data: string | Uint8Array): string {
  const most = typeof data === 'string' ? data.length * 3 : data.length;
  if (most > scratchBytes || key.length > blockBytes)
    return createHmac('sha256', key).update(data).digest('binary');
  inner.fill(0x36, 0, blockBytes);
  outer.fill(0x5c, 0, blockBytes);
  key.forEach((byte, index) => {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  });
  let end = blockBytes + data.length;
  if (typeof data === 'string') end = blockBytes + inner.write(data, blockBytes, 'utf8');
  else inner.set(data, blockBytes);
  outer.write(hash('sha256', inner.subarray(0, end), 'binary'), blockBytes, 'binary');
  return hash('sha256', outer, 'binary');
}

export const mac = (key: Uint8Array, data: string | Uint8Array): Buffer =>
  Buffer.from(macText(key, data), 'binary');

const noSalt = Buffer.alloc(digestBytes);
const pseudoRandomKey = Buffer.alloc(digestBytes);

/** HKDF-SHA-256 without salt, 32 bytes. */
export function expanded(secret: Uint8Array, purpose: string): Buffer {
  pseudoRandomKey.write(macText(noSalt, secret), 'binary');
  return mac(pseudoRandomKey, `${purpose}\u0001`);
}
