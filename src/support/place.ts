// Dependencies and scope of support's reads and acts, for every face.
import type { EveryClient, Reach } from '../access/permissions.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import { type Database, isStoreTrouble, type ReadOnlySql } from '../store/database.ts';
import type { ReadSide } from '../store/replica.ts';
import type { DeliveryFilter } from '../domain/delivery-filter.ts';
import type { RelaisError } from '../errors.ts';
import { unknownClient, unknownDestination } from '../errors/unknown.ts';
import { findDestination, type Destination } from '../store/destinations/destinations.ts';

export interface SupportPlace {
  readonly database: Database;
  /** For lists: a replica where one is configured, else `database`. */
  readonly reading: ReadSide;
  readonly published: Published;
  /** Key of the digests on the opposition lists. */
  readonly oppositionKey: Buffer;
}

export interface Page<T, Id = number> {
  readonly items: readonly T[];
  /** The `after` of the next page; undefined at the end. */
  readonly next: Id | undefined;
}

export interface PageAsked {
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: number;
}

/** A page from rows that were read one longer than requested. */
export const pageOf = <T, Id>(rows: readonly T[], limit: number, idOf: (row: T) => Id): Page<T, Id> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? idOf(last) : undefined };
};

// Limits reads and acts to the leads of one client, or allows the whole centre's.
// Invariant: another client's are answered as if they did not exist; no read and no act is without a scope.

/** One client, or the whole centre, which only `wholeCentre` and a holder that spans clients are. */
export type Scope = Reach;

/** For reads of the installation itself: no reader of one client has it. */
export type Spanning = EveryClient;

export const spansClients = <S extends Scope>(scope: S): scope is S & Spanning =>
  scope.clientId === undefined;

/** Scope of the operator at the terminal. */
export const wholeCentre = { kind: 'terminal', clientId: undefined, spans: 'clients' } as const;

export const isWithin = ({ clientId }: Scope, of: string): boolean =>
  clientId === undefined || clientId === of;

/** The filter narrowed to the scope. @throws FIND-001 where it names another client */
export function withinScope<F extends Pick<DeliveryFilter, 'client'>>({ clientId }: Scope, filter: F): F {
  if (clientId === undefined) return filter;
  if (filter.client !== undefined && filter.client !== clientId) throw unknownClient(filter.client);
  return { ...filter, client: clientId };
}

/** @throws `unknown`, the same for a missing thing and another client's */
export function existing<T extends { readonly clientId: string }>(
  scope: Scope,
  found: T | undefined,
  unknown: RelaisError,
): T {
  if (found === undefined || !isWithin(scope, found.clientId)) throw unknown;
  return found;
}

/** A destination within the scope. @throws FIND-001 */
export const seenDestination = async (sql: ReadOnlySql, scope: Scope, id: string): Promise<Destination> =>
  existing(scope, await findDestination(sql, id), unknownDestination(id));

// Recognises temporary errors of the database, for messages to people and their advice to retry.

/** It is away, read-only or full, a lock is busy too long, or an account lacks a right: a later try may pass. */
export const isDatabaseTrouble = (error: unknown): boolean => isStoreTrouble(error);
