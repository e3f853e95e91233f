// Deliveries of several calls that stand between two of them: the recipient has a part of the lead.
// Invariant: one condition says so for every statement that asks; a new run begins anew.
import { inList, type ReadOnlySql } from './database.ts';

/**
 * Whether a call of a row of `deliveries` is done in the run it is in.
 * @param delivery the name or alias of the table in the statement
 */
export const isBegunSql = (delivery: 'deliveries' | 'd'): string =>
  `EXISTS (SELECT 1 FROM delivery_calls b WHERE b.delivery_id = ${delivery}.id AND b.run = ${delivery}.run AND b.done = 1)`;

/** Of these deliveries, those that are begun. */
export async function begunAmong(sql: ReadOnlySql, ids: readonly number[]): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: number }>(
    `SELECT d.id FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (${marks}) AND ${isBegunSql('d')}`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}
