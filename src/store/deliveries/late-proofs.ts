// Finds unsettled deliveries with an answer in the log: it came after the lease had lapsed, or could not be settled.
// Invariant: reads only; for several calls, the answer must be that of the open call.
import { type Sql, mapOf } from '../database.ts';

export async function heldWithLateProof(
  sql: Sql,
  limit: number,
): Promise<readonly { readonly id: number; readonly destinationId: string; readonly entry: number }[]> {
  return sql.all(
    `SELECT d.id, d.destination_id AS destinationId, MAX(h.id) AS entry FROM deliveries d FORCE INDEX (deliveries_due)
       JOIN handovers h FORCE INDEX (handovers_subject) ON h.lead_id = d.lead_id AND h.delivery_id = d.id
      WHERE d.state = 'waiting' AND d.reason LIKE 'unknown_hold%' AND h.run = d.run AND h.entry = 'late'
        AND h.outcome IN ('accepted', 'duplicate')
        AND (h.call_name = '' OR EXISTS (SELECT 1 FROM delivery_calls c WHERE c.delivery_id = d.id AND c.name = h.call_name AND c.done = 0))
      GROUP BY d.id, d.destination_id ORDER BY d.id LIMIT ${Math.trunc(limit)}`,
  );
}

/** Outcomes after which the recipient has the delivery. */
export type Taken = 'accepted' | 'duplicate' | 'unconfirmed';

/** Late outcomes in the log by which the recipient accepted these deliveries, in their current attempt and without calls. */
export const takenByLog = (sql: Sql, ids: readonly number[]): Promise<ReadonlyMap<number, Taken>> =>
  mapOf<number, Taken>(
    sql,
    `SELECT d.id, h.outcome FROM deliveries d FORCE INDEX (PRIMARY)
       JOIN handovers h FORCE INDEX (handovers_subject) ON h.lead_id = d.lead_id AND h.delivery_id = d.id
      WHERE d.id IN (?) AND d.departed_attempt = d.attempt AND h.run = d.run AND h.attempt = d.attempt AND h.entry = 'late'
        AND h.call_name = '' AND h.outcome IN ('accepted', 'duplicate', 'unconfirmed') ORDER BY h.id`,
    [ids],
  );
