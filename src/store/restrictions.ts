// Stores the restriction of processing on the lead's row, and finds the deliveries that it withholds.
// Invariant: the mark changes under the lead's lock with a new revision, so that no content rendered earlier departs afterwards.
import { inList, type Sql } from './database.ts';

export async function markRestricted(tx: Sql, leadId: number, revision: number): Promise<void> {
  await tx.run(
    'UPDATE leads SET restricted_at = COALESCE(restricted_at, UTC_TIMESTAMP(3)), revision = ?, changed_at = UTC_TIMESTAMP(3) WHERE id = ?',
    [revision, leadId],
  );
}

/** The ids of these leads that are restricted; the caller has locked them. */
export async function restrictedAmong(tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (leadIds.length === 0) return new Set();
  const { marks, values } = inList(leadIds);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM leads WHERE id IN (${marks}) AND restricted_at IS NOT NULL`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}

/** The ids of these leads of which an update departed during their restriction; the caller has locked them. */
export async function toldWhileRestricted(tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (leadIds.length === 0) return new Set();
  const { marks, values } = inList(leadIds);
  const rows = await tx.all<{ id: number }>(
    `SELECT DISTINCT l.id FROM leads l JOIN deliveries d FORCE INDEX (deliveries_lead) ON d.lead_id = l.id
      WHERE l.id IN (${marks}) AND d.action = 'update' AND d.first_departed_at >= l.restricted_at`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}

/** Removes the mark unless another request needs it. Returns false when it stays. */
export async function unmarkRestricted(tx: Sql, leadId: number, exceptRequest: number): Promise<boolean> {
  const others = await tx.all(
    `SELECT 1 FROM request_subjects s JOIN requests r ON r.id = s.request_id
      WHERE s.kind = 'lead' AND s.subject_id = ? AND s.applied_at IS NOT NULL
        AND r.kind = 'restriction' AND r.lifted_at IS NULL AND r.id <> ? LIMIT 1`,
    [leadId, exceptRequest],
  );
  if (others.length > 0) return false;
  const { affected } = await tx.run(
    'UPDATE leads SET restricted_at = NULL WHERE id = ? AND restricted_at IS NOT NULL',
    [leadId],
  );
  return affected > 0;
}

/** Deliveries withheld for a restriction that has ended, of some leads or of any. */
export async function heldWithoutRestriction(
  sql: Sql,
  leadIds: readonly number[] | 'any',
  limit: number,
): Promise<readonly number[]> {
  if (leadIds !== 'any' && leadIds.length === 0) return [];
  const among = leadIds === 'any' ? { marks: '', values: [] } : inList(leadIds);
  const rows = await sql.all<{ id: number }>(
    `SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.state = 'withheld' AND d.reason = 'restricted' AND l.restricted_at IS NULL
        ${leadIds === 'any' ? '' : `AND d.lead_id IN (${among.marks})`} ORDER BY d.id LIMIT ${Math.trunc(limit)}`,
    among.values,
  );
  return rows.map((row) => row.id);
}

/** Restarts the age limit, which a restriction stops: each delivery has its whole time again. */
export async function renewAges(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY)
        SET expires_at = GREATEST(expires_at, TIMESTAMPADD(SECOND, TIMESTAMPDIFF(SECOND, created_at, expires_at), UTC_TIMESTAMP(3)))
      WHERE id IN (${marks})`,
    values,
  );
}
