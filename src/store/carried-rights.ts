// Finds deliveries that carry a right of the prospect: an erasure, or an update after a withdrawn or ended consent.
// Invariant: every statement uses this one condition.
import { phoneGrantDays, toldAheadMs } from '../domain/consent.ts';
import { inList, type ReadOnlySql } from './database.ts';

/** A grant that is reported as ended because its time is over (`domain/consent.ts`). */
const hasEnded = `(c.state = 'granted' AND TIMESTAMPADD(MICROSECOND, ${toldAheadMs} * 1000, UTC_TIMESTAMP(3)) >= LEAST(COALESCE(c.valid_until, TIMESTAMP'9999-01-01 00:00:00'),
        CASE WHEN c.channel = 'phone' THEN TIMESTAMPADD(DAY, ${phoneGrantDays}, c.recorded_at) ELSE TIMESTAMP'9999-01-01 00:00:00' END))`;

/**
 * SQL condition: this delivery carries a right.
 * @param delivery the name or alias of the table in the statement
 */
export const carriesRightSql = (delivery: 'deliveries' | 'd'): string =>
  `(${delivery}.action = 'erase' OR (${delivery}.action = 'update' AND EXISTS (
      SELECT 1 FROM consents c WHERE c.lead_id = ${delivery}.lead_id AND (c.state = 'withdrawn' OR ${hasEnded} OR (c.state = 'refused' AND EXISTS (
        SELECT 1 FROM consents g WHERE g.lead_id = c.lead_id AND g.purpose = c.purpose AND g.channel = c.channel AND g.state = 'granted'))))))`;

/** The ids of these deliveries that carry a right. */
export async function carryingRights(sql: ReadOnlySql, ids: readonly number[]): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: number }>(
    `SELECT d.id FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (${marks}) AND ${carriesRightSql('d')}`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}
