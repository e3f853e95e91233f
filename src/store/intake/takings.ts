// Marks the items that a process works on, to detect one over which processes crash; a mark is committed before the work and
// deleted after it.
// Invariant: items are marked while their rows are locked; an old mark on a row that another process can lock proves that the marking
// process crashed; a live one, whose connection was lost, deletes its marks soon. A mark costs a commit, so a proven process makes none:
// after a crash its successor meets the same items among its first batches, and marks them then.
import { randomInt } from 'node:crypto';
import { inList, type Database, type Sql } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';

export type TakingKind = 'intake' | 'plan';

/** Crashes of processes during an item. */
export interface Deaths {
  /** Crashes while it was the only item. */
  readonly alone: number;
  /** Those of them whose process would have deleted its mark by now, if it were alive. */
  readonly certain: number;
  /** Items of the smallest batch that it was part of. */
  readonly smallest: number;
}

export interface Takings {
  /** Deletes our own marks that an outage left behind: called before anything is taken. */
  readonly clear: () => Promise<void>;
  /** True once this process makes no marks any more, but for suspects. */
  readonly isProven: () => boolean;
  /** A transaction of `database` with work under marks; those that it deletes are forgotten once it has committed. */
  readonly transaction: <T>(
    database: Pick<Database, 'transaction'>,
    work: (tx: Sql) => Promise<T>,
  ) => Promise<T>;
  /**
   * Items that other processes have marked: under work there, or left by a crash. A few thousand at most. Not asked while the last
   * `deathsOf` saw no mark: a new one is then seen by the next `deathsOf`, before its item is worked on.
   */
  readonly named: () => Promise<readonly string[]>;
  /** Crashes by item, for the items that `tx` has locked. @param anyMarks false: as they were locked, there was no mark of anyone */
  readonly deathsOf: (
    tx: Sql,
    items: readonly string[],
    anyMarks?: boolean,
  ) => Promise<ReadonlyMap<string, Deaths>>;
  /**
   * Works on items under a committed mark; `also` marks further items that the work takes. A proven process marks suspects only.
   */
  readonly under: <T>(
    tx: Sql,
    items: readonly string[],
    work: (also: (more: readonly string[]) => Promise<void>) => Promise<T>,
    suspicion?: 'suspect',
  ) => Promise<T>;
}

/** Two crashes alone are proof: neither a neighbour nor a coincidence of the machine explains them. */
const deathsAloneAtMost = 2;
const certainAfterSeconds = 20;

/** How an item is treated when it is worked on alone: `wait` until it is certain that the processes have crashed. */
export const verdictOn = (
  deaths: Pick<Deaths, 'alone' | 'certain'> | undefined,
): 'work' | 'wait' | 'set_aside' =>
  deaths === undefined || deaths.alone < deathsAloneAtMost
    ? 'work'
    : deaths.certain < deathsAloneAtMost
      ? 'wait'
      : 'set_aside';

/** Parts into which a batch is divided after a process has crashed during it. */
const parts = 10;

/**
 * Divides suspects into tenths of the smallest batch that a process crashed during: sound items pass together, and the next crash
 * suspects a tenth as many. Parts of the largest batches come first.
 * @param deathsOf an item without any, which is no suspect any more, is a part of its own
 */
export function suspectParts<Item>(
  items: readonly Item[],
  deathsOf: (item: Item) => Pick<Deaths, 'smallest'> | undefined,
): readonly (readonly Item[])[] {
  const bySize = Map.groupBy(items, (item) => Math.ceil((deathsOf(item)?.smallest ?? 1) / parts));
  return [...bySize]
    .toSorted(([a], [b]) => b - a)
    .flatMap(([size, suspects]) =>
      Array.from({ length: Math.ceil(suspects.length / size) }, (_, part) =>
        suspects.slice(part * size, (part + 1) * size),
      ),
    );
}

/** Batches after which a process is proven: the items of a crash are among the first batches of its successor. */
export const provenAfter = 100;

/** More marks than the batches of a crash or two have. */
const namedAtMost = 2_000;

/** @param marks commits by itself, on a connection without a transaction: a mark must not wait for one */
export function createTakings(marks: Sql, kind: TakingKind, proven = provenAfter): Takings {
  /** Marks of ours that may still exist. */
  const mine = new Set<number>();
  /** Those that a transaction deletes. */
  const deletedBy = new WeakMap<Sql, readonly number[]>();
  let batches = 0;
  let sawMarks = true;
  const marksOfOthers = async (sql: Sql): ReturnType<typeof takingsOf> => {
    const others = (await takingsOf(sql, kind)).filter(({ id }) => !mine.has(id));
    sawMarks = others.length > 0;
    return others;
  };

  return {
    clear: async () => {
      if (mine.size === 0) return;
      await dropTakings(marks, [...mine]);
      mine.clear();
    },
    isProven: () => batches >= proven,
    transaction: async (database, work) => {
      const { tx, result } = await database.transaction(async (tx) => ({ tx, result: await work(tx) }));
      for (const id of deletedBy.get(tx) ?? []) mine.delete(id);
      return result;
    },
    named: async () => (sawMarks ? namedBy(await marksOfOthers(marks)) : []),
    deathsOf: async (tx, items, anyMarks = true) => {
      if (anyMarks) return deathsIn(await marksOfOthers(tx), new Set(items));
      sawMarks = false;
      return new Map();
    },
    under: async (tx, items, work, suspicion) => {
      if (batches >= proven && suspicion === undefined) return work(async () => undefined);
      const now: number[] = [];
      const mark = async (items: readonly string[]): Promise<void> => {
        // Known before it is sent: the answer may be lost.
        const id = randomInt(1, 2 ** 48 - 1);
        now.push(id);
        mine.add(id);
        await insertTaking(marks, { id, kind, items });
      };
      try {
        await mark(items);
        const result = await work(mark);
        await dropTakings(tx, now);
        deletedBy.set(tx, now);
        batches += 1;
        return result;
      } catch (error) {
        // Before the transaction releases its rows, so that no process mistakes our failure for a crash.
        await dropTakings(marks, now).then(
          () => now.forEach((id) => mine.delete(id)),
          () => undefined,
        );
        throw error;
      }
    },
  };
}

function deathsIn(
  takings: readonly Pick<Taking, 'items' | 'isOld'>[],
  asked: ReadonlySet<string>,
): ReadonlyMap<string, Deaths> {
  const deaths = new Map<string, Deaths>();
  for (const { items: batch, isOld } of takings) {
    for (const item of batch) {
      if (!asked.has(item)) continue;
      const { alone, certain, smallest } = deaths.get(item) ?? {
        alone: 0,
        certain: 0,
        smallest: batch.length,
      };
      const more = batch.length === 1 ? 1 : 0;
      deaths.set(item, {
        alone: alone + more,
        certain: certain + (isOld ? more : 0),
        smallest: Math.min(smallest, batch.length),
      });
    }
  }
  return deaths;
}

function namedBy(takings: readonly { readonly items: readonly string[] }[]): readonly string[] {
  const items = new Set<string>();
  for (const taking of takings)
    if (items.size < namedAtMost) for (const item of taking.items) items.add(item);
  return [...items];
}

async function insertTaking(
  sql: Sql,
  { id, kind, items }: { readonly id: number; readonly kind: TakingKind; readonly items: readonly string[] },
): Promise<void> {
  await sql.run('INSERT INTO takings (id, work, items) VALUES (?, ?, ?)', [id, kind, items.join(',')]);
}

async function dropTakings(sql: Sql, ids: readonly number[]): Promise<void> {
  await deleteNamed(sql, { table: 'takings', column: 'id', index: 'PRIMARY' }, ids);
}

/** 1 where any item of this kind is marked, else NULL: a part of a SELECT. */
export const anyTaking = (kind: TakingKind): string =>
  `(SELECT 1 FROM takings WHERE work = '${kind}' LIMIT 1)`;

interface Taking {
  readonly id: number;
  readonly items: readonly string[];
  readonly isOld: boolean;
}

async function takingsOf(sql: Sql, kind: TakingKind): Promise<readonly Taking[]> {
  const rows = await sql.all<{ id: number; items: string; old: number }>(
    `SELECT id, items, taken_at < TIMESTAMPADD(SECOND, -${certainAfterSeconds}, UTC_TIMESTAMP(3)) AS old
       FROM takings WHERE work = ?`,
    [kind],
  );
  return rows.map(({ id, items, old }) => ({ id, items: items.split(','), isOld: old === 1 }));
}

/** Deletes the marks of an item, so that it is processed like any other. */
export async function forgetDeaths(tx: Sql, kind: TakingKind, item: string): Promise<void> {
  await tx.run('DELETE FROM takings WHERE work = ? AND FIND_IN_SET(?, items) > 0', [kind, item]);
}

/** Deletes marks without an existing item, and all marks older than a day. */
export async function tidyTakings(sql: Sql): Promise<void> {
  await sql.run('DELETE FROM takings WHERE taken_at < TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3))');
  const stillThere: Readonly<Record<TakingKind, string>> = {
    intake: "SELECT 1 FROM lead_intake WHERE status = 'new' AND id IN",
    plan: 'SELECT 1 FROM lead_changes WHERE id IN',
  };
  for (const kind of ['intake', 'plan'] as const) {
    for (const { id, items } of await oldTakings(sql, kind)) {
      const { marks, values } = inList(items);
      const list = marks.replaceAll('?', 'CAST(? AS UNSIGNED)');
      if ((await sql.all(`${stillThere[kind]} (${list}) LIMIT 1`, values)).length === 0)
        await dropTakings(sql, [id]);
    }
  }
}

async function oldTakings(sql: Sql, kind: TakingKind): Promise<readonly Omit<Taking, 'isOld'>[]> {
  const rows = await sql.all<{ id: number; items: string }>(
    `SELECT id, items FROM takings WHERE work = ? AND taken_at < TIMESTAMPADD(MINUTE, -1, UTC_TIMESTAMP(3)) LIMIT 100`,
    [kind],
  );
  return rows.map(({ id, items }) => ({ id, items: items.split(',') }));
}
