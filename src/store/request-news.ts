// Reads the unsettled recipients of many requests at once, and the deliveries that may notify them.
// Invariant: reads only, without a lock.
import type { Action } from '../../connectors/contract.ts';
import type { FollowUp } from '../domain/requests.ts';
import { inList, type ReadOnlySql } from './database.ts';
import type { RequestRecipient } from './request-recipients.ts';

export type UnsettledRecipient = Pick<
  RequestRecipient,
  'requestId' | 'leadId' | 'destinationId' | 'action' | 'revision' | 'state' | 'askedAt' | 'reminders'
>;

export async function unsettledRecipients(
  sql: ReadOnlySql,
  requestIds: readonly number[],
): Promise<readonly UnsettledRecipient[]> {
  if (requestIds.length === 0) return [];
  const { marks, values } = inList(requestIds);
  return sql.all(
    `SELECT request_id AS requestId, lead_id AS leadId, destination_id AS destinationId, action, revision, state,
            asked_at AS askedAt, reminders
       FROM request_recipients FORCE INDEX (PRIMARY)
      WHERE request_id IN (${marks}) AND state IN ('owed', 'written', 'told') ORDER BY request_id, lead_id, destination_id`,
    values,
  );
}

export interface FollowUpOfLead extends FollowUp {
  readonly leadId: number;
  readonly destinationId: string;
  readonly action: Action;
  readonly revision: number;
}

const leadsAtOnce = 500;

/** Every delivery of these leads that may carry a change or an erasure, oldest first. */
export async function allFollowUps(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<readonly FollowUpOfLead[]> {
  const found: FollowUpOfLead[] = [];
  for (let from = 0; from < leadIds.length; from += leadsAtOnce) {
    const { marks, values } = inList(leadIds.slice(from, from + leadsAtOnce));
    const rows = await sql.all<FollowUpOfLead>(
      `SELECT id, lead_id AS leadId, destination_id AS destinationId, action, revision, state, reason
         FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id IN (${marks}) ORDER BY id`,
      values,
    );
    found.push(...rows);
  }
  return found;
}
