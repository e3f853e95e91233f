// Computes digests of the records a departure cites (authorisation, mapping version, consents), to detect later changes.
// Invariant: contract facts have an open digest; a person's consents are digested only under the lead's own secret.
import { hash } from 'node:crypto';
import type { Authorisation } from './destination.ts';
import type { ConsentRecord } from './lead.ts';
import { macBase64Url } from './keyed.ts';

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
