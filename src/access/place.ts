// What the zone stands on, and what is secret about it.
// Invariant: tokens are kept as digests; a second factor's secret is sealed, for its account alone.
import { createHash, randomBytes } from 'node:crypto';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Database } from '../store/database.ts';

export interface AccessPlace {
  readonly database: Database;
  /** Of the secrets of second factors. */
  readonly factorKey: Buffer;
  /** Of logins and addresses that somebody tried. */
  readonly tryKey: Buffer;
  /** Whose passwords are heard; everybody's when absent. */
  readonly passwords?: 'all' | 'admins';
}

/** 256 random bits: a plain SHA-256 of them gives nothing away. */
export const newToken = (): string => randomBytes(32).toString('base64url');
export const tokenDigest = (token: string): Buffer => createHash('sha256').update(token).digest();

const factorKeyOf = ({ factorKey }: AccessPlace, accountId: number): Buffer =>
  derived(factorKey, `account:${accountId}`);

export const sealFactor = (place: AccessPlace, accountId: number, secret: Buffer): Buffer =>
  sealBytes(factorKeyOf(place, accountId), secret);

/** Undefined where our key does not open it: the person sets up a new one after `relais account reset`. */
export const openFactor = (place: AccessPlace, accountId: number, sealed: Buffer): Buffer | undefined =>
  openBytes(factorKeyOf(place, accountId), sealed);
