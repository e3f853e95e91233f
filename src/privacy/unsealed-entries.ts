// Finds entries that are neither sealed nor queued, while the verification walks the seals in order.
// Invariant: memory is a few pages of marks, a byte for each id, and the waiting entries, however long the log is: a page is compared with
// the table and dropped once the seals have moved on.
import { unsealedAmong } from '../store/handovers-unsealed.ts';
import { entryIdsBetween, nextEntryId } from '../store/seals.ts';
import type { Sql } from '../store/database.ts';

/** Ids of a page. */
const pageSize = 65_536;
/** Pages behind the newest sealed id that may still be added to: late commits are seconds late, not half a million ids. */
const pagesKept = 8;

export interface StrayWatch {
  /** The ids a seal covers. */
  readonly sealed: (ids: readonly number[]) => Promise<void>;
  /** Compares the remaining pages, up to the newest id at the beginning. */
  readonly finish: () => Promise<void>;
  /** Ids of the table that no seal named so far. */
  readonly unknown: () => ReadonlySet<number>;
}

export function watchStrays(sql: Sql, newest: number): StrayWatch {
  /** By page, a mark for each id that a seal covers. */
  const pages = new Map<number, Uint8Array>();
  const unknown = new Set<number>();
  /** First page not compared yet. */
  let next = 0;
  let highest = 0;

  const compareUpTo = async (end: number): Promise<void> => {
    while (next < end) {
      const from = next * pageSize;
      if (!pages.has(next)) {
        // No seal covers this page: jump to the next id that exists in the table.
        const id = await nextEntryId(sql, from, Math.min(newest, end * pageSize - 1));
        const page = id === undefined ? end : Math.floor(id / pageSize);
        const sealedPage = Math.min(...[...pages.keys()].filter((page) => page >= next), end);
        if (page > next) {
          next = Math.min(page, sealedPage);
          continue;
        }
      }
      const marks = pages.get(next);
      for (const id of await entryIdsBetween(sql, from, Math.min(newest, from + pageSize - 1)))
        if (marks?.[id % pageSize] !== 1) unknown.add(id);
      pages.delete(next);
      next += 1;
    }
  };

  return {
    sealed: async (ids) => {
      for (const id of ids) {
        const page = Math.floor(id / pageSize);
        if (page < next) {
          unknown.delete(id);
          continue;
        }
        const marks = pages.get(page) ?? new Uint8Array(pageSize);
        marks[id % pageSize] = 1;
        pages.set(page, marks);
        highest = Math.max(highest, page);
      }
      await compareUpTo(highest - pagesKept);
    },
    finish: () => compareUpTo(Math.floor(newest / pageSize) + 1),
    unknown: () => unknown,
  };
}

/** Those of the ids that do not wait for a seal now. */
export async function notWaiting(sql: Sql, ids: Iterable<number>): Promise<readonly number[]> {
  const left: number[] = [];
  const all = [...ids];
  for (let start = 0; start < all.length; start += 1_000) {
    const part = all.slice(start, start + 1_000);
    const waiting = await unsealedAmong(sql, part);
    left.push(...part.filter((id) => !waiting.has(id)));
  }
  return left;
}
