// Reads the callbacks of a recipient about a delivery from the log, and whether its erasure is complete.
// Invariant: reads only; a callback is identified by its mark, which is no text of the recipient's.
import type { Sql } from './database.ts';

export interface HeardCallback {
  readonly entry: 'lookup' | 'late' | 'resolved';
  readonly mark: string;
  readonly run: number;
  readonly outcome: string;
}

/** Callbacks in the log of a delivery, of all its runs. */
export async function callbacksOf(
  sql: Sql,
  { id, leadId }: { readonly id: number; readonly leadId: number },
): Promise<readonly HeardCallback[]> {
  return sql.all<HeardCallback>(
    `SELECT entry, purpose AS mark, run, outcome FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND delivery_id = ? AND entry IN ('lookup', 'late', 'resolved') AND purpose LIKE 'callback %'`,
    [leadId, id],
  );
}

/** True when the recipient erased the lead, or a person has closed the erasure. */
export async function erasureIsOver(
  sql: Sql,
  { leadId, destinationId }: { readonly leadId: number; readonly destinationId: string },
): Promise<boolean> {
  const rows = await sql.all(
    `SELECT 1 FROM deliveries d FORCE INDEX (deliveries_lead)
      WHERE d.lead_id = ? AND d.destination_id = ? AND d.action = 'erase'
        AND (d.state IN ('delivered', 'cancelled') OR (d.state = 'failed' AND EXISTS
            (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run))) LIMIT 1`,
    [leadId, destinationId],
  );
  return rows.length > 0;
}
