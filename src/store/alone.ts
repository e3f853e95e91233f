// Work that one process of the installation does at a time: a lock of the database's, which ends with the connection that holds it.
// Invariant: two are never at it together.
import { SqlFailure, type Database, type Sql } from './database.ts';

const lockOf = (database: Pick<Database, 'name'>, name: string): string =>
  `relais-${name}-${database.name}`.slice(0, 64);

/** Whoever comes second does nothing, and waits for nobody. Undefined: another process is at it. */
export async function alone<Result>(
  database: Database,
  name: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const lock = lockOf(database, name);
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

const turnSeconds = 20;

/**
 * For a look, and an insert that it allows: locking reads find nothing to lock where no row is yet. Whoever comes next waits, and its
 * locking read then waits for the commit of the row inserted here.
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
