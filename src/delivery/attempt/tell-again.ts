// Sends an erasure or an update once more when a delivery arrived behind it, and alerts support.
// Invariant: the caller holds the lock of the lead; every door that learns of a late arrival calls this.
import type { Outcome } from '../../../connectors/contract.ts';
import { afterLate, mayHaveCome } from '../../domain/late-arrival.ts';
import type { Alert } from '../../store/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { deliveriesOfLeads, lockDeliveries, type Delivery } from '../../store/deliveries.ts';
import { entryNames } from '../../store/entry-names.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { lockLeads } from '../../store/leads.ts';
import { openRun, startOver } from '../../store/support-writes.ts';

export interface LateArrival {
  readonly row: Pick<Delivery, 'id' | 'action' | 'leadId' | 'clientId' | 'destinationId'>;
  readonly outcome: Outcome;
}

/** @returns the alerts to raise */
export async function tellAgain(tx: Sql, arrivals: readonly LateArrival[]): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  for (const { row, outcome } of arrivals) {
    if (row.action === 'erase' || !mayHaveCome(outcome)) continue;
    const isErased = (await lockLeads(tx, [row.leadId])).get(row.leadId)?.erased ?? true;
    const pair = (await deliveriesOfLeads(tx, [row.leadId])).filter(
      ({ destinationId }) => destinationId === row.destinationId,
    );
    const after = afterLate(row, pair, isErased);
    if (after.next === 'nothing') continue;
    const deliveryId = after.next === 'tell_again' ? after.id : row.id;
    const isTold = after.next === 'tell_again' && (await sentOnceMore(tx, after.id));
    const { clientId, destinationId } = row;
    const reason = isTold ? 'TOLD_AGAIN' : 'NOT_TOLD_AGAIN';
    alerts.push({ kind: 'late_arrival', clientId, destinationId, deliveryId, reason });
  }
  return alerts;
}

/** Under a new key: an idempotent recipient would answer the old one from its memory. */
async function sentOnceMore(tx: Sql, id: number): Promise<boolean> {
  const [row] = await lockDeliveries(tx, [id]);
  if (row === undefined) return false;
  const maxAgeMs = row.expiresAt.getTime() - row.createdAt.getTime();
  if (!(await openRun(tx, row, { newKey: true, askFirst: false, maxAgeMs, alsoUnderWay: true })))
    return false;
  await startOver(tx, id);
  await appendHandovers(tx, [
    {
      entry: 'replayed',
      ...entryNames(row),
      run: row.run + 1,
      actor: 'worker',
      purpose: 'late arrival',
      reason: 'new_run',
    },
  ]);
  return true;
}
