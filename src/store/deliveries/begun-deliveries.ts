// Finds deliveries of several calls of which some are done and others are not: the recipient has a part of the lead.
// Invariant: every statement uses this one condition; a new run starts with no call done.
import { inList, type ReadOnlySql } from '../database.ts';

/**
 * SQL condition: a call of this delivery is done in its current run.
 * @param delivery the name or alias of the table in the statement
 */
export const isBegunSql = (delivery: 'deliveries' | 'd'): string =>
  `EXISTS (SELECT 1 FROM delivery_calls b WHERE b.delivery_id = ${delivery}.id AND b.run = ${delivery}.run AND b.done = 1)`;

/** The ids of these deliveries that are begun. */
export async function begunAmong(sql: ReadOnlySql, ids: readonly number[]): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: number }>(
    `SELECT d.id FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (${marks}) AND ${isBegunSql('d')}`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}
