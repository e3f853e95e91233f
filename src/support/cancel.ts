// Cancels deliveries that are not being sent, for support; recorded with actor and reason.
// Invariant: a cancelled withdrawal or erasure that the recipient of the lead has not received opens a manual task.
import { isEnd } from '../domain/delivery.ts';
import { raiseAlerts } from '../store/alerts.ts';
import type { Database, Sql } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries, type Delivery } from '../store/deliveries.ts';
import { appendHandovers, entryNames } from '../store/handovers.ts';
import { lockLeads, readLeads } from '../store/leads.ts';
import { cancelUnsent } from '../store/planned-deliveries.ts';
import { wakeSiblings } from '../store/restrictions.ts';
import { markSettled } from '../store/delivery-settlements.ts';
import { manualTaskFor } from '../delivery/outcome/follow-ups.ts';
import { carriesRight } from '../delivery/content/rights.ts';
import { unspent } from '../delivery/outcome/effects.ts';
import type { Actor } from './replay.ts';

export interface Cancelled {
  readonly ended: readonly number[];
  /** Those of which a person has to notify the recipient now. */
  readonly byHand: readonly number[];
}

export const cancel = (database: Database, ids: readonly number[], by: Actor): Promise<Cancelled> =>
  database.transaction((tx) => cancelIn(tx, ids, by));

/** The same in a transaction of the caller's. */
export async function cancelIn(tx: Sql, ids: readonly number[], by: Actor): Promise<Cancelled> {
  await lockLeads(
    tx,
    (await readDeliveries(tx, ids)).map((row) => row.leadId),
  );
  const ended = await cancelUnsent(tx, ids, 'by_support', true);
  const rows = await readDeliveries(tx, ended);
  const rights = await unheardRights(tx, rows);
  await appendHandovers(
    tx,
    rows.map((row) => ({
      entry: 'cancelled' as const,
      ...entryNames(row),
      actor: by.actor,
      purpose: by.reason,
      reason: rights.includes(row) ? manualTaskFor(row).reason : 'by_support',
    })),
  );
  await markSettled(
    tx,
    rights.map((row) => unspent(row, manualTaskFor(row).state, manualTaskFor(row).reason, 0, true)),
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
    const mayHold = pair.some(
      (other) => other.action !== 'erase' && (other.state === 'delivered' || other.maybeReceived),
    );
    const followed = pair.some(
      (other) =>
        other.id > row.id &&
        (other.action === row.action || other.action === 'erase') &&
        (!isEnd(other.state) || ended.has(other.id)),
    );
    return mayHold && !followed;
  });
}
