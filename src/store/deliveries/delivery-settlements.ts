// Settles deliveries, brings next tries forward, and keeps or deletes the recipient's references.
// Invariant: only the current fencing token settles a leased row; due times use the database's clock; a reference that may name a
// person is not kept, whatever its source (guarantee 7).
import { safeReference, type DeliveryState } from '../../domain/delivery.ts';
import { inList, type Sql, hasRow } from '../database.ts';
import { columnsById, heldClause, together, type Lease } from './leases.ts';

export interface Settlement {
  readonly id: number;
  readonly state: DeliveryState;
  readonly reason: string;
  /** Delay to the next try, ms from now; ignored for end states. */
  readonly afterMs: number;
  readonly spend: boolean;
  readonly maybeReceived: boolean;
  readonly askFirst: boolean;
  readonly reference?: string | undefined;
  /** Leaves its batch (voided, withheld, or done). */
  readonly leaveBatch: boolean;
  /** The recipient was asked, and does not know it. */
  readonly notFound?: boolean;
}

/**
 * Settles rows without a lease, or rows under their `leases`, which may name others besides.
 * Returns false when one of those leases is lost: the caller must roll back.
 */
export async function markSettled(
  tx: Sql,
  settlements: readonly Settlement[],
  leases?: readonly Lease[],
): Promise<boolean> {
  for (let start = 0; start < settlements.length; start += together)
    if (!(await settleTogether(tx, settlements.slice(start, start + together), leases))) return false;
  return true;
}

const columnsOf = (one: Settlement) =>
  [
    one.spend ? 1 : 0,
    one.maybeReceived ? 1 : 0,
    one.askFirst ? 1 : 0,
    safeReference(one.reference) ?? '',
    one.leaveBatch ? 1 : 0,
    one.notFound === true ? 1 : 0,
    one.reason.slice(0, 80),
    Math.round(one.afterMs * 1000),
    one.state,
  ] as const;

async function settleTogether(
  tx: Sql,
  settlements: readonly Settlement[],
  leases: readonly Lease[] | undefined,
): Promise<boolean> {
  const tokens = new Map<number, number>();
  for (const { id, token } of leases ?? []) tokens.set(id, token);
  const ids: number[] = [];
  const named: Lease[] = [];
  for (const { id } of settlements) {
    ids.push(id);
    named.push({ id, token: tokens.get(id) ?? 0 });
  }
  const held = leases === undefined ? { sql: '', values: [] } : heldClause(named);
  const list = inList(ids);
  const [spend, received, ask, reference, leave, notFound, reason, after, state] = columnsById(
    ids,
    settlements.map(columnsOf),
  );
  const { affected } = await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET
        spent = spent + ${spend.sql},
        maybe_received = ${received.sql},
        ask_first = ${ask.sql},
        recipient_reference = COALESCE(NULLIF(${reference.sql}, ''), recipient_reference),
        batch_id = IF(${leave.sql} = 1, 0, batch_id),
        not_found_since = IF(${notFound.sql} = 1, COALESCE(not_found_since, UTC_TIMESTAMP(3)), NULL),
        reason = ${reason.sql},
        due_at = TIMESTAMPADD(MICROSECOND, ${after.sql}, UTC_TIMESTAMP(3)),
        lease_until = NULL,
        lease_owner = NULL,
        state = ${state.sql},
        pending_since = IF(state = 'pending', COALESCE(pending_since, UTC_TIMESTAMP(3)), pending_since),
        settled_at = IF(state IN ('delivered', 'failed', 'cancelled'), UTC_TIMESTAMP(3), NULL)
      WHERE id IN (${list.marks}) ${held.sql}`,
    [
      ...spend.values,
      ...received.values,
      ...ask.values,
      ...reference.values,
      ...leave.values,
      ...notFound.values,
      ...reason.values,
      ...after.values,
      ...state.values,
      ...list.values,
      ...held.values,
    ],
  );
  return leases === undefined || affected === settlements.length;
}

/** Shorter delays are not brought forward: each run can be only once. */
const worthSeconds = 10;

/**
 * Makes the next try of deliveries that wait after a technical failure due now, unless they are in a file. Once per run: a lead
 * that its recipient cannot process would use up its tries on the successes of others.
 */
export async function bringForward(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList([...ids].sort((a, b) => a - b));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET due_at = LEAST(due_at, UTC_TIMESTAMP(3)), forwarded_run = run
      WHERE id IN (${marks}) AND state = 'waiting' AND batch_id = 0 AND reason LIKE 'retry:%' AND forwarded_run < run
        AND due_at > TIMESTAMPADD(SECOND, ${worthSeconds}, UTC_TIMESTAMP(3))`,
    values,
  );
}

/**
 * Deletes the references that the CRM gave, after an erasure succeeded: they are personal data. A failed erase keeps them for its replay.
 */
export async function forgetReferences(
  tx: Sql,
  pairs: readonly { readonly leadId: number; readonly destinationId: string }[],
): Promise<void> {
  for (const pair of pairs) {
    await tx.run(
      'UPDATE deliveries FORCE INDEX (deliveries_lead) SET recipient_reference = NULL WHERE lead_id = ? AND destination_id = ?',
      [pair.leadId, pair.destinationId],
    );
  }
}

export interface LateReference {
  readonly deliveryId: number;
  readonly run: number;
  readonly leadId: number;
  readonly destinationId: string;
  readonly reference: string;
}

/**
 * Stores references from late answers: without one, the delivery could be neither updated nor erased automatically. The caller has
 * locked the leads.
 */
export async function keepLateReferences(tx: Sql, late: readonly LateReference[]): Promise<void> {
  for (const { deliveryId, run, reference, ...pair } of late) {
    const kept = safeReference(reference);
    if (kept === undefined || !(await mayKeepReference(tx, pair))) continue;
    await tx.run(
      'UPDATE deliveries FORCE INDEX (PRIMARY) SET recipient_reference = ? WHERE id = ? AND run = ? AND recipient_reference IS NULL',
      [kept, deliveryId, run],
    );
  }
}

/**
 * True while a reference that the CRM gave may be kept: for an erased lead only until its erasure has used it. The caller has
 * locked the lead.
 */
export const mayKeepReference = (
  tx: Sql,
  { leadId, destinationId }: { readonly leadId: number; readonly destinationId: string },
): Promise<boolean> =>
  hasRow(
    tx,
    `SELECT 1 FROM leads l WHERE l.id = ? AND (l.erased_at IS NULL
       OR EXISTS (SELECT 1 FROM deliveries d FORCE INDEX (deliveries_lead) WHERE d.lead_id = l.id AND d.destination_id = ?
                   AND d.action = 'erase' AND d.state NOT IN ('delivered', 'cancelled')
                   AND NOT EXISTS (SELECT 1 FROM task_closings t WHERE t.delivery_id = d.id AND t.run = d.run))
       OR EXISTS (SELECT 1 FROM lead_changes c WHERE c.lead_id = l.id AND c.kind = 'erased'))`,
    [leadId, destinationId],
  );
