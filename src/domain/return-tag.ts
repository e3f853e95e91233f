// Makes and reads the tag in the return path of a mail: it names the delivery of a bounce, and proves that the mail was ours.
// Invariant: a tag cannot be made without the master key; it is in no header that a reply or a forward copies.
import { timingSafeEqual } from 'node:crypto';
import { derived, mac } from './keyed.ts';
import type { KeyRing } from './key-ring.ts';

/** One attempt of a delivery, in one of its runs. */
interface Tagged {
  readonly deliveryId: number;
  readonly run: number;
  readonly attempt: number;
}

/** Base 32 in lower case: mail servers may change the local part of an address to lower case. */
const letters = 'abcdefghijklmnopqrstuvwxyz234567';
const macBytes = 16;

function proofOf(master: Buffer, { deliveryId, run, attempt }: Tagged, key: string): string {
  const bytes = mac(derived(master, 'return path'), `${deliveryId}:${run}:${attempt}:${key}`).subarray(
    0,
    macBytes,
  );
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((part) => letters[Number.parseInt(part.padEnd(5, '0'), 2)])
    .join('');
}

/** At most 44 characters: `3mj-1-1-` and the proof. @param key the delivery's own */
export const returnTag = (ring: KeyRing, tagged: Tagged, key: string): string =>
  [
    ...[tagged.deliveryId, tagged.run, tagged.attempt].map((number) => number.toString(36)),
    proofOf(ring.current().bytes, tagged, key),
  ].join('-');

export interface FoundTag extends Tagged {
  readonly proof: string;
}

/** Most tags read from a text, each once and not yet verified by `isOurs`: a text of nothing but tags is no bounce. */
const mostTags = 8;

export function tagsIn(text: string): readonly FoundTag[] {
  const found = new Map<string, FoundTag>();
  for (const [whole, id = '', run = '', attempt = '', proof = ''] of text.matchAll(
    /(?<![0-9a-z])([0-9a-z]{1,10})-([0-9a-z]{1,4})-([0-9a-z]{1,6})-([a-z2-7]{26})(?![0-9a-z])/gi,
  )) {
    const deliveryId = Number.parseInt(id, 36);
    if (!Number.isSafeInteger(deliveryId)) continue;
    found.set(whole.toLowerCase(), {
      deliveryId,
      run: Number.parseInt(run, 36),
      attempt: Number.parseInt(attempt, 36),
      proof: proof.toLowerCase(),
    });
    if (found.size === mostTags) break;
  }
  return [...found.values()];
}

/** @param key the delivery's own, from its row */
export const isOurs = (ring: KeyRing, { proof, ...tagged }: FoundTag, key: string): boolean =>
  ring.keys.some(({ bytes }) =>
    timingSafeEqual(Buffer.from(proofOf(bytes, tagged, key)), Buffer.from(proof)),
  );

// Reads the delivery or file that a Message-ID names: the key, and the run that a definite refusal opened. Pure.
// Invariant: recipients see the Message-ID, so it proves nothing: only an authenticated sender is believed about it.

interface NamedMail {
  readonly key: string;
  /** As in `idempotencyKey`: 1 until a definite refusal opened a new run. */
  readonly keyRun: number;
}

/**
 * A file sent by mail: `<client.destination.42.TIME@domain>` (connectors/flow/mail/letter.ts), or the part before the @, which is
 * all that some providers return (connectors/mail/provider-headers.ts).
 */
export function fileNamed(
  messageId: string,
): { readonly clientId: string; readonly destinationId: string; readonly sequence: number } | undefined {
  const [, clientId = '', destinationId = '', sequence = ''] =
    /^<?([A-Za-z0-9_-]{1,60})\.([A-Za-z0-9_-]{1,60})\.([1-9]\d{0,9})\.[0-9a-z]{1,12}(?:@[^\s<>@]{1,253})?>?$/.exec(
      messageId.trim(),
    ) ?? [];
  return sequence === '' ? undefined : { clientId, destinationId, sequence: Number(sequence) };
}

/** `<KEY@domain>` or `<KEY.r2@domain>`, with or without brackets, or the part before the @. */
export function mailNamed(messageId: string): NamedMail | undefined {
  const [, key, run = '1'] =
    /^<?([0-9A-Za-z_-]{8,64}?)(?:\.r([1-9]\d{0,3}))?(?:@[^\s<>@]{1,253})?>?$/.exec(messageId.trim()) ?? [];
  return key === undefined ? undefined : { key, keyRun: Number(run) };
}
