// Names of accounts, for who reads the log: it holds `account:12` and no name (C58).
// Invariant: reads only; an account without a name any more is shown by its id.
import { inList, type ReadOnlySql } from './database.ts';

/** Logins by actor as the log writes it. */
export async function accountNames(
  sql: ReadOnlySql,
  actors: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(actors)].flatMap((actor) => {
    const id = /^account:(\d{1,10})$/.exec(actor)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
  if (ids.length === 0) return new Map();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: number; login: string }>(
    `SELECT id, login FROM accounts WHERE id IN (${marks})`,
    values,
  );
  return new Map(rows.map(({ id, login }) => [`account:${id}`, login]));
}

/** What the log writes for somebody whose login this is; undefined where no account has it. */
export async function accountActorOf(sql: ReadOnlySql, login: string): Promise<string | undefined> {
  const [row] = await sql.all<{ id: number }>(
    'SELECT id FROM accounts WHERE login = ? AND ended_at IS NULL',
    [login.toLowerCase()],
  );
  return row === undefined ? undefined : `account:${row.id}`;
}
