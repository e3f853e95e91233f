// Deletes leads at the end of their retention: first the personal data, then the rest once nothing is under way (C30, C32, C33).
// Invariant: open rights are delivered to recipients first; afterwards no table has the lead's reference, and its number in the log
// refers to nothing.
import type { Departing } from '../../domain/retention.ts';
import { forgetBulkItems } from '../deliveries/bulk-runs.ts';
import { dropMailsNaming } from '../alerts/client-mails.ts';
import { type Sql, columnOf, mapOf } from '../database.ts';
import { noteErasedLead } from '../backups/erasures-unwritten.ts';
import { restrictedAmong } from '../leads/restrictions.ts';
import { deleteNamed } from '../named-rows.ts';
import { forgetProofs } from '../people/proofs.ts';
import { forgetSubjects } from '../people/requests.ts';

/** Marks a lead whose personal data was deleted (`blankLead`); it is no candidate any more. */
export async function markGone(
  tx: Sql,
  lead: { readonly clientId: string; readonly leadId: number; readonly reference: string },
  how: Departing,
): Promise<void> {
  await noteErasedLead(tx, lead, 'gone');
  const gone = how === 'purge' ? 'purged' : 'anonymised';
  await tx.run('UPDATE leads SET gone = ? WHERE id = ?', [gone, lead.leadId]);
}

/**
 * The ids of these leads with an open right: an update or erasure that a recipient must still get, a manual task for one, or a
 * request that is not carried out. The leads of such a request are kept; a request that only waits to be closed keeps none.
 */
const withOpenRight = async (tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      tx,
      `SELECT d.lead_id AS id FROM deliveries d FORCE INDEX (deliveries_lead)
      WHERE d.lead_id IN (?) AND d.action IN ('update', 'erase')
        AND (d.state NOT IN ('delivered', 'failed', 'cancelled')
             OR (d.state = 'failed' AND d.reason LIKE 'manual%'
                 AND NOT EXISTS (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run)))
     UNION
     SELECT g.lead_id FROM lead_changes g
      WHERE g.lead_id IN (?) AND (g.kind IN ('consent', 'erased') OR g.kind LIKE 'consent_ended%')
     UNION
     SELECT s.subject_id FROM request_subjects s FORCE INDEX (request_subjects_subject) JOIN requests r ON r.id = s.request_id
      WHERE s.kind = 'lead' AND s.subject_id IN (?) AND s.decision <> 'left_out' AND r.state <> 'closed'
        AND (r.state = 'open' OR EXISTS (SELECT 1 FROM request_recipients q
              WHERE q.request_id = s.request_id AND q.lead_id = s.subject_id AND q.state NOT IN ('acknowledged', 'explained')))`,
      [leadIds, leadIds, leadIds],
    ),
  );

/**
 * Leads that a right keeps from being deleted: under a restriction of processing, or with an open right. Those of a client that has
 * moved to another installation have none here: their rights go on there, and could never end here.
 */
export async function heldByRights(
  tx: Sql,
  leadIds: readonly number[],
): Promise<{ readonly restricted: ReadonlySet<number>; readonly untold: ReadonlySet<number> }> {
  const rows = await tx.all<{ id: number }>(
    `SELECT l.id FROM leads l FORCE INDEX (PRIMARY) WHERE l.id IN (?) AND NOT EXISTS (
       SELECT 1 FROM clients c JOIN client_closings e ON e.client_id = c.id
        WHERE c.id = l.client_id AND c.moved_at IS NOT NULL AND e.state = 'returned')`,
    [leadIds],
  );
  const ids = rows.map(({ id }) => id);
  return { restricted: await restrictedAmong(tx, ids), untold: await withOpenRight(tx, ids) };
}

/** The ids of these leads with something under way: a change to plan, a delivery that is not final, a file that contains them. */
export const underWay = async (tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      tx,
      `SELECT lead_id AS id FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id IN (?) AND (state NOT IN ('delivered', 'failed', 'cancelled') OR lease_until IS NOT NULL)
     UNION SELECT lead_id FROM lead_changes WHERE lead_id IN (?)
     UNION SELECT h.lead_id FROM handovers h FORCE INDEX (handovers_subject) JOIN batches b ON b.id = h.batch_id
            WHERE h.lead_id IN (?) AND h.batch_id > 0 AND b.state = 'written'`,
      [leadIds, leadIds, leadIds],
    ),
  );

/** Tables that refer to a delivery of the lead by its id. */
const byDelivery = {
  delivery_targets: 'PRIMARY',
  task_closings: 'PRIMARY',
  alerts: 'alerts_delivery',
} as const;
/** Tables that refer to the lead, each with the index on its id; those that refer to a delivery come before the deliveries. */
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
/** Small tables without an index on the lead's id. */
const readWhole = ['read_backs', 'routing_refusals', 'lead_changes'];

/**
 * Deletes everything of these leads except their number in the log. The caller has locked them, and nothing of theirs is under way.
 */
export async function dissolve(tx: Sql, leadIds: readonly number[]): Promise<void> {
  const names = await tx.all<{ clientId: string; reference: string }>(
    'SELECT client_id AS clientId, reference FROM leads FORCE INDEX (PRIMARY) WHERE id IN (?)',
    [leadIds],
  );
  for (const { clientId, reference } of names)
    await tx.run('DELETE FROM lead_intake WHERE client_id = ? AND reference = ?', [clientId, reference]);
  const deliveries = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id IN (?)
     UNION SELECT delivery_id FROM delivery_keys WHERE lead_id IN (?)`,
    [leadIds, leadIds],
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
  for (const table of readWhole) await tx.run(`DELETE FROM ${table} WHERE lead_id IN (?)`, [leadIds]);
  for (const [table, index] of Object.entries(byLead))
    await deleteNamed(tx, { table, column: 'lead_id', index }, leadIds);
  await deleteNamed(tx, { table: 'leads', column: 'id', index: 'PRIMARY' }, leadIds);
}

// Reads the proofs of phone consent of leads that will be deleted: the client must be able to prove it without us (C16b, C30).
// Invariant: reads only; every answer about the phone, withdrawals included, in the order in which they were recorded.

export interface PhoneProof {
  readonly consentId: number;
  readonly leadId: number;
  readonly reference: string;
  readonly operation: string | null;
  readonly collectedAt: Date;
  readonly lastName: string | null;
  readonly firstName: string | null;
  readonly email: string | null;
  readonly mobile: string | null;
  readonly landline: string | null;
  readonly purpose: string;
  readonly state: string;
  readonly recordedAt: Date;
  readonly wordingVersion: string | null;
  readonly legalEntity: string | null;
  readonly validUntil: Date | null;
  readonly source: string | null;
}

export async function phoneProofs(
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<readonly PhoneProof[]> {
  return sql.all<PhoneProof>(
    `SELECT c.id AS consentId, c.lead_id AS leadId, l.reference, l.operation, l.collected_at AS collectedAt, p.last_name AS lastName,
            p.first_name AS firstName, p.email, p.mobile, p.landline, c.purpose, c.state, c.recorded_at AS recordedAt,
            c.wording_version AS wordingVersion, c.legal_entity AS legalEntity, c.valid_until AS validUntil, c.source
       FROM consents c JOIN leads l ON l.id = c.lead_id LEFT JOIN prospects p ON p.lead_id = l.id
      WHERE c.lead_id IN (?) AND c.channel = 'phone' ORDER BY c.lead_id, c.id`,
    [leadIds],
  );
}

/** The last answer about the phone of each of these leads. */
export const lastPhoneConsents = (
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, number>> =>
  mapOf<number, number>(
    sql,
    `SELECT lead_id AS leadId, MAX(id) AS last FROM consents FORCE INDEX (consents_lead)
      WHERE lead_id IN (?) AND channel = 'phone' GROUP BY lead_id`,
    [leadIds],
  );
