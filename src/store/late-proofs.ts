// Deliveries that wait for a person although their answer is in the log: it came after the lease had run out.
// Invariant: reads only; of several calls, the answer must be that of the call that is open.
import type { Sql } from './database.ts';

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
