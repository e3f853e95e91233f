// Stores the signed state of the log at the end of each day, for the whole log and for each client.
// Invariant: added once, never changed; the working accounts have no right to.
import { columnOf, type ReadOnlySql, type Sql, firstRow } from '../database.ts';
import { insertRows } from '../columns.ts';

export interface DaySeal {
  /** Empty for the whole log. */
  readonly clientId: string;
  /** `2026-11-29`, UTC. */
  readonly day: string;
  /** The JSON text that was signed. */
  readonly document: string;
  readonly signature: Buffer;
}

const columns = "client_id AS clientId, DATE_FORMAT(day, '%Y-%m-%d') AS day, document, signature";

export const insertDaySeal = (tx: Sql, seal: DaySeal): Promise<void> => insertRows(tx, 'day_seals', [seal]);

export const lastDaySeal = (sql: ReadOnlySql, clientId: string): Promise<DaySeal | undefined> =>
  firstRow<DaySeal>(
    sql,
    `SELECT ${columns} FROM day_seals WHERE client_id = ? ORDER BY day_seals.day DESC LIMIT 1`,
    [clientId],
  );

/** The days from `from` to `until`, both included, oldest first. */
export const daySealsOf = (
  sql: ReadOnlySql,
  clientId: string,
  { from, until }: { readonly from: string; readonly until: string },
): Promise<readonly DaySeal[]> =>
  sql.all<DaySeal>(
    `SELECT ${columns} FROM day_seals WHERE client_id = ? AND day_seals.day BETWEEN ? AND ? ORDER BY day_seals.day`,
    [clientId, from, until],
  );

/** With '' for the whole log. */
export const clientsOfDays = (sql: ReadOnlySql): Promise<readonly string[]> =>
  columnOf<string>(sql, 'SELECT DISTINCT client_id FROM day_seals ORDER BY client_id');
