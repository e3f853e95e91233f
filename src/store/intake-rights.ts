// What the account of systems that send leads may write: the columns of the contract, one by one.
// Invariant: number, status, refusal and moments of a row are Relais' own; an older right on the whole table is taken back.
import { SqlFailure, type Database } from './database.ts';
import { intakeColumns } from './intake.ts';

/** There is no such grant: nothing to take back. */
const noSuchGrant = new Set([1141, 1147]);

/** @param account `'name'@'host'` */
export async function grantIntake(owner: Database, account: string): Promise<void> {
  const table = `\`${owner.name}\`.\`lead_intake\``;
  if (await mayHoldTableRight(owner, account)) {
    await owner.text(`REVOKE INSERT ON ${table} FROM ${account}`).catch((error: unknown) => {
      if (!(error instanceof SqlFailure) || !noSuchGrant.has(error.errno)) throw error;
    });
  }
  // After the revocation, which on some servers takes rights on columns along.
  await owner.text(`GRANT INSERT (${intakeColumns.join(', ')}) ON ${table} TO ${account}`);
}

/** False only where the owner sees rights on columns and none on the table: senders are not disturbed for nothing. */
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
