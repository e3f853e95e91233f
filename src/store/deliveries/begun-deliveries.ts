// Finds deliveries of several calls of which some are done and others are not: the recipient has a part of the lead.
// Invariant: every statement uses this one condition; a new run starts with no call done.
import { type ReadOnlySql, columnOf } from '../database.ts';

/**
 * SQL condition: a call of this delivery is done in its current run.
 * @param delivery the name or alias of the table in the statement
 */
export const isBegunSql = (delivery: 'deliveries' | 'd'): string =>
  `EXISTS (SELECT 1 FROM delivery_calls b WHERE b.delivery_id = ${delivery}.id AND b.run = ${delivery}.run AND b.done = 1)`;

export async function begunAmong(sql: ReadOnlySql, ids: readonly number[]): Promise<ReadonlySet<number>> {
  return new Set(
    await columnOf(
      sql,
      `SELECT d.id FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (?) AND ${isBegunSql('d')}`,
      [ids],
    ),
  );
}
