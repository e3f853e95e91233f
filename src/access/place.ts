// The database and secrets of the access zone, its actors and entries in the log, and the check that a client is open.
// Invariant: tokens are kept as digests; a second factor's secret is sealed, for its account alone.
import { createHash, randomBytes } from 'node:crypto';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Database, Sql } from '../store/database.ts';
import { accountNames, accessEntriesBefore, type AccessEntry } from '../store/access/accounts.ts';
import { RelaisError, type BothSentences } from '../errors.ts';
import { unknownClient } from '../errors/unknown.ts';
import { lockClients } from '../store/client-locks.ts';

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

// Writes and reads the actor of a log entry: the id of an account or of a key, never a name (C58).

export const accountActor = (id: number): string => `account:${id}`;
export const keyActor = (id: number): string => `key:${id}`;

/** The account that an actor of the log names; undefined for a key, a process or an operator at the terminal. */
export function accountIdOf(actor: string): number | undefined {
  const id = /^account:(\d{1,10})$/.exec(actor)?.[1];
  return id === undefined ? undefined : Number(id);
}

// Lists the log entries about accounts and keys for an administrator: sign-ins, refusals, changes.
// Invariant: reads only; entries have numbers of accounts and keys, with names of people only while these are kept (C58).

export interface AccessEntries {
  readonly items: readonly AccessEntry[];
  readonly names: ReadonlyMap<string, string>;
  /** The entry number to continue behind; undefined at the end. A page may be empty before it. */
  readonly next: number | undefined;
}

/** Newest first. @param asked.accountId only the acts of this account and the changes to it */
export async function accessEntries(
  { database }: Pick<AccessPlace, 'database'>,
  {
    accountId,
    limit,
    before,
  }: { readonly accountId?: number; readonly limit: number; readonly before?: number },
): Promise<AccessEntries> {
  const { items, next } = await accessEntriesBefore(database, {
    limit,
    before,
    ...(accountId === undefined ? {} : { actor: accountActor(accountId) }),
  });
  const actors = items.flatMap(({ actor, target }) => [actor, target]);
  return { items, next, names: await accountNames(database, actors) };
}

// Checks that a client is open before an account or a key is created for it.
// Invariant: a closing client waits for our lock, or we find it closed: no account of an ended contract gets in (C55).

/** @param refused message where the client's contract has ended. @throws FIND-001, ACCESS-001 */
export async function requireOpenClient(tx: Sql, clientId: string, refused: BothSentences): Promise<void> {
  const found = (await lockClients(tx, [clientId], 'shared')).get(clientId);
  if (found === undefined) throw unknownClient(clientId);
  if (found.closed)
    throw new RelaisError('ACCESS-001', [
      `Le contrat de ${clientId} a pris fin : ${refused[0]}.`,
      `The contract of ${clientId} has ended: ${refused[1]}.`,
    ]);
}
