// Verifies the signature of a callback: HMAC-SHA256 by Standard Webhooks (standardwebhooks.com), over id, time and body as received.
// Invariant: nothing of a callback is read before its signature is valid; an old one, or one of another clock, is not.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readJson } from '../domain/json-text.ts';

/** Largest difference between the signed time and ours, ms: an intercepted callback is useless after it. */
export const toleranceMs = 300_000;

interface SignedCallback {
  readonly id: string | undefined;
  /** Epoch seconds, as text. */
  readonly timestamp: string | undefined;
  /** `v1,base64`, several with blanks between. */
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}

/** @param secrets values in force, `whsec_` before their base 64 @param now epoch ms, of the database's clock */
export function isSigned(
  { id, timestamp, signature, body }: SignedCallback,
  secrets: readonly string[],
  now: number,
): boolean {
  if (id === undefined || timestamp === undefined || signature === undefined) return false;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1_000) > toleranceMs) return false;
  const given = signature
    .split(' ')
    .flatMap((part) => (part.startsWith('v1,') ? [Buffer.from(part.slice(3), 'base64')] : []));
  return secrets.some((secret) => {
    const key = keyOf(secret);
    if (key === undefined) return false;
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
    return given.some((mac) => mac.length === expected.length && timingSafeEqual(mac, expected));
  });
}

/** A short key could be guessed. */
const fewestBytes = 16;

function keyOf(secret: string): Buffer | undefined {
  const text = secret.trim();
  if (!text.startsWith('whsec_')) return undefined;
  const key = Buffer.from(text.slice('whsec_'.length), 'base64');
  return key.length < fewestBytes ? undefined : key;
}

// Decodes a signed body to text or JSON, only where it has a single reading.
// Invariant: bytes that are not UTF-8 are never repaired, and a JSON name that occurs twice makes the body invalid.

/** Events of one request: so many of 200 bytes fit into a body of 1 MB. */
export const mostElements = 5_000;

/** An event may have its sender's tags. */
const limits = { depth: 32, names: 1_000, elements: mostElements };

/** Undefined where its bytes are not UTF-8. */
function decoded(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined where it is no JSON, or ambiguous JSON. */
export function parsed(body: Uint8Array | string): unknown {
  const text = typeof body === 'string' ? body : decoded(body);
  const read = text === undefined ? undefined : readJson(text, limits);
  return read === undefined || 'fault' in read ? undefined : read.value;
}

/** Undefined for an ambiguous body; a body that is no JSON is left to the rules of the destination. */
export function soundText(body: Uint8Array): string | undefined {
  const text = decoded(body);
  if (text === undefined) return undefined;
  const read = readJson(text, limits);
  return 'fault' in read && read.fault !== 'not_json' ? undefined : text;
}
