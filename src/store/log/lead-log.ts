// Reads the hand-over log by lead, and the callbacks that it has about a delivery.
// Invariant: reads only.
import type { Action } from '../../../connectors/contract.ts';
import { insertGroups, type ReadOnlySql, type Sql, hasRow } from '../database.ts';

export interface LeadEntry {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly destinationId: string;
  readonly deliveryId: number;
  readonly leadId: number;
  readonly run: number;
  readonly attempt: number;
  readonly action: Action | '';
  readonly actor: string;
  readonly purpose: string;
  readonly connector: string;
  readonly recipient: string;
  readonly target: string;
  /** Names of target fields, separated by blanks. */
  readonly fields: string;
  /** JSON, as it was sent. */
  readonly consents: string;
  readonly outcome: string;
  readonly reason: string;
  readonly status: number;
  readonly callName: string;
  readonly mappingVersionId: number;
}

const columns = `id, at, entry, destination_id AS destinationId, delivery_id AS deliveryId, lead_id AS leadId, run, attempt, action,
  actor, purpose, connector, recipient, target, COALESCE(fields, '') AS fields, COALESCE(consents, '[]') AS consents, outcome,
  reason, status, call_name AS callName, mapping_version_id AS mappingVersionId`;

/** By id, ascending. */
export async function entriesOfLeads(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<readonly LeadEntry[]> {
  const found: LeadEntry[] = [];
  for (const part of insertGroups(leadIds, 100)) {
    found.push(
      ...(await sql.all<LeadEntry>(
        `SELECT ${columns} FROM handovers FORCE INDEX (handovers_subject) WHERE lead_id IN (?)`,
        [part],
      )),
    );
  }
  return found.sort((a, b) => a.id - b.id);
}

/** Deliveries of these leads that have departed at least once. */
export async function departedDeliveries(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const part of insertGroups(leadIds, 100)) {
    const rows = await sql.all<{ id: number }>(
      'SELECT id FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id IN (?) AND departures > 0',
      [part],
    );
    found.push(...rows.map(({ id }) => id));
  }
  return found;
}

export interface HeardCallback {
  readonly entry: 'lookup' | 'late' | 'resolved';
  readonly mark: string;
  readonly run: number;
  readonly outcome: string;
}

/**
 * Reads the callbacks of a recipient about a delivery, of all its runs. A callback is identified by its mark, which
 * is no text of the recipient's.
 */
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
export const erasureIsOver = (
  sql: Sql,
  { leadId, destinationId }: { readonly leadId: number; readonly destinationId: string },
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM deliveries d FORCE INDEX (deliveries_lead)
      WHERE d.lead_id = ? AND d.destination_id = ? AND d.action = 'erase'
        AND (d.state IN ('delivered', 'cancelled') OR (d.state = 'failed' AND EXISTS
            (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run))) LIMIT 1`,
    [leadId, destinationId],
  );
