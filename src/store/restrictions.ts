// Restriction of processing: a mark on the lead's own row, and the deliveries it holds back.
// Invariant: the mark changes under the lead's lock with a revision of its own, so that nothing written before it departs after it.
import { inList, type Sql } from './database.ts';

export async function markRestricted(tx: Sql, leadId: number, revision: number): Promise<void> {
  await tx.run(
    'UPDATE leads SET restricted_at = COALESCE(restricted_at, UTC_TIMESTAMP(3)), revision = ?, changed_at = UTC_TIMESTAMP(3) WHERE id = ?',
    [revision, leadId],
  );
}

/** Of these leads, those under a restriction; the caller holds their locks. */
export async function restrictedAmong(tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (leadIds.length === 0) return new Set();
  const { marks, values } = inList(leadIds);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM leads WHERE id IN (${marks}) AND restricted_at IS NOT NULL`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}

/** Of these leads, those of which an update left under their restriction; the caller holds their locks. */
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

/** The mark goes where no other request asks for it. Returns whether it went. */
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

/** Deliveries withheld for a restriction that does not stand any more, of some leads or of any. */
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

/** Their age stood still: each has its whole time from now on. */
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
