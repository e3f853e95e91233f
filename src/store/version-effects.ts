// Finds the deliveries that a new version of a mapping cancels, reopens, or leaves with their old content.
// Invariant: only a delivery that ended because its mapping did not accept the lead is reopened.
import { inList, type Sql } from './database.ts';

export interface WaitingCreate {
  readonly id: number;
  readonly leadId: number;
}

const toWaiting = (row: { readonly id: number; readonly lead_id: number }): WaitingCreate => ({
  id: row.id,
  leadId: row.lead_id,
});

/** Creates that have never departed, in id order after `after`. */
export async function unsentCreates(
  sql: Sql,
  destinationId: string,
  after: number,
  limit: number,
): Promise<readonly WaitingCreate[]> {
  const rows = await sql.all<{ id: number; lead_id: number }>(
    `SELECT id, lead_id FROM deliveries
      WHERE destination_id = ? AND state IN ('planned', 'queued', 'waiting', 'withheld') AND action = 'create' AND departures = 0 AND id > ?
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after],
  );
  return rows.map(toWaiting);
}

/** Creates of the last thirty days that ended unsent because the lead was not accepted, and have no successor. */
export async function endedByAccepts(
  sql: Sql,
  destinationId: string,
  after: number,
  limit: number,
): Promise<readonly WaitingCreate[]> {
  const rows = await sql.all<{ id: number; lead_id: number }>(
    `SELECT d.id, d.lead_id FROM deliveries d
      WHERE d.destination_id = ? AND d.state = 'cancelled' AND d.reason LIKE 'not!_accepted%' ESCAPE '!' AND d.action = 'create'
        AND d.departures = 0 AND d.id > ? AND d.settled_at > TIMESTAMPADD(DAY, -30, UTC_TIMESTAMP(3))
        AND NOT EXISTS (SELECT 1 FROM deliveries later
                         WHERE later.lead_id = d.lead_id AND later.destination_id = d.destination_id AND later.action = 'create' AND later.id > d.id)
      ORDER BY d.id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after],
  );
  return rows.map(toWaiting);
}

/** Plans them again, with their whole maximum age. Returns the ids that were reopened. */
export async function reopenEnded(
  tx: Sql,
  ids: readonly number[],
  maxAgeMs: number,
): Promise<readonly number[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY)
      WHERE id IN (${marks}) AND state = 'cancelled' AND reason LIKE 'not!_accepted%' ESCAPE '!' AND departures = 0 ORDER BY id FOR UPDATE`,
    values,
  );
  if (rows.length === 0) return [];
  const found = inList(rows.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', settled_at = NULL, due_at = UTC_TIMESTAMP(3),
            expires_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))
      WHERE id IN (${found.marks})`,
    [maxAgeMs, ...found.values],
  );
  return rows.map((row) => row.id);
}

/** Deliveries that wait for a next try, may have been received, and were rendered by another version. */
export async function keepingOldContent(
  sql: Sql,
  destinationId: string,
  versionId: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await sql.all<{ id: number }>(
    `SELECT id FROM deliveries
      WHERE destination_id = ? AND state IN ('planned', 'queued', 'waiting') AND maybe_received = 1 AND batch_id = 0 AND sent_mapping_id NOT IN (0, ?)
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, versionId],
  );
  return rows.map((row) => row.id);
}
