// Work that one process of the installation does at a time: a lock of the database's, which ends with the connection that holds it.
// Invariant: whoever comes second does nothing; nobody waits.
import type { Database } from './database.ts';

/** Undefined: another process is at it. */
export async function alone<Result>(
  database: Database,
  name: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const lock = `relais-${name}-${database.name}`.slice(0, 64);
  // The transaction writes nothing: it keeps the connection that holds the lock.
  return database.transaction(async (sql) => {
    const [locked] = await sql.all<{ got: number | null }>('SELECT GET_LOCK(?, 0) AS got', [lock]);
    if (locked?.got !== 1) return undefined;
    try {
      return await work();
    } finally {
      await sql.all('SELECT RELEASE_LOCK(?)', [lock]);
    }
  });
}
