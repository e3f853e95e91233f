// The database and secrets of the access zone.
// Invariant: tokens are kept as digests; a second factor's secret is sealed, for its account alone.
import { createHash, randomBytes } from 'node:crypto';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Database } from '../store/database.ts';

export interface AccessPlace {
  readonly database: Database;
  /** Seals the secrets of second factors. */
  readonly factorKey: Buffer;
  /** Key of the digests of logins and addresses of sign-in tries. */
  readonly tryKey: Buffer;
  /** Accounts that may sign in by password; all when absent. */
  readonly passwords?: 'all' | 'admins';
}

/** 256 random bits: a plain SHA-256 of them reveals nothing. */
export const newToken = (): string => randomBytes(32).toString('base64url');
export const tokenDigest = (token: string): Buffer => createHash('sha256').update(token).digest();

const factorKeyOf = ({ factorKey }: AccessPlace, accountId: number): Buffer =>
  derived(factorKey, `account:${accountId}`);

export const sealFactor = (place: AccessPlace, accountId: number, secret: Buffer): Buffer =>
  sealBytes(factorKeyOf(place, accountId), secret);

/** Undefined where our key does not open it: the person sets up a new one after `relais account reset`. */
export const openFactor = (place: AccessPlace, accountId: number, sealed: Buffer): Buffer | undefined =>
  openBytes(factorKeyOf(place, accountId), sealed);
