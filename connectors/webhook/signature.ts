// Standard Webhooks signatures (standardwebhooks.com, v1): HMAC-SHA256 over `id.timestamp.body`.
// Invariant: every live secret signs, newest first, so that a recipient verifies during a rotation.
import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

// Rebuilding keys at each delivery cost a seventh of the throughput. Bounded: rotated secrets must not pile up.
const keys = new Map<string, KeyObject>();
const maxKeys = 1_000;

/** The key of `whsec_<base64>`, or undefined when the secret has another form or is too short to be one. */
function keyOf(secret: string): KeyObject | undefined {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const encoded = secret.trim().replace(/^whsec_/, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < 16) return undefined;
  if (keys.size >= maxKeys) keys.clear();
  const key = createSecretKey(bytes);
  keys.set(secret, key);
  return key;
}

/** Value of `webhook-signature`, or undefined when a secret is not usable. */
export function signatureOf(
  id: string,
  timestamp: number,
  body: Uint8Array,
  secrets: readonly string[],
): string | undefined {
  const parts: string[] = [];
  for (const secret of secrets) {
    const key = keyOf(secret);
    if (key === undefined) return undefined;
    parts.push(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`);
  }
  return parts.length === 0 ? undefined : parts.join(' ');
}
