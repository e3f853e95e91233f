// How many rows a piece of work reads, by the database's own count: what must not grow with a backlog is held by it.
import type { Database, Sql } from '../../src/store/database.ts';

/** Runs in a transaction; returns what it answers, and how many rows or index entries it read. */
export async function readsOf<Result>(
  database: Database,
  work: (tx: Sql) => Promise<Result>,
): Promise<readonly [result: Result, reads: number]> {
  return database.transaction(async (tx) => {
    const readsSoFar = async (): Promise<number> =>
      (await tx.all<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler_read%'")).reduce(
        (sum, row) => sum + Number(row.Value),
        0,
      );
    const before = await readsSoFar();
    const result = await work(tx);
    return [result, (await readsSoFar()) - before] as const;
  });
}
