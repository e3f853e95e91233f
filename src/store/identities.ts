// Links accounts to the subjects of an OpenID Connect provider (table account_identities).
// Invariant: an issuer's subject is one account, and an account has one subject; both are compared byte by byte.
import { isDuplicateKey, type Sql } from './database.ts';

export interface IdentityRow {
  readonly accountId: number;
  readonly issuer: string;
  readonly subject: string;
}

const columns = 'account_id AS accountId, issuer, subject';

export async function identityNamed(
  sql: Sql,
  { issuer, subject }: Pick<IdentityRow, 'issuer' | 'subject'>,
): Promise<IdentityRow | undefined> {
  const rows = await sql.all<IdentityRow>(
    `SELECT ${columns} FROM account_identities WHERE issuer = ? AND subject = ?`,
    [issuer, subject],
  );
  // MySQL ignores trailing blanks, and another person's subject may differ by them.
  return rows.find((row) => row.issuer === issuer && row.subject === subject);
}

export async function identityOf(sql: Sql, accountId: number): Promise<IdentityRow | undefined> {
  const [row] = await sql.all<IdentityRow>(`SELECT ${columns} FROM account_identities WHERE account_id = ?`, [
    accountId,
  ]);
  return row;
}

/** Replaces the account's subject. False when the subject is linked to another account. */
export async function setIdentity(tx: Sql, { accountId, issuer, subject }: IdentityRow): Promise<boolean> {
  await removeIdentity(tx, accountId);
  try {
    await tx.run(
      'INSERT INTO account_identities (account_id, issuer, subject, linked_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3))',
      [accountId, issuer, subject],
    );
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

export async function removeIdentity(tx: Sql, accountId: number): Promise<boolean> {
  const { affected } = await tx.run('DELETE FROM account_identities WHERE account_id = ?', [accountId]);
  return affected > 0;
}
