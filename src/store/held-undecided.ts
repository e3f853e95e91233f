// Finds deliveries that ended while a person had yet to decide whether the recipient has them.
// Invariant: reads only, from the log: the rule that held one may be a call's, an answer's, or an earlier version's.
import { inList, type Sql } from './database.ts';
import type { Delivery } from './deliveries.ts';

/** The ids of these deliveries that ended undecided; no query when none has ended. */
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
