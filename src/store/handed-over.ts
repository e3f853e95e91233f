// Under which authorisation a lead last left for a destination, from the log; asked only where none is in force any more.
// Invariant: reads only.
import type { Sql } from './database.ts';

export async function lastHandedOver(
  sql: Sql,
  leadId: number,
  destinationId: string,
): Promise<{ readonly authorisationId: number; readonly correctedSince: boolean } | undefined> {
  const [row] = await sql.all<{ authorisation_id: number; corrected: number }>(
    `SELECT h.authorisation_id,
            EXISTS (SELECT 1 FROM intake_receipts r WHERE r.lead_id = h.lead_id AND r.kind = 'correction' AND r.accepted_at >= h.at) AS corrected
       FROM handovers h FORCE INDEX (handovers_lead)
      WHERE h.lead_id = ? AND h.destination_id = ? AND h.entry = 'departed' AND h.authorisation_id > 0
      ORDER BY h.id DESC LIMIT 1`,
    [leadId, destinationId],
  );
  return row === undefined
    ? undefined
    : { authorisationId: row.authorisation_id, correctedSince: row.corrected === 1 };
}
