// Deliveries that ended while a person had to say whether their recipient has them, and nobody did.
// Invariant: reads only; by the log, since the rule that held one may be that of a call, of an answer, or of an earlier version.
import { inList, type Sql } from './database.ts';
import type { Delivery } from './deliveries.ts';

/** Of these, by number; nothing is asked where nothing has ended so. */
export async function heldUndecided(sql: Sql, rows: readonly Delivery[]): Promise<ReadonlySet<number>> {
  const ended = rows.filter(
    ({ state, maybeReceived }) => maybeReceived && (state === 'failed' || state === 'cancelled'),
  );
  if (ended.length === 0) return new Set();
  const deliveries = inList(ended.map(({ id }) => id));
  const leads = inList([...new Set(ended.map(({ leadId }) => leadId))]);
  const found = await sql.all<{ readonly id: number }>(
    `SELECT DISTINCT h.delivery_id AS id FROM handovers h FORCE INDEX (handovers_subject)
      WHERE h.lead_id IN (${leads.marks}) AND h.delivery_id IN (${deliveries.marks}) AND h.next_step = 'hold'
        AND NOT EXISTS (SELECT 1 FROM handovers n FORCE INDEX (handovers_subject)
          WHERE n.lead_id = h.lead_id AND n.delivery_id = h.delivery_id AND n.id > h.id
            AND n.outcome IN ('accepted', 'duplicate', 'unconfirmed', 'absent'))`,
    [...leads.values, ...deliveries.values],
  );
  return new Set(found.map(({ id }) => id));
}
