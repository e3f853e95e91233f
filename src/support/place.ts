// What support's reads and acts stand on, whichever face shows them.
import type { Published } from '../delivery/mapping-cache.ts';
import type { Database } from '../store/database.ts';
import type { ReadSide } from '../store/replica.ts';

export interface SupportPlace {
  readonly database: Database;
  /** For lists: a replica where one is named, else `database`. */
  readonly reading: ReadSide;
  readonly published: Published;
  /** Of the addresses on the opposition lists. */
  readonly oppositionKey: Buffer;
}

/** A part of a list that is read page by page. */
export interface Page<T> {
  readonly items: readonly T[];
  /** To be given for what comes after; undefined at the end. */
  readonly next: number | undefined;
}

export interface PageAsked {
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: number;
}

export const mostOfAPage = 200;

/** A page of rows that were read one longer than asked. */
export const pageOf = <T>(rows: readonly T[], limit: number, idOf: (row: T) => number): Page<T> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? idOf(last) : undefined };
};
