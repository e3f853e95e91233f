// Table saved_views: filters that an account keeps under names of its own.
// Invariant: read, written and removed by their owner alone; none outlives its account.
import type { ReadOnlySql, Sql } from './database.ts';

export interface SavedView {
  readonly id: number;
  readonly list: string;
  readonly name: string;
  /** As the address of the list has it, without `?`. */
  readonly query: string;
}

export const viewsOf = (sql: ReadOnlySql, accountId: number): Promise<readonly SavedView[]> =>
  sql.all<SavedView>('SELECT id, list, name, query FROM saved_views WHERE account_id = ? ORDER BY name, id', [
    accountId,
  ]);

/** Under the name of one that is there it takes its place. */
export async function putView(tx: Sql, accountId: number, view: Omit<SavedView, 'id'>): Promise<void> {
  await tx.run(
    `INSERT INTO saved_views (account_id, list, name, query) VALUES (?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE query = VALUES(query)`,
    [accountId, view.list, view.name, view.query],
  );
}

/** False where it is none of the account's. */
export async function dropView(sql: Sql, accountId: number, id: number): Promise<boolean> {
  const { affected } = await sql.run('DELETE FROM saved_views WHERE id = ? AND account_id = ?', [
    id,
    accountId,
  ]);
  return affected === 1;
}

export async function dropViewsOf(tx: Sql, accountId: number): Promise<void> {
  await tx.run('DELETE FROM saved_views WHERE account_id = ?', [accountId]);
}
