// Dependencies of support's reads and acts, for every face.
import type { Published } from '../delivery/trip/mapping-cache.ts';
import type { Database } from '../store/database.ts';
import type { ReadSide } from '../store/replica.ts';

export interface SupportPlace {
  readonly database: Database;
  /** For lists: a replica where one is configured, else `database`. */
  readonly reading: ReadSide;
  readonly published: Published;
  /** Key of the digests on the opposition lists. */
  readonly oppositionKey: Buffer;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The `after` of the next page; undefined at the end. */
  readonly next: number | undefined;
}

export interface PageAsked {
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: number;
}

export const mostOfAPage = 200;

/** A page from rows that were read one longer than requested. */
export const pageOf = <T>(rows: readonly T[], limit: number, idOf: (row: T) => number): Page<T> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? idOf(last) : undefined };
};
