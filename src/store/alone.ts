// Runs work that only one process of the installation may do at a time, under a lock of the database.
// Invariant: never two at once; the lock ends with the connection that took it.
import { SqlFailure, type Database, type Sql } from './database.ts';

const lockOf = (database: Pick<Database, 'name'>, name: string): string =>
  `relais-${name}-${database.name}`.slice(0, 64);

/** Does not wait: returns undefined when another process runs this work. */
export async function alone<Result>(
  database: Database,
  name: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const lock = lockOf(database, name);
  // The transaction writes nothing: it keeps the connection that took the lock.
  return database.transaction(async (sql) => {
    const [locked] = await sql.all<{ got: number | null }>('SELECT GET_LOCK(?, 0) AS got', [lock]);
    if (locked?.got !== 1) return undefined;
    // The lock ends with its connection, which is lost when it is silent for as long as work may take.
    const heard = setInterval(() => void sql.all('SELECT 1').catch(() => []), database.silenceMs / 3);
    try {
      return await work();
    } finally {
      clearInterval(heard);
      await sql.all('SELECT RELEASE_LOCK(?)', [lock]);
    }
  });
}

const turnSeconds = 20;

/**
 * For a read and the insert that depends on it: locking reads lock nothing where there is no row yet. The next caller waits, and
 * its locking read then waits for the commit of the row inserted here.
 * @throws SqlFailure 1205 when its turn does not come
 */
export async function inTurn<Result>(
  tx: Sql,
  database: Pick<Database, 'name'>,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = lockOf(database, name);
  const [locked] = await tx.all<{ got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [lock, turnSeconds]);
  if (locked?.got !== 1) throw new SqlFailure(1205, 'ER_LOCK_WAIT_TIMEOUT');
  try {
    return await work();
  } finally {
    await tx.all('SELECT RELEASE_LOCK(?)', [lock]);
  }
}
