// Signatures of a request: Standard Webhooks (v1 HMAC-SHA256, v1a ed25519 over `id.timestamp.body`), or the recipient's own.
// Invariant: every live secret of the standard signs, newest first, so that a recipient verifies during a rotation.
import { createHmac, createPrivateKey, createSecretKey, sign, type KeyObject } from 'node:crypto';
import type { SendContext } from '../contract.ts';
import { namesAmong, secretName } from '../guard.ts';
import { hmacHeaders, type Signable } from './hmac.ts';
import type { Headers } from './request.ts';
import { signatureTexts, type Signature } from './signature-settings.ts';

// Building keys anew for each delivery cost a seventh of the throughput. Bounded: rotated secrets must not accumulate.
const keys = new Map<string, KeyObject>();
const maxKeys = 1_000;

/** RFC 8410: the bytes before the 32 of an ed25519 key in PKCS #8. */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of `whsec_<base64>` or `whsk_<base64>`, or undefined when the secret has another form or is too short to be one. */
function keyOf(secret: string): KeyObject | undefined {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const [, kind, encoded = ''] = /^(whsec_|whsk_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim()) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const key = kind === 'whsk_' ? privateKey(bytes) : bytes.length < 16 ? undefined : createSecretKey(bytes);
  if (key === undefined) return undefined;
  if (keys.size >= maxKeys) keys.clear();
  keys.set(secret, key);
  return key;
}

/** 32 bytes, or the 64 in which libraries append the public key. */
function privateKey(bytes: Buffer): KeyObject | undefined {
  if (bytes.length !== 32 && bytes.length !== 64) return undefined;
  const der = Buffer.concat([ed25519Prefix, bytes.subarray(0, 32)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
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
    parts.push(
      key.type === 'private'
        ? `v1a,${sign(null, Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]), key).toString('base64')}`
        : `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
    );
  }
  return parts.length === 0 ? undefined : parts.join(' ');
}

export type SignedHeaders =
  | { readonly ok: true; readonly headers: Headers }
  | { readonly ok: false; readonly reason: string };

/** @param bare a look-up without a body: the standard signs contents, while a recipient's own scheme authenticates us */
export function signatureHeaders(
  signature: Signature,
  request: Omit<Signable, 'now'>,
  { bare }: { readonly bare: boolean },
  { now, secret, secrets }: SendContext,
): SignedHeaders {
  if (bare && 'standard' in signature) return { ok: true, headers: {} };
  if ('hmac' in signature) {
    const headers = hmacHeaders(signature.hmac, { ...request, now: now() }, secret);
    if (headers !== undefined) return { ok: true, headers };
    const missing = namesAmong(signatureTexts(signature)).some((name) => (secret(name) ?? '') === '');
    return { ok: false, reason: missing ? 'SECRET_MISSING' : 'SECRET_MALFORMED' };
  }
  const timestamp = Math.floor(now() / 1000);
  const live = secrets(secretName(signature.standard) ?? '');
  const value = signatureOf(request.key, timestamp, request.body, live);
  if (value === undefined)
    return { ok: false, reason: live.length === 0 ? 'SECRET_MISSING' : 'SECRET_MALFORMED' };
  return { ok: true, headers: { 'webhook-timestamp': String(timestamp), 'webhook-signature': value } };
}
