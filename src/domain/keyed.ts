// Computes keyed digests and seals content under a lead's own secret. Pure computation over node:crypto.
// Invariant: a bare hash of personal data never exists; without the secret digest and content are meaningless.
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  randomBytes,
  createHash,
  hash,
  type KeyObject,
} from 'node:crypto';
import type { Authorisation } from './destination.ts';
import type { ConsentRecord } from './lead.ts';

// Computes HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) over node:crypto's one-call hash, which is faster: its Hmac, key
// objects and `hkdfSync` take 21 µs for a delivery's digests and signatures, this takes 6 and leaves no garbage in the engine.
// Invariant: the result equals node:crypto's for the same key and data; a unit test compares them.

const blockBytes = 64;
const digestBytes = 32;
/** Shorter data is hashed in place. Longer texts and files go through a `Hash`: for them the hashing dominates. */
const scratchBytes = 16_384;

/** The start of both hashes of an HMAC for a key: worth preparing for a key that is used again. */
export interface PreparedKey {
  readonly innerPad: Uint8Array;
  readonly outerPad: Uint8Array;
}

type MacKey = Uint8Array | PreparedKey;

/** HMAC-SHA-256, 32 bytes. */
export const mac = (key: MacKey, data: string | Uint8Array): Buffer =>
  Buffer.from(macText(key, data, 'binary'), 'binary');

/** The same as text. */
export const macBase64Url = (key: MacKey, data: string | Uint8Array): string =>
  macText(key, data, 'base64url');

/** HKDF-SHA-256 without salt, 32 bytes: one block, the first. */
export const expanded = (secret: Uint8Array, purpose: string): Buffer =>
  mac(mac(noSalt, secret), `${purpose}\u0001`);

// Input of the inner and the outer hash: filled and read within one call.
const inner = Buffer.alloc(blockBytes + scratchBytes);
const outer = Buffer.alloc(blockBytes + digestBytes);

export function preparedKey(key: Uint8Array): PreparedKey {
  pad(key);
  return {
    innerPad: Buffer.from(inner.subarray(0, blockBytes)),
    outerPad: Buffer.from(outer.subarray(0, blockBytes)),
  };
}

const noSalt = preparedKey(Buffer.alloc(0));

function pad(key: Uint8Array): void {
  inner.fill(0x36, 0, blockBytes);
  outer.fill(0x5c, 0, blockBytes);
  const short = key.length > blockBytes ? hash('sha256', key, 'buffer') : key;
  for (let index = 0; index < short.length; index += 1) {
    const byte = short[index] ?? 0;
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
}

function macText(key: MacKey, data: string | Uint8Array, encoding: 'binary' | 'base64url'): string {
  if (key instanceof Uint8Array) pad(key);
  else {
    inner.set(key.innerPad);
    outer.set(key.outerPad);
  }
  outer.write(innerHash(data), blockBytes, 'binary');
  return hash('sha256', outer, encoding);
}

/** Hash of the pad and the data. */
function innerHash(data: string | Uint8Array): string {
  const most = typeof data === 'string' ? data.length * 3 : data.length;
  if (most > scratchBytes)
    return createHash('sha256').update(inner.subarray(0, blockBytes)).update(data).digest('binary');
  let end = blockBytes + data.length;
  if (typeof data === 'string') end = blockBytes + inner.write(data, blockBytes, 'utf8');
  else inner.set(data, blockBytes);
  return hash('sha256', inner.subarray(0, end), 'binary');
}

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

// Computes digests of the records a departure cites (authorisation, mapping version, consents), to detect later changes.
// Invariant: contract facts have an open digest; a person's consents are digested only under the lead's own secret.

/** In an entry: `a:<digest> m:<digest> c:<count>.<digest>`, base64url; unknown parts are left out. */
export interface Cited {
  readonly authorisation?: string;
  readonly mapping?: string;
  readonly consents?: string;
}

const letters = { authorisation: 'a', mapping: 'm', consents: 'c' } as const;
const names = Object.keys(letters) as (keyof Cited)[];

export function citedText(cited: Cited): string {
  const parts: string[] = [];
  for (const name of names) if (cited[name] !== undefined) parts.push(`${letters[name]}:${cited[name]}`);
  return parts.join(' ');
}

export function parseCited(text: string): Cited {
  const parts = text.split(' ');
  return Object.fromEntries(
    names.flatMap((name) => {
      const part = parts.find((part) => part.startsWith(`${letters[name]}:`));
      return part === undefined ? [] : [[name, part.slice(2)]];
    }),
  );
}

const sha256 = (values: readonly unknown[]): string => hash('sha256', JSON.stringify(values), 'base64url');

/** Without the revocation, which comes later and is an entry of its own. */
export const authorisationDigest = (authorisation: Authorisation): string =>
  sha256([
    authorisation.id,
    authorisation.clientId,
    authorisation.destinationId,
    authorisation.recipient,
    authorisation.targets,
    authorisation.categories,
    authorisation.documentRef,
    authorisation.validFrom.toISOString(),
    authorisation.validUntil?.toISOString() ?? null,
  ]);

export const mappingDigest = (version: {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly version: number;
  readonly sources: string;
}): string => sha256([version.id, version.clientId, version.destinationId, version.version, version.sources]);

/**
 * HMAC under the lead's secret over its consent events, sorted by their texts, with their count: the check leaves out later events
 * by id. Erasing the lead destroys its secret, and the digest reveals nothing any more.
 */
export function consentsDigest(leadSecret: Uint8Array, consents: readonly ConsentRecord[]): string {
  const texts = consents.map(consentText).sort();
  return `${consents.length}.${macBase64Url(leadSecret, `consents\0${JSON.stringify(texts)}`)}`;
}

const consentText = (consent: ConsentRecord): string =>
  JSON.stringify([
    consent.purpose,
    consent.channel,
    consent.state,
    consent.recordedAt.toISOString(),
    consent.wordingVersion ?? null,
    consent.legalEntity ?? null,
    consent.validUntil?.toISOString() ?? null,
    consent.source ?? null,
    consent.receipt ?? null,
  ]);
