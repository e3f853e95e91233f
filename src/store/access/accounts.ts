// Stores the accounts of the people who work with Relais: recovery codes, saved filters, names, the log's entries about them.
// Invariant: a login is lower case and unique, ended accounts included, so that it never means another person.
import {
  firstRow,
  isDuplicateKey,
  type Sql,
  type ReadOnlySql,
  columnOf,
  changesOne,
  insertedId,
  mapOf,
} from '../database.ts';

export interface AccountRow {
  readonly id: number;
  readonly login: string;
  readonly clientId: string | null;
  /** Comma between. */
  readonly roles: string;
  /** PHC string; empty: none yet. */
  readonly password: string;
  readonly factorSealed: Buffer | null;
  readonly factorStep: number;
  readonly createdAt: Date;
  readonly signedInAt: Date | null;
  readonly endedAt: Date | null;
}

const columns = `id, login, client_id AS clientId, roles, password, factor_sealed AS factorSealed,
  factor_step AS factorStep, created_at AS createdAt, signed_in_at AS signedInAt, ended_at AS endedAt`;

export const listAccounts = (sql: Sql, lock = false): Promise<readonly AccountRow[]> =>
  sql.all<AccountRow>(`SELECT ${columns} FROM accounts ORDER BY login${lock ? ' FOR UPDATE' : ''}`);

export const accountOf = (sql: Sql, login: string, lock = false): Promise<AccountRow | undefined> =>
  firstRow<AccountRow>(sql, `SELECT ${columns} FROM accounts WHERE login = ?${lock ? ' FOR UPDATE' : ''}`, [
    login,
  ]);

export const accountById = (sql: Sql, id: number, lock = false): Promise<AccountRow | undefined> =>
  firstRow<AccountRow>(sql, `SELECT ${columns} FROM accounts WHERE id = ?${lock ? ' FOR UPDATE' : ''}`, [id]);

/** Undefined when the login is taken. */
export async function addAccount(
  tx: Sql,
  account: { readonly login: string; readonly clientId: string | undefined; readonly roles: string },
): Promise<number | undefined> {
  try {
    return await insertedId(tx, 'INSERT INTO accounts (login, client_id, roles) VALUES (?, ?, ?)', [
      account.login,
      account.clientId ?? null,
      account.roles,
    ]);
  } catch (error) {
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

export async function setRoles(tx: Sql, id: number, roles: string): Promise<void> {
  await tx.run('UPDATE accounts SET roles = ? WHERE id = ?', [roles, id]);
}

/** Ends an account for good: the row stays, so that the ids in the log keep their meaning. */
export async function endAccount(tx: Sql, id: number): Promise<void> {
  await tx.run(
    `UPDATE accounts SET ended_at = UTC_TIMESTAMP(3), password = '', setup_digest = NULL, setup_until = NULL,
            factor_sealed = NULL WHERE id = ? AND ended_at IS NULL`,
    [id],
  );
  await tx.run('DELETE FROM recovery_codes WHERE account_id = ?', [id]);
  await tx.run('DELETE FROM saved_views WHERE account_id = ?', [id]);
  await tx.run('DELETE FROM account_identities WHERE account_id = ?', [id]);
}

/** Sets the code by which the person sets a password; an earlier code becomes void. */
export async function setSetupCode(tx: Sql, id: number, digest: Buffer, lifeMs: number): Promise<void> {
  await tx.run(
    'UPDATE accounts SET setup_digest = ?, setup_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE id = ?',
    [digest, lifeMs, id],
  );
}

export const accountOfSetupCode = (tx: Sql, digest: Buffer): Promise<AccountRow | undefined> =>
  firstRow<AccountRow>(
    tx,
    `SELECT ${columns} FROM accounts
      WHERE setup_digest = ? AND setup_until > UTC_TIMESTAMP(3) AND ended_at IS NULL FOR UPDATE`,
    [digest],
  );

/** Sets a password and voids the setup code. */
export async function setPassword(tx: Sql, id: number, password: string): Promise<void> {
  await tx.run(
    'UPDATE accounts SET password = ?, password_at = UTC_TIMESTAMP(3), setup_digest = NULL, setup_until = NULL WHERE id = ?',
    [password, id],
  );
}

/** Stores the same password under today's parameters, unless it was changed meanwhile. */
export async function rehash(sql: Sql, id: number, earlier: string, password: string): Promise<void> {
  await sql.run('UPDATE accounts SET password = ? WHERE id = ? AND password = ?', [password, id, earlier]);
}

export async function noteSignIn(tx: Sql, id: number): Promise<void> {
  await tx.run('UPDATE accounts SET signed_in_at = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
}

/** `sealed` undefined removes the second factor. */
export async function setFactor(
  tx: Sql,
  id: number,
  sealed: Buffer | undefined,
  step: number,
): Promise<void> {
  await tx.run(
    'UPDATE accounts SET factor_sealed = ?, factor_step = ?, factor_at = UTC_TIMESTAMP(3) WHERE id = ?',
    [sealed ?? null, step, id],
  );
}

/** False when the step was used meanwhile: one code opens one sign-in. */
export const takeStep = (tx: Sql, id: number, step: number): Promise<boolean> =>
  changesOne(tx, 'UPDATE accounts SET factor_step = ? WHERE id = ? AND factor_step < ?', [step, id, step]);

export async function replaceRecoveryCodes(
  tx: Sql,
  accountId: number,
  digests: readonly Buffer[],
): Promise<void> {
  await tx.run('DELETE FROM recovery_codes WHERE account_id = ?', [accountId]);
  for (const digest of digests)
    await tx.run('INSERT INTO recovery_codes (account_id, digest) VALUES (?, ?)', [accountId, digest]);
}

/** False when there is no such code: each opens one sign-in. */
export const useRecoveryCode = (tx: Sql, accountId: number, digest: Buffer): Promise<boolean> =>
  changesOne(tx, 'DELETE FROM recovery_codes WHERE account_id = ? AND digest = ?', [accountId, digest]);

/** Accounts of a client's own people that have not ended, locked. */
export const accountsOfClient = (tx: Sql, clientId: string): Promise<readonly number[]> =>
  columnOf(tx, 'SELECT id FROM accounts WHERE client_id = ? AND ended_at IS NULL ORDER BY id FOR UPDATE', [
    clientId,
  ]);

// Looks up the names behind the actors of the log, which holds `account:12`, `staff:7` or `key:3` and no name (C58).
// Invariant: a name is stored here only; a forgotten name leaves its number, which is never given to another person.

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
    const rows = await sql.all<{ id: number; name: string | null }>(
      `SELECT id, ${column} AS name FROM ${table} WHERE id IN (?)`,
      [ids],
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
export const allNames = (sql: ReadOnlySql): Promise<ReadonlyMap<string, string>> =>
  mapOf<string, string>(
    sql,
    `SELECT CONCAT('account:', id) AS actor, login AS name FROM accounts
     UNION ALL SELECT CONCAT('staff:', id), name FROM staff_names WHERE name IS NOT NULL
     UNION ALL SELECT CONCAT('key:', id), CONCAT(name, ' (API)') FROM api_keys`,
  );

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

// Stores the filters that an account saves under names of its own (table saved_views).
// Invariant: only the owner reads, writes and deletes them; none outlives its account.

export interface SavedView {
  readonly id: number;
  readonly list: string;
  readonly name: string;
  /** As in the address of the list, without `?`. */
  readonly query: string;
}

export const viewsOf = (sql: ReadOnlySql, accountId: number): Promise<readonly SavedView[]> =>
  sql.all<SavedView>('SELECT id, list, name, query FROM saved_views WHERE account_id = ? ORDER BY name, id', [
    accountId,
  ]);

/** Replaces the view of that name when there is one. */
export async function putView(tx: Sql, accountId: number, view: Omit<SavedView, 'id'>): Promise<void> {
  await tx.run(
    `INSERT INTO saved_views (account_id, list, name, query) VALUES (?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE query = VALUES(query)`,
    [accountId, view.list, view.name, view.query],
  );
}

/** False when the account has no such view. */
export const dropView = (sql: Sql, accountId: number, id: number): Promise<boolean> =>
  changesOne(sql, 'DELETE FROM saved_views WHERE id = ? AND account_id = ?', [id, accountId]);

// Reads the log's entries about accounts, sessions and API keys, newest first.
// Invariant: reads only, along the entries without a lead and a delivery, a bounded number of them at a time.

export interface AccessEntry {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly actor: string;
  /** The account or key that was changed; empty: none. */
  readonly target: string;
  readonly reason: string;
}

/** Entries scanned for one page: those of an account that does little may be far apart. */
const lookedAt = 20_000;

/** Newest first; `next` is the cursor of the following page, undefined after the last. */
export async function accessEntriesBefore(
  sql: ReadOnlySql,
  {
    actor,
    limit,
    before = Number.MAX_SAFE_INTEGER,
  }: { readonly actor?: string; readonly limit: number; readonly before?: number },
  most = lookedAt,
): Promise<{ readonly items: readonly AccessEntry[]; readonly next: number | undefined }> {
  const [window] = await sql.all<{ low: number | null; n: number }>(
    `SELECT MIN(id) AS low, COUNT(*) AS n FROM (
       SELECT id FROM handovers FORCE INDEX (handovers_subject)
        WHERE lead_id = 0 AND delivery_id = 0 AND id < ? ORDER BY id DESC LIMIT ${Math.trunc(most)}) AS looked`,
    [before],
  );
  const low = window?.low ?? before;
  const rows = await sql.all<AccessEntry>(
    `SELECT id, at, entry, actor, target, reason FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = 0 AND delivery_id = 0 AND id >= ? AND id < ?
        AND entry IN ('signed_in', 'sign_in_refused', 'signed_out', 'account_changed', 'api_key_changed')
        ${actor === undefined ? '' : 'AND (actor = ? OR target = ?)'}
      ORDER BY id DESC LIMIT ${Math.trunc(limit) + 1}`,
    actor === undefined ? [low, before] : [low, before, actor, actor],
  );
  const items = rows.slice(0, limit);
  const isWhole = window === undefined || window.n < most;
  return { items, next: rows.length > limit ? items.at(-1)?.id : isWhole ? undefined : low };
}
