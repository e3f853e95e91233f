// Moves the deliveries of erased leads to a smaller table of keys, so that none of them is planned again.
// Invariant: only whole erased leads, with every delivery final and no erasure left to do by hand; one transaction inserts the key
// and deletes the row.
import { inList, type Sql, columnOf } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';

/** Erased leads, in id order, whose deliveries all ended before the instant. */
export const leadsToArchive = (
  sql: Sql,
  before: Date,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT l.id FROM leads l WHERE l.id > ? AND l.erased_at < ?
        AND EXISTS (SELECT 1 FROM deliveries d WHERE d.lead_id = l.id)
        AND NOT EXISTS (SELECT 1 FROM lead_changes c WHERE c.lead_id = l.id)
        AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.lead_id = l.id
              AND (o.state NOT IN ('delivered', 'failed', 'cancelled') OR o.settled_at >= ? OR (o.action = 'erase' AND o.state = 'failed')))
      ORDER BY l.id LIMIT ${Math.trunc(page.limit)}`,
    [page.after, before, before],
  );

/** Moves the deliveries of these leads; the caller's transaction has locked the leads. Returns the number moved. */
export async function moveToKeys(tx: Sql, leadIds: readonly number[], before: Date): Promise<number> {
  if (leadIds.length === 0) return 0;
  const { marks, values } = inList(leadIds);
  // Read again under the lock: a replay may have reopened a delivery meanwhile, and then its lead stays whole.
  const open = await tx.all<{ lead_id: number }>(
    `SELECT DISTINCT lead_id FROM deliveries WHERE lead_id IN (${marks})
        AND (state NOT IN ('delivered', 'failed', 'cancelled') OR settled_at >= ? OR (action = 'erase' AND state = 'failed'))`,
    [...values, before],
  );
  const still = new Set(open.map((row) => row.lead_id));
  const closed = leadIds.filter((id) => !still.has(id));
  if (closed.length === 0) return 0;
  const found = inList(closed);
  const { affected } = await tx.run(
    `INSERT INTO delivery_keys (client_id, lead_id, revision, destination_id, action, delivery_id, delivery_key, state)
       SELECT client_id, lead_id, revision, destination_id, action, id, delivery_key, state FROM deliveries
        WHERE lead_id IN (${found.marks})`,
    found.values,
  );
  await deleteNamed(tx, { table: 'delivery_calls', column: 'lead_id', index: 'delivery_calls_lead' }, closed);
  await deleteNamed(tx, { table: 'deliveries', column: 'lead_id', index: 'deliveries_lead' }, closed);
  return affected;
}

/** The ids of these leads whose deliveries are in the table of keys: nothing is planned for them any more. */
export async function archivedLeads(sql: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  return new Set(
    await columnOf(sql, `SELECT DISTINCT lead_id FROM delivery_keys WHERE lead_id IN (?)`, [leadIds]),
  );
}
