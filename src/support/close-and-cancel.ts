// Closes failed deliveries and alerts that need no person any more, for support.
// Invariant: closing changes no delivery; it is an entry of the log with actor, reason and evidence.
import { RelaisError } from '../errors.ts';
import { forgetCaptures } from '../store/deliveries/calls.ts';
import type { Database, Sql } from '../store/database.ts';
import {
  lockDeliveries,
  readDeliveries,
  deliveriesOfLeads,
  type Delivery,
} from '../store/deliveries/deliveries.ts';
import { appendHandovers, entryNames } from '../store/log/handovers.ts';
import { forgetReferences, markSettled } from '../store/deliveries/delivery-settlements.ts';
import { refuseNames } from '../store/people/persons-names.ts';
import { closeAlerts, closeAlertsOf, closedAmong, insertClosings } from '../store/alerts/tasks.ts';
import { closingText } from './typed-text.ts';
import { stateWords } from './words.ts';
import { isEnd, mayBeHeld } from '../domain/delivery.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import { lockLeads, readLeads } from '../store/leads/leads.ts';
import { cancelUnsent } from '../store/deliveries/planned-deliveries.ts';
import { wakeSiblings } from '../store/leads/restrictions.ts';
import { manualTaskFor } from '../delivery/outcome/follow-ups.ts';
import { carriesRight } from '../delivery/content/rights.ts';
import { unspent } from '../delivery/outcome/effects.ts';
import type { Actor } from './replay.ts';

export interface Closing {
  readonly actor: string;
  readonly reason: string;
  /** The written evidence: a mail of the client, a ticket; no name or address of a person. */
  readonly evidence: string;
}

/**
 * Closes failed deliveries in the run they failed in. Those closed before are left as they are. Returns how many closed now.
 * @throws TASK-001 when one of them is not failed; then none is closed
 */
export const closeDeliveries = (database: Database, ids: readonly number[], by: Closing): Promise<number> =>
  database.transaction((tx) => closeDeliveriesIn(tx, ids, by));

/** The same in a transaction of the caller's. */
export async function closeDeliveriesIn(tx: Sql, ids: readonly number[], by: Closing): Promise<number> {
  const { closed, notFailed } = await closeIn(tx, ids, by);
  if (notFailed.length > 0)
    throw new RelaisError('TASK-001', [
      `Pas en échec, donc rien à classer : ${notFailed.map(({ id, state }) => `${id} (${stateWords[state][0]})`).join(', ')}.`,
      `Not failed, so there is nothing to close: ${notFailed.map(({ id, state }) => `${id} (${state})`).join(', ')}.`,
    ]);
  return closed.length;
}

/** Closes those that are failed; what is not, or was closed before, stays as it is. */
export async function closeIn(
  tx: Sql,
  ids: readonly number[],
  by: Closing,
): Promise<{
  readonly closed: readonly number[];
  readonly closedBefore: readonly number[];
  readonly notFailed: readonly Delivery[];
}> {
  const rows = await lockDeliveries(tx, ids);
  const failed = rows.filter((row) => row.state === 'failed');
  const before = await closedAmong(tx, ids);
  const closing = failed.filter((row) => !before.has(row.id));
  await insertClosings(tx, closing);
  const closed = closing.map((row) => row.id);
  await closeAlertsOf(tx, closed);
  await appendHandovers(tx, closing.map(entryOf(by)));
  // They were kept for the person who asked the recipient to erase it by hand, and are no longer needed.
  const erased = closing.filter((row) => row.action === 'erase');
  await forgetReferences(tx, erased);
  await forgetCaptures(tx, erased);
  return {
    closed,
    closedBefore: failed.filter((row) => before.has(row.id)).map((row) => row.id),
    notFailed: rows.filter((row) => row.state !== 'failed'),
  };
}

const entryOf = (by: Closing) => (row: Delivery) => ({
  entry: 'closed' as const,
  ...entryNames(row),
  actor: by.actor,
  purpose: closingText(by),
  reason: row.reason,
});

/** @throws TASK-001 when one is closed already or does not exist; then none is closed */
export async function closeAlertsIn(tx: Sql, ids: readonly number[], by: Closing): Promise<number> {
  const closed = await closeAlerts(tx, ids);
  const missing = ids.filter((id) => !closed.some((alert) => alert.id === id));
  if (missing.length > 0)
    throw new RelaisError('TASK-001', [
      `Aucune alerte ouverte n’a ce numéro : ${missing.map((id) => `A${id}`).join(', ')}.`,
      `No open alert has this number: ${missing.map((id) => `A${id}`).join(', ')}.`,
    ]);
  const rows = await readDeliveries(
    tx,
    closed.map(({ deliveryId }) => deliveryId),
  );
  await refuseNames(
    tx,
    rows.map(({ leadId }) => leadId),
    closingText(by),
  );
  await appendHandovers(
    tx,
    closed.map((alert) => ({
      entry: 'closed' as const,
      clientId: alert.clientId,
      destinationId: alert.destinationId,
      deliveryId: alert.deliveryId,
      actor: by.actor,
      purpose: closingText(by),
      reason: alert.kind,
    })),
  );
  return closed.length;
}

// Cancels deliveries that are not being sent, for support; recorded with actor and reason.
// Invariant: a cancelled withdrawal or erasure that the recipient of the lead has not received opens a manual task.

export interface Cancelled {
  readonly ended: readonly number[];
  /** Those of which a person has to notify the recipient now. */
  readonly byHand: readonly number[];
}

export async function cancelIn(
  tx: Sql,
  ids: readonly number[],
  by: Pick<Actor, 'actor'> & Partial<Actor>,
  why: 'by_support' | 'contract_ended' = 'by_support',
): Promise<Cancelled> {
  await lockLeads(
    tx,
    (await readDeliveries(tx, ids)).map((row) => row.leadId),
  );
  const ended = await cancelUnsent(tx, ids, why, true);
  const rows = await readDeliveries(tx, ended);
  const rights = await unheardRights(tx, rows);
  await appendHandovers(
    tx,
    rows.map((row) => ({
      entry: 'cancelled' as const,
      ...entryNames(row),
      actor: by.actor,
      purpose: by.reason,
      reason: rights.includes(row) ? manualTaskFor(row).reason : why,
    })),
    { moved: why === 'contract_ended' ? 'taken' : 'refused' },
  );
  await markSettled(
    tx,
    rights.map((row) => unspent(row, manualTaskFor(row).state, manualTaskFor(row).reason)),
  );
  await raiseAlerts(
    tx,
    rights.map((row) => ({
      kind: 'manual_task' as const,
      clientId: row.clientId,
      destinationId: row.destinationId,
      deliveryId: row.id,
      reason: manualTaskFor(row).reason,
    })),
  );
  await wakeSiblings(tx, rows);
  return { ended, byHand: rights.map((row) => row.id) };
}

/** True where support may cancel it: neither being sent nor ended. */
export const isCancellable = ({ state }: Delivery): boolean => !isEnd(state) && state !== 'sending';

/** Cancelled deliveries that carried a right to a recipient that may have the lead, without a later delivery that carries it. */
async function unheardRights(tx: Sql, rows: readonly Delivery[]): Promise<readonly Delivery[]> {
  const changes = rows.filter((row) => row.action !== 'create');
  const leadIds = changes.map((row) => row.leadId);
  const leads = await readLeads(tx, leadIds);
  const all = await deliveriesOfLeads(tx, leadIds);
  const ended = new Set(rows.map((row) => row.id));
  return changes.filter((row) => {
    const lead = leads.get(row.leadId)?.lead;
    if (lead === undefined || !carriesRight(row, lead, tx.now())) return false;
    const pair = all.filter(
      (other) => other.leadId === row.leadId && other.destinationId === row.destinationId,
    );
    const mayHold = pair.some(mayBeHeld);
    const followed = pair.some(
      (other) =>
        other.id > row.id &&
        (other.action === row.action || other.action === 'erase') &&
        (!isEnd(other.state) || ended.has(other.id)),
    );
    return mayHold && !followed;
  });
}
