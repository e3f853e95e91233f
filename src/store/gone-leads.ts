// A lead whose time has come: first the person goes out of it, and once nothing is under way the rest goes too (C30, C32, C33).
// Invariant: what was still to be told to a recipient by a right is told first; afterwards no table says that there was a lead of
// that reference, and the number in the log leads nowhere.
import type { Departing } from '../domain/retention.ts';
import { forgetBulkItems } from './bulk-outcomes.ts';
import { dropMailsNaming } from './client-mails.ts';
import { inList, type Sql } from './database.ts';
import { deleteNamed } from './named-rows.ts';
import { forgetProofs } from './proofs.ts';
import { forgetSubjects } from './request-ends.ts';

/** The person is out of it (`blankLead`); from now on it is no candidate any more. */
export async function markGone(tx: Sql, leadId: number, how: Departing): Promise<void> {
  await tx.run('UPDATE leads SET gone = ? WHERE id = ?', [how === 'purge' ? 'purged' : 'anonymised', leadId]);
}

/**
 * Of these leads, those with a right that is not through: a recipient has still to hear of an update or an erasure, or is asked by
 * hand, or a request of the person is not carried out. What such a request speaks of is not taken from under it; one that only waits
 * for somebody to close it keeps nothing.
 */
export async function withOpenRight(tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (leadIds.length === 0) return new Set();
  const { marks, values } = inList(leadIds);
  const rows = await tx.all<{ id: number }>(
    `SELECT d.lead_id AS id FROM deliveries d FORCE INDEX (deliveries_lead)
      WHERE d.lead_id IN (${marks}) AND d.action IN ('update', 'erase')
        AND (d.state NOT IN ('delivered', 'failed', 'cancelled')
             OR (d.state = 'failed' AND d.reason LIKE 'manual%'
                 AND NOT EXISTS (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run)))
     UNION
     SELECT g.lead_id FROM lead_changes g
      WHERE g.lead_id IN (${marks}) AND (g.kind IN ('consent', 'erased') OR g.kind LIKE 'consent_ended%')
     UNION
     SELECT s.subject_id FROM request_subjects s FORCE INDEX (request_subjects_subject) JOIN requests r ON r.id = s.request_id
      WHERE s.kind = 'lead' AND s.subject_id IN (${marks}) AND s.decision <> 'left_out' AND r.state <> 'closed'
        AND (r.state = 'open' OR EXISTS (SELECT 1 FROM request_recipients q
              WHERE q.request_id = s.request_id AND q.lead_id = s.subject_id AND q.state NOT IN ('acknowledged', 'explained')))`,
    [...values, ...values, ...values],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Of these leads, those of which something is still under way: a change to plan, a delivery not at its end, a file that holds them. */
export async function underWay(tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (leadIds.length === 0) return new Set();
  const { marks, values } = inList(leadIds);
  const rows = await tx.all<{ id: number }>(
    `SELECT lead_id AS id FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id IN (${marks}) AND (state NOT IN ('delivered', 'failed', 'cancelled') OR lease_until IS NOT NULL)
     UNION SELECT lead_id FROM lead_changes WHERE lead_id IN (${marks})
     UNION SELECT h.lead_id FROM handovers h FORCE INDEX (handovers_subject) JOIN batches b ON b.id = h.batch_id
            WHERE h.lead_id IN (${marks}) AND h.batch_id > 0 AND b.state = 'written'`,
    [...values, ...values, ...values],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Tables that name a lead's deliveries by their number. */
const byDelivery = {
  delivery_targets: 'PRIMARY',
  task_closings: 'PRIMARY',
  alerts: 'alerts_delivery',
} as const;
/** Tables that name the lead, the deliveries themselves after those that name them; and the index of its number. */
const byLead = {
  delivery_calls: 'delivery_calls_lead',
  intake_receipts: 'intake_receipts_lead',
  consent_ends: 'PRIMARY',
  former_addresses: 'PRIMARY',
  delivery_keys: 'delivery_keys_lead',
  deliveries: 'deliveries_lead',
  lead_revisions: 'PRIMARY',
  interactions: 'interactions_lead',
  consents: 'consents_lead',
  lead_finances: 'PRIMARY',
  lead_origins: 'PRIMARY',
  lead_projects: 'PRIMARY',
  prospects: 'PRIMARY',
} as const;
/** Small tables that have no index of the lead's number. */
const readWhole = ['read_backs', 'routing_refusals', 'lead_changes'];

/** Nothing is left of these leads but their number in the log. The caller has locked them, and nothing of theirs is under way. */
export async function dissolve(tx: Sql, leadIds: readonly number[]): Promise<void> {
  if (leadIds.length === 0) return;
  const { marks, values } = inList(leadIds);
  const names = await tx.all<{ clientId: string; reference: string }>(
    `SELECT client_id AS clientId, reference FROM leads FORCE INDEX (PRIMARY) WHERE id IN (${marks})`,
    values,
  );
  for (const { clientId, reference } of names)
    await tx.run('DELETE FROM lead_intake WHERE client_id = ? AND reference = ?', [clientId, reference]);
  const deliveries = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id IN (${marks})
     UNION SELECT delivery_id FROM delivery_keys WHERE lead_id IN (${marks})`,
    [...values, ...values],
  );
  if (deliveries.length > 0) {
    const ids = deliveries.map(({ id }) => id);
    await forgetBulkItems(tx, ids);
    for (const [table, index] of Object.entries(byDelivery))
      await deleteNamed(tx, { table, column: 'delivery_id', index }, ids);
  }
  await dropMailsNaming(tx, leadIds);
  await forgetProofs(tx, leadIds);
  await forgetSubjects(tx, leadIds);
  for (const table of readWhole) await tx.run(`DELETE FROM ${table} WHERE lead_id IN (${marks})`, values);
  for (const [table, index] of Object.entries(byLead))
    await deleteNamed(tx, { table, column: 'lead_id', index }, leadIds);
  await deleteNamed(tx, { table: 'leads', column: 'id', index: 'PRIMARY' }, leadIds);
}
