// Stores the recipients that a request must reach and the state of each, and reads their deliveries and log entries.
// Invariant: the recipients of a lead are read from its deliveries and the log before the request is applied to it.
import type { Action } from '../../../connectors/contract.ts';
import type { FollowUp, RecipientState, RequestKind } from '../../domain/requests.ts';
import { type ReadOnlySql, type Sql, columnOf, firstValue, hasRow } from '../database.ts';
import { assignments, insertRows } from '../columns.ts';

export interface RequestRecipient {
  readonly requestId: number;
  readonly leadId: number;
  readonly destinationId: string;
  readonly clientId: string;
  readonly recipient: string;
  readonly handedOverAt: Date | null;
  readonly action: 'update' | 'erase' | 'restrict';
  readonly revision: number;
  readonly state: RecipientState;
  readonly cause: string;
  readonly deliveryId: number;
  readonly askedAt: Date | null;
  readonly reminders: number;
  readonly settledAt: Date | null;
  readonly settledBy: string;
  readonly evidence: string;
  /** The centre's reference of the lead. */
  readonly reference: string;
}

const columns = `r.request_id AS requestId, r.lead_id AS leadId, r.destination_id AS destinationId, r.client_id AS clientId,
  r.recipient, r.handed_over_at AS handedOverAt, r.action, r.revision, r.state, r.cause, r.delivery_id AS deliveryId,
  r.asked_at AS askedAt, r.reminders, r.settled_at AS settledAt, r.settled_by AS settledBy, r.evidence, l.reference`;

export type Receiver = Pick<RequestRecipient, 'destinationId' | 'recipient' | 'handedOverAt'>;

/**
 * Recipients of a lead: those that have it or may have it (a delivery was accepted, or left with an unknown outcome); of an erasure,
 * as the planner informs them, everybody it left for, since who refuses a lead has seen it. The log names the recipient of the last
 * departure; when its month is archived, the name is empty.
 */
export async function receiversOf(sql: Sql, leadId: number, kind: RequestKind): Promise<readonly Receiver[]> {
  const rows = await sql.all<{ destinationId: string; firstDepartedAt: Date | null }>(
    `SELECT destination_id AS destinationId, MAX(first_departed_at) AS firstDepartedAt
       FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id = ? AND action IN ('create', 'update') AND departures > 0
        AND (? OR state IN ('delivered', 'pending', 'sending') OR maybe_received = 1)
      GROUP BY destination_id ORDER BY destination_id`,
    [leadId, kind === 'erasure'],
  );
  const named = await sql.all<{ destinationId: string; recipient: string; at: Date }>(
    `SELECT destination_id AS destinationId, recipient, at FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND entry = 'departed' ORDER BY id`,
    [leadId],
  );
  const last = new Map(named.map((entry) => [entry.destinationId, entry]));
  return rows.map(({ destinationId, firstDepartedAt }) => ({
    destinationId,
    recipient: last.get(destinationId)?.recipient ?? '',
    handedOverAt: last.get(destinationId)?.at ?? firstDepartedAt,
  }));
}

type Owed = Pick<RequestRecipient, 'requestId' | 'leadId' | 'clientId' | 'action' | 'revision'>;

/** Inserts recipients; one that is listed already stays as it is. */
export const insertRecipients = (
  tx: Sql,
  { requestId, leadId, clientId, action, revision }: Owed,
  receivers: readonly Receiver[],
): Promise<void> =>
  insertRows(
    tx,
    'request_recipients',
    receivers.map(({ destinationId, recipient, handedOverAt }) => ({
      requestId,
      leadId,
      destinationId,
      clientId,
      recipient,
      handedOverAt,
      action,
      revision,
    })),
    'request_id = VALUES(request_id)',
  );

export const readRecipients = (sql: ReadOnlySql, requestId: number): Promise<readonly RequestRecipient[]> =>
  sql.all<RequestRecipient>(
    `SELECT ${columns} FROM request_recipients r JOIN leads l ON l.id = r.lead_id
      WHERE r.request_id = ? ORDER BY r.destination_id, r.lead_id`,
    [requestId],
  );

export const openRecipients = async (
  sql: ReadOnlySql,
  requestIds: readonly number[],
): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      sql,
      `SELECT DISTINCT request_id AS id FROM request_recipients
      WHERE request_id IN (?) AND state IN ('owed', 'written', 'told')`,
      [requestIds],
    ),
  );

/** Requests with an unsettled recipient, in id order. */
export const requestsWithOpenRecipients = (
  sql: ReadOnlySql,
  after: number,
  limit: number,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT DISTINCT request_id AS id FROM request_recipients FORCE INDEX (request_recipients_open)
      WHERE state IN ('owed', 'written', 'told') AND request_id > ? ORDER BY request_id LIMIT ${Math.trunc(limit)}`,
    [after],
  );

/** Deliveries that carry a change of a lead to a destination, oldest first. */
export async function followUps(
  sql: Sql,
  {
    leadId,
    destinationId,
    action,
    revision,
  }: Pick<RequestRecipient, 'leadId' | 'destinationId' | 'action' | 'revision'>,
): Promise<readonly FollowUp[]> {
  const actions: readonly Action[] = action === 'erase' ? ['erase'] : ['update', 'create'];
  return sql.all<FollowUp>(
    `SELECT id, state, reason FROM deliveries FORCE INDEX (deliveries_lead)
      WHERE lead_id = ? AND destination_id = ? AND action IN (?) AND revision >= ? ORDER BY id`,
    [leadId, destinationId, actions, revision],
  );
}

/** True while a change of the lead waits to be planned. */
export const isUnplanned = (
  sql: Sql,
  { clientId, leadId, revision }: Pick<RequestRecipient, 'clientId' | 'leadId' | 'revision'>,
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM lead_changes FORCE INDEX (lead_changes_turn)
      WHERE priority IN (0, 1, 2) AND client_id = ? AND lead_id = ? AND revision >= ? LIMIT 1`,
    [clientId, leadId, revision],
  );

type RecipientChange = Pick<RequestRecipient, 'requestId' | 'leadId' | 'destinationId'> &
  Partial<
    Pick<
      RequestRecipient,
      'state' | 'cause' | 'deliveryId' | 'askedAt' | 'reminders' | 'settledAt' | 'settledBy' | 'evidence'
    >
  >;

/** Changes columns of a recipient. The caller has locked the request. */
export async function changeRecipient(tx: Sql, change: RecipientChange): Promise<void> {
  const { requestId, leadId, destinationId, ...rest } = change;
  const names = Object.keys(rest);
  if (names.length === 0) return;
  await tx.run(
    `UPDATE request_recipients SET ${assignments(names)}
      WHERE request_id = ? AND lead_id = ? AND destination_id = ?`,
    [...Object.values(rest), requestId, leadId, destinationId],
  );
}

/** The last target of a lead in the log: a host, or mailboxes separated by commas. */
export const lastTarget = async (sql: ReadOnlySql, leadId: number, destinationId: string): Promise<string> =>
  (await firstValue<string>(
    sql,
    `SELECT target FROM handovers FORCE INDEX (handovers_subject)
      WHERE lead_id = ? AND destination_id = ? AND entry = 'departed' ORDER BY id DESC LIMIT 1`,
    [leadId, destinationId],
  )) ?? '';

// Reads the unsettled recipients of many requests at once, and the deliveries that may notify them.
// Invariant: reads only, without a lock.

export type UnsettledRecipient = Pick<
  RequestRecipient,
  'requestId' | 'leadId' | 'destinationId' | 'action' | 'revision' | 'state' | 'askedAt' | 'reminders'
>;

export async function unsettledRecipients(
  sql: ReadOnlySql,
  requestIds: readonly number[],
): Promise<readonly UnsettledRecipient[]> {
  return sql.all(
    `SELECT request_id AS requestId, lead_id AS leadId, destination_id AS destinationId, action, revision, state,
            asked_at AS askedAt, reminders
       FROM request_recipients FORCE INDEX (PRIMARY)
      WHERE request_id IN (?) AND state IN ('owed', 'written', 'told') ORDER BY request_id, lead_id, destination_id`,
    [requestIds],
  );
}

interface FollowUpOfLead extends FollowUp {
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
    const rows = await sql.all<FollowUpOfLead>(
      `SELECT id, lead_id AS leadId, destination_id AS destinationId, action, revision, state, reason
         FROM deliveries FORCE INDEX (deliveries_lead) WHERE lead_id IN (?) ORDER BY id`,
      [leadIds.slice(from, from + leadsAtOnce)],
    );
    found.push(...rows);
  }
  return found;
}
