// Two who meet at one lock, for certain: the test holds what they need, waits until each waits for it, and lets go.
import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Sql } from '../../src/store/database.ts';
import { processesTable, waitersTable } from '../support/processes.ts';

/** MariaDB shows the same picture again to whoever looks within 100 ms of the last look. */
const lookAgainMs = 120;

/** Of this database, who waits for a row or for a turn (`inTurn`). */
const waiting = async (owner: Database): Promise<number> =>
  (
    await owner.all(
      `SELECT 1 FROM ${await processesTable(owner)} p LEFT JOIN ${await waitersTable(owner)} t ON t.id = p.ID
        WHERE p.DB = DATABASE() AND (t.id IS NOT NULL OR p.STATE = 'User lock')`,
    )
  ).length;

/**
 * Starts the acts while `hold` holds what they need, each when the one before waits or is over; then lets go.
 * @param owner an account that sees everybody's locks; its transaction holds
 * @param isUndone what `hold` wrote is taken back
 * @returns how each of them ended, in the order they began
 */
export async function crossing<T>(
  owner: Database,
  hold: (tx: Sql) => Promise<unknown>,
  acts: readonly (() => Promise<T>)[],
  isUndone = false,
): Promise<readonly PromiseSettledResult<T>[]> {
  let over = 0;
  const started: Promise<PromiseSettledResult<T>[]>[] = [];
  await owner.transaction(
    async (tx) => {
      await hold(tx);
      for (const act of acts) {
        started.push(
          Promise.allSettled([act()]).finally(() => {
            over += 1;
          }),
        );
        do await pause(lookAgainMs);
        while ((await waiting(owner)) < started.length - over);
      }
    },
    { undoIf: () => isUndone },
  );
  return (await Promise.all(started)).flat();
}

/**
 * The first is held up where it first writes into `table`, with whatever it has read and locked by then; the second begins, and
 * the first goes on once the second waits or is over.
 * @returns how each of them ended
 */
export async function overtaken<T>(
  {
    owner,
    database,
    table,
  }: { readonly owner: Database; readonly database: Database; readonly table: string },
  first: (held: Database) => Promise<T>,
  second: () => Promise<T>,
): Promise<readonly PromiseSettledResult<T>[]> {
  const go = Promise.withResolvers<undefined>();
  let isThere = false;
  let over = 0;
  const settled = async (act: () => Promise<T>): Promise<PromiseSettledResult<T>> => {
    const [ended] = await Promise.allSettled([act()]);
    over += 1;
    return ended;
  };
  const held = heldUpAt(database, table, () => {
    isThere = true;
    return go.promise;
  });
  const before = settled(() => first(held));
  while (!isThere && over === 0) await pause(lookAgainMs);
  const after = settled(second);
  do await pause(lookAgainMs);
  while (over === 0 && (await waiting(owner)) === 0);
  go.resolve(undefined);
  return [await before, await after];
}

/** A database whose transactions wait before their first statement that changes the table. */
const heldUpAt = (database: Database, table: string, hold: () => Promise<unknown>): Database => ({
  ...database,
  transaction: (work, options) =>
    database.transaction(
      (tx) =>
        work({
          ...tx,
          run: async (sql, values) => {
            if (sql.startsWith(`INSERT INTO ${table} `) || sql.startsWith(`UPDATE ${table} `)) await hold();
            return tx.run(sql, values);
          },
        }),
      options,
    ),
});
