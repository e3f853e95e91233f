// Finds deliveries queued so long ago that Redis may have lost their jobs.
// Invariant: pushing one again is harmless: the claim takes a delivery once.
import { inList, type Sql, firstValue } from '../database.ts';
import { dueColumns, dueJobOf, type DueJobAt, type DueRow } from './due-work.ts';

/** Destinations to search: those of the list, or all others. */
export interface Looked {
  readonly destinations: readonly string[];
  readonly among: boolean;
}

/** The database's time, exact to the ms: rows touched afterwards are younger. */
export const presentOf = async (sql: Sql): Promise<Date> =>
  (await firstValue<Date>(sql, 'SELECT UTC_TIMESTAMP(3) AS present')) ?? sql.now();

/**
 * Rows marked queued longer than so many ms ago, or before an instant of the database: their job may be lost; pushing it again is
 * harmless.
 */
export async function queuedLongAgo(
  sql: Sql,
  when: number | Date,
  limit: number,
  { destinations, among }: Looked,
): Promise<readonly DueJobAt[]> {
  if (among && destinations.length === 0) return [];
  const { marks, values } = destinations.length === 0 ? { marks: '', values: [] } : inList(destinations);
  const rows = await sql.all<DueRow>(
    `SELECT ${dueColumns} FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'queued' AND batch_id = 0 AND queued_at <= ${typeof when === 'number' ? 'TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))' : '?'}
        ${destinations.length === 0 ? '' : `AND destination_id ${among ? '' : 'NOT '}IN (${marks})`}
      ORDER BY priority, id LIMIT ${Math.trunc(limit)}`,
    [when, ...values],
  );
  return rows.map(dueJobOf);
}

export async function touchQueued(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET queued_at = UTC_TIMESTAMP(3) WHERE id IN (?) AND state = 'queued'`,
    [ids],
  );
}

/** Rows whose job was dropped from the queue: they count as queued an hour ago, and are pushed again at once. */
export async function forgetQueued(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET queued_at = TIMESTAMPADD(HOUR, -1, UTC_TIMESTAMP(3)) WHERE id IN (?) AND state = 'queued'`,
    [ids],
  );
}
