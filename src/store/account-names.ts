// Looks up the names behind the actors of the log, which holds `account:12`, `staff:7` or `key:3` and no name (C58).
// Invariant: a name is stored here only; a forgotten name leaves its number, which is never given to another person.
import { inList, type ReadOnlySql, type Sql } from './database.ts';

/** Names by actor as the log writes it. */
export async function accountNames(
  sql: ReadOnlySql,
  actors: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const { prefix, table, column, behind } of kinds) {
    const ids = [...new Set(actors)].flatMap((actor) => {
      const id = actor.startsWith(prefix) ? /^\d{1,10}$/.exec(actor.slice(prefix.length))?.[0] : undefined;
      return id === undefined ? [] : [Number(id)];
    });
    if (ids.length === 0) continue;
    const { marks, values } = inList(ids);
    const rows = await sql.all<{ id: number; name: string | null }>(
      `SELECT id, ${column} AS name FROM ${table} WHERE id IN (${marks})`,
      values,
    );
    for (const { id, name } of rows) if (name !== null) names.set(`${prefix}${id}`, `${name}${behind}`);
  }
  return names;
}

const kinds = [
  { prefix: 'account:', table: 'accounts', column: 'login', behind: '' },
  { prefix: 'staff:', table: 'staff_names', column: 'name', behind: '' },
  // The suffix shows that the actor is a system and not a person.
  { prefix: 'key:', table: 'api_keys', column: 'name', behind: ' (API)' },
] as const;

/** Names of all accounts, staff and keys: a few dozen. */
export async function allNames(sql: ReadOnlySql): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.all<{ actor: string; name: string }>(
    `SELECT CONCAT('account:', id) AS actor, login AS name FROM accounts
     UNION ALL SELECT CONCAT('staff:', id), name FROM staff_names WHERE name IS NOT NULL
     UNION ALL SELECT CONCAT('key:', id), CONCAT(name, ' (API)') FROM api_keys`,
  );
  return new Map(rows.map(({ actor, name }) => [actor, name]));
}

/** The actor that the log writes for a login; undefined when no account has it. */
export async function accountActorOf(sql: ReadOnlySql, login: string): Promise<string | undefined> {
  const [row] = await sql.all<{ id: number }>(
    'SELECT id FROM accounts WHERE login = ? AND ended_at IS NULL',
    [login.toLowerCase()],
  );
  return row === undefined ? undefined : `account:${row.id}`;
}

/** The actor that the log writes for a person without an account: a number of their own, given once. */
export async function staffActorOf(sql: Sql, typed: string): Promise<string> {
  const name = typed.trim().slice(0, 120);
  const [known] = await sql.all<{ id: number; isOld: number }>(
    'SELECT id, last_at < TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3)) AS isOld FROM staff_names WHERE name = ?',
    [name],
  );
  if (known?.isOld === 0) return `staff:${known.id}`;
  // Two commands at once get the same number.
  const { insertId } = await sql.run(
    `INSERT INTO staff_names (name, first_at, last_at) VALUES (?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), last_at = VALUES(last_at)`,
    [name],
  );
  return `staff:${insertId}`;
}

/** Forgets names unused for so many years, and logins of accounts that ended as long ago. Returns the number forgotten. */
export async function forgetNames(sql: Sql, years: number): Promise<number> {
  const staff = await sql.run(
    'UPDATE staff_names SET name = NULL WHERE name IS NOT NULL AND last_at < TIMESTAMPADD(YEAR, ?, UTC_TIMESTAMP(3)) LIMIT 200',
    [-years],
  );
  const accounts = await sql.run(
    `UPDATE accounts SET login = CONCAT('(', id, ')'), password = ''
      WHERE ended_at < TIMESTAMPADD(YEAR, ?, UTC_TIMESTAMP(3)) AND login <> CONCAT('(', id, ')') LIMIT 200`,
    [-years],
  );
  return staff.affected + accounts.affected;
}
