// Writes the plan of a batch of changes: cancellations, reopenings, deliveries, refusals, entries of the log and alerts.
// Invariant: a planned delivery that cannot leave is in the log from the start.
import { raiseAlerts, type Alert } from '../../store/alerts/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { deliveriesByKeys, readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import type { DueJobAt } from '../../store/deliveries/due-work.ts';
import { appendHandovers, type Handover, entryAbout } from '../../store/log/handovers.ts';
import {
  cancelUnsent,
  insertDeliveries,
  insertRoutingRefusals,
} from '../../store/deliveries/planned-deliveries.ts';
import { reopenWithheld } from '../../store/leads/restrictions.ts';
import { withoutRepeats } from './hourly-alerts.ts';
import type { Insert, PlanWork } from './plan-change.ts';

/** Everything of a batch, in the transaction of the caller. Returns the jobs of the deliveries that are queued at once. */
export async function writePlan(tx: Sql, work: PlanWork): Promise<readonly DueJobAt[]> {
  const handovers: Handover[] = [];
  for (const cancel of work.cancels) {
    const ended = await cancelUnsent(tx, cancel.ids, cancel.reason, cancel.includeDeparted);
    for (const row of await readDeliveries(tx, ended))
      handovers.push(entryAbout(row, 'cancelled', 'planner', { reason: cancel.reason }));
  }
  for (const row of await readDeliveries(tx, await reopenWithheld(tx, [...work.reopens])))
    handovers.push(entryAbout(row, 'reopened', 'planner'));
  const queued = await insertDeliveries(tx, work.inserts);
  const still = await stillHere(tx, work.inserts);
  handovers.push(...still.map(entryOfStill));
  await insertRoutingRefusals(tx, work.refusals);
  await appendHandovers(tx, handovers);
  // An alert that knows its delivery is one task with it, and is closed with it.
  const ids = new Map(still.map((row) => [row.key, row.id]));
  const alerts = work.alerts.map(({ key, ...alert }): Alert => {
    const deliveryId = ids.get(key);
    return alert.kind !== 'manual_task' || deliveryId === undefined ? alert : { ...alert, deliveryId };
  });
  await raiseAlerts(tx, await withoutRepeats(tx, alerts));
  return queued;
}

/** A planned delivery that cannot leave is in the log from the start (C09); one that can leave gets its entry when it departs. */
async function stillHere(tx: Sql, inserts: readonly Insert[]): Promise<readonly Delivery[]> {
  const still = inserts.filter(({ state }) => state === 'withheld' || state === 'failed');
  return deliveriesByKeys(
    tx,
    still.map((insert) => insert.key),
  );
}

const entryOfStill = (row: Delivery): Handover =>
  entryAbout(row, row.state === 'withheld' ? 'withheld' : 'invalid', 'planner', { reason: row.reason });
