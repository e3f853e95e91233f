// Stores the filters that an account saves under names of its own (table saved_views).
// Invariant: only the owner reads, writes and deletes them; none outlives its account.
import type { ReadOnlySql, Sql } from './database.ts';

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
