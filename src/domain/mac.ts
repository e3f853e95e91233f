// HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) of node:crypto, with the key as a key object: given as bytes it costs three
// times as much, since the engine then looks the digest up anew.
import { createHmac, createSecretKey, hkdfSync, KeyObject } from 'node:crypto';

export type MacKey = Uint8Array | KeyObject;

/** A key that stays, or is used more than once, is best made a key object first. */
export const macKey = (key: MacKey): KeyObject => (key instanceof KeyObject ? key : createSecretKey(key));

/** HMAC-SHA-256, 32 bytes. */
export const mac = (key: MacKey, data: string | Uint8Array): Buffer =>
  createHmac('sha256', macKey(key)).update(data).digest();

const noSalt = Buffer.alloc(0);

/** HKDF-SHA-256 without salt, 32 bytes. */
export const expanded = (secret: MacKey, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', macKey(secret), noSalt, purpose, 32));
