// Digests of what a departure cites: authorisation, mapping version, consents, so that one altered later is named.
// Invariant: contract facts are digested openly, a person's consents only under the lead's own secret.
import { createHash, createHmac } from 'node:crypto';
import type { Authorisation } from './destination.ts';
import { keyOf } from './keyed.ts';
import type { ConsentRecord } from './lead.ts';

/** In an entry: `a:<digest> m:<digest> c:<count>.<digest>`, base64url; what is not known is left out. */
export interface Cited {
  readonly authorisation?: string;
  readonly mapping?: string;
  readonly consents?: string;
}

const letters = { authorisation: 'a', mapping: 'm', consents: 'c' } as const;
const names = Object.keys(letters) as (keyof Cited)[];

export const citedText = (cited: Cited): string =>
  names.flatMap((name) => (cited[name] === undefined ? [] : [`${letters[name]}:${cited[name]}`])).join(' ');

export function parseCited(text: string): Cited {
  const parts = text.split(' ');
  return Object.fromEntries(
    names.flatMap((name) => {
      const part = parts.find((one) => one.startsWith(`${letters[name]}:`));
      return part === undefined ? [] : [[name, part.slice(2)]];
    }),
  );
}

const sha256 = (values: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('base64url');

/** Without its revocation, which comes later and is an entry of its own. */
export const authorisationDigest = (one: Authorisation): string =>
  sha256([
    ...[one.id, one.clientId, one.destinationId, one.recipient, one.targets, one.categories],
    ...[one.documentRef, one.validFrom.toISOString(), one.validUntil?.toISOString() ?? null],
  ]);

export const mappingDigest = (one: {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly version: number;
  readonly sources: string;
}): string => sha256([one.id, one.clientId, one.destinationId, one.version, one.sources]);

/**
 * HMAC under the lead's secret itself (an HKDF would cost each delivery ten times as much) over its consent events, in the order of their texts, with their count: events that came later stand behind
 * them by id and are left out when it is checked. Erasing the lead destroys its secret, and the digest says nothing any more.
 */
export function consentsDigest(leadSecret: Buffer, consents: readonly ConsentRecord[]): string {
  const texts = consents.map(consentText).sort();
  const mac = createHmac('sha256', keyOf(leadSecret)).update('consents\0').update(JSON.stringify(texts));
  return `${consents.length}.${mac.digest('base64url')}`;
}

const consentText = (one: ConsentRecord): string =>
  JSON.stringify([
    ...[one.purpose, one.channel, one.state, one.recordedAt.toISOString(), one.wordingVersion ?? null],
    ...[one.legalEntity ?? null, one.validUntil?.toISOString() ?? null, one.source ?? null],
    one.receipt ?? null,
  ]);
