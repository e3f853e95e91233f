// Stores the accounts of the people who work with Relais, and their recovery codes.
// Invariant: a login is lower case and unique, ended accounts included, so that it never means another person.
import { isDuplicateKey, type Sql } from './database.ts';
import { dropViewsOf } from './saved-views.ts';

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

export async function accountOf(sql: Sql, login: string, lock = false): Promise<AccountRow | undefined> {
  const rows = await sql.all<AccountRow>(
    `SELECT ${columns} FROM accounts WHERE login = ?${lock ? ' FOR UPDATE' : ''}`,
    [login],
  );
  return rows[0];
}

export async function accountById(sql: Sql, id: number, lock = false): Promise<AccountRow | undefined> {
  const rows = await sql.all<AccountRow>(
    `SELECT ${columns} FROM accounts WHERE id = ?${lock ? ' FOR UPDATE' : ''}`,
    [id],
  );
  return rows[0];
}

/** Undefined when the login is taken. */
export async function addAccount(
  tx: Sql,
  account: { readonly login: string; readonly clientId: string | undefined; readonly roles: string },
): Promise<number | undefined> {
  try {
    const { insertId } = await tx.run('INSERT INTO accounts (login, client_id, roles) VALUES (?, ?, ?)', [
      account.login,
      account.clientId ?? null,
      account.roles,
    ]);
    return insertId;
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
  await dropViewsOf(tx, id);
  await tx.run('DELETE FROM account_identities WHERE account_id = ?', [id]);
}

/** Sets the code by which the person sets a password; an earlier code becomes void. */
export async function setSetupCode(tx: Sql, id: number, digest: Buffer, lifeMs: number): Promise<void> {
  await tx.run(
    'UPDATE accounts SET setup_digest = ?, setup_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE id = ?',
    [digest, lifeMs, id],
  );
}

export async function accountOfSetupCode(tx: Sql, digest: Buffer): Promise<AccountRow | undefined> {
  const rows = await tx.all<AccountRow>(
    `SELECT ${columns} FROM accounts
      WHERE setup_digest = ? AND setup_until > UTC_TIMESTAMP(3) AND ended_at IS NULL FOR UPDATE`,
    [digest],
  );
  return rows[0];
}

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
export async function takeStep(tx: Sql, id: number, step: number): Promise<boolean> {
  const { affected } = await tx.run('UPDATE accounts SET factor_step = ? WHERE id = ? AND factor_step < ?', [
    step,
    id,
    step,
  ]);
  return affected === 1;
}

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
export async function useRecoveryCode(tx: Sql, accountId: number, digest: Buffer): Promise<boolean> {
  const { affected } = await tx.run('DELETE FROM recovery_codes WHERE account_id = ? AND digest = ?', [
    accountId,
    digest,
  ]);
  return affected === 1;
}

export async function recoveryCodesLeft(sql: Sql, accountId: number): Promise<number> {
  const [row] = await sql.all<{ count: number }>(
    'SELECT COUNT(*) AS count FROM recovery_codes WHERE account_id = ?',
    [accountId],
  );
  return Number(row?.count ?? 0);
}

/** Accounts of a client's own people that have not ended, locked. */
export async function accountsOfClient(tx: Sql, clientId: string): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    'SELECT id FROM accounts WHERE client_id = ? AND ended_at IS NULL ORDER BY id FOR UPDATE',
    [clientId],
  );
  return rows.map(({ id }) => id);
}
