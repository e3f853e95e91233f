// Grants the account of systems that send leads the right to insert the contract's columns of lead_intake, one by one.
// Invariant: only Relais writes a row's id, status, refusal and times; an older right on the whole table is revoked.
import { SqlFailure, type Database } from './database.ts';
import { intakeColumns } from './intake.ts';

/** There is no such grant to revoke. */
const noSuchGrant = new Set([1141, 1147]);

/** @param account `'name'@'host'` */
export async function grantIntake(owner: Database, account: string): Promise<void> {
  const table = `\`${owner.name}\`.\`lead_intake\``;
  if (await mayHoldTableRight(owner, account)) {
    await owner.text(`REVOKE INSERT ON ${table} FROM ${account}`).catch((error: unknown) => {
      if (!(error instanceof SqlFailure) || !noSuchGrant.has(error.errno)) throw error;
    });
  }
  // After the revocation, which on some servers also revokes rights on columns.
  await owner.text(`GRANT INSERT (${intakeColumns.join(', ')}) ON ${table} TO ${account}`);
}

/** False only when the owner sees rights on columns and none on the table, so that senders are not interrupted needlessly. */
async function mayHoldTableRight(owner: Database, account: string): Promise<boolean> {
  const count = async (view: 'TABLE_PRIVILEGES' | 'COLUMN_PRIVILEGES'): Promise<number> => {
    const [row] = await owner.all<{ n: number }>(
      `SELECT COUNT(*) AS n FROM information_schema.${view}
        WHERE GRANTEE = ? AND TABLE_SCHEMA = ? AND TABLE_NAME = 'lead_intake' AND PRIVILEGE_TYPE = 'INSERT'`,
      [account, owner.name],
    );
    return Number(row?.n ?? 0);
  };
  return (await count('TABLE_PRIVILEGES')) > 0 || (await count('COLUMN_PRIVILEGES')) === 0;
}
