// Counts the tries to sign in, over all processes.
// Invariant: a try is inserted before its password is checked; only keyed digests are stored, since a typed login may be a
// password.
import type { Sql } from './database.ts';

export interface Try {
  readonly login: Buffer;
  readonly address: Buffer;
}

interface Window {
  readonly withinMs: number;
}

export interface CountedTries {
  readonly count: number;
  /** Age of the oldest one in the window, in ms. */
  readonly oldestMs: number;
}

export async function noteTry(sql: Sql, { login, address }: Try): Promise<number> {
  const { insertId } = await sql.run(
    'INSERT INTO sign_in_tries (login_digest, address_digest, tried_at) VALUES (?, ?, UTC_TIMESTAMP(3))',
    [login, address],
  );
  return insertId;
}

/** Deletes a try whose password was not checked. */
export async function dropTry(sql: Sql, id: number): Promise<void> {
  await sql.run('DELETE FROM sign_in_tries WHERE id = ?', [id]);
}

export async function countTries<Name extends string>(
  sql: Sql,
  { login, address }: Try,
  windows: Readonly<Record<Name, Window>>,
): Promise<Readonly<Record<Name, CountedTries>>> {
  const conditions: Readonly<Record<string, readonly [string, readonly Buffer[]]>> = {
    pair: ['login_digest = ? AND address_digest = ?', [login, address]],
    login: ['login_digest = ?', [login]],
    address: ['address_digest = ?', [address]],
  };
  const counted = await Promise.all(
    Object.entries<Window>(windows).map(async ([name, { withinMs }]) => {
      const [where, values] = conditions[name] ?? ['FALSE', []];
      const [row] = await sql.all<{ count: number; oldest: number | null }>(
        `SELECT COUNT(*) AS count, TIMESTAMPDIFF(MICROSECOND, MIN(tried_at), UTC_TIMESTAMP(3)) DIV 1000 AS oldest
           FROM sign_in_tries WHERE ${where} AND tried_at > TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))`,
        [...values, withinMs],
      );
      return [name, { count: Number(row?.count ?? 0), oldestMs: Number(row?.oldest ?? 0) }] as const;
    }),
  );
  return Object.fromEntries(counted) as Record<Name, CountedTries>;
}

/** Deletes the tries of this login and address after a success: neither it nor the mistypes before it count any more. */
export async function forgiveTries(tx: Sql, { login, address }: Try): Promise<void> {
  await tx.run('DELETE FROM sign_in_tries WHERE login_digest = ? AND address_digest = ?', [login, address]);
}

export async function forgetTries(sql: Sql, olderThanMs: number, limit = 1_000): Promise<number> {
  const { affected } = await sql.run(
    `DELETE FROM sign_in_tries WHERE tried_at <= TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3)) LIMIT ${limit}`,
    [olderThanMs],
  );
  return affected;
}
