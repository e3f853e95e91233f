// HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) of node:crypto, with the key as a key object: given as bytes it costs three
// times as much, since the engine then looks the digest up anew.
import { createHmac, createSecretKey, hkdfSync, KeyObject } from 'node:crypto';

/** HMAC-SHA-256, 32 bytes. A key that stays is best given as a key object, made once. */
export const mac = (key: Uint8Array | KeyObject, data: string | Uint8Array): Buffer =>
  createHmac('sha256', key instanceof KeyObject ? key : createSecretKey(key))
    .update(data)
    .digest();

const noSalt = Buffer.alloc(0);

/** HKDF-SHA-256 without salt, 32 bytes. */
export const expanded = (secret: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', createSecretKey(secret), noSalt, purpose, 32));
