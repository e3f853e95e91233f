// Expires deliveries past their age, and looks up again those that a recipient decides later.
// Invariant: nothing waits for ever; the cause of an expiry remains readable.
import { reasonWith } from '../../domain/delivery.ts';
import { closedFor } from '../../domain/send-policy.ts';
import type { Producer } from '../../queue/producer.ts';
import { raiseAlerts, alertAbout } from '../../store/alerts/alerts.ts';
import type { Sql } from '../../store/database.ts';
import {
  duePending,
  expiredDeliveries,
  markAsking,
  pendingNames,
  putOffAsking,
} from '../../store/deliveries/deadlines.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import type { DueJobAt } from '../../store/deliveries/due-work.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import type { Which } from '../../store/named-rows.ts';
import { wakeSiblings } from '../../store/leads/restrictions.ts';
import { markSettled, type Settlement } from '../../store/deliveries/delivery-settlements.ts';
import { unitOf, type Quarantine, type RowWork } from '../trip/quarantine.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { jobOf } from '../planning/push-jobs.ts';
import { unspent } from '../outcome/effects.ts';

const atOnce = 200;

/** Deliveries past their age. */
export const overdueRows: RowWork<Delivery> = {
  run: expireOverdue,
  due: async (sql, which) =>
    (await expiredDeliveries(sql, { limit: atOnce, which, locked: false })).map((row) => unitOf([row])),
};

/** Fails deliveries past their age, in the caller's transaction. */
async function expireOverdue(tx: Sql, which: Which): Promise<readonly Delivery[]> {
  const names = await expiredDeliveries(tx, { limit: atOnce, which, locked: true });
  const rows = await readDeliveries(
    tx,
    names.map(({ id }) => id),
  );
  await markSettled(tx, rows.map(expiryOf));
  await appendHandovers(
    tx,
    rows.map((row) => entryAbout(row, 'expired', 'planner', { reason: row.reason })),
  );
  await raiseAlerts(
    tx,
    rows.map((row) => alertAbout(row, 'delivery_expired', row.reason)),
  );
  await wakeSiblings(tx, rows);
  return rows;
}

/** The cause stays readable: `expired:opt_in_missing`. */
const expiryOf = (row: Delivery): Settlement => ({
  ...unspent(row, 'failed', reasonWith('expired', row.reason.replace(':', '.'))),
  askFirst: false,
});

/** Recipients of pending deliveries that are due; outside the hours of a destination the question waits for its opening. */
const pendingRows = (published: Published): RowWork<DueJobAt> => ({
  run: async (tx, which) => {
    const rows = await duePending(tx, atOnce, which);
    const asked: DueJobAt[] = [];
    for (const [destinationId, group] of Map.groupBy(rows, (row) => row.destinationId)) {
      const ids = group.map((row) => row.deliveryId);
      const destination = await findDestination(tx, destinationId);
      const mapping = await published.version(destination?.mappingVersionId ?? 0);
      const closed = closedFor(mapping?.limits.hours, tx.now().getTime());
      if (closed === undefined) asked.push(...group);
      else await putOffAsking(tx, ids, new Date(tx.now().getTime() + closed.afterMs));
    }
    await markAsking(
      tx,
      asked.map((row) => row.deliveryId),
    );
    return asked;
  },
  due: async (sql, which) =>
    (await pendingNames(sql, { limit: atOnce, which, locked: false })).map((row) => unitOf([row])),
});

/** Asks the recipients of pending deliveries again. */
export async function askPending(
  { published, producer }: { readonly published: Published; readonly producer: Pick<Producer, 'push'> },
  quarantine: Quarantine,
): Promise<number> {
  const asked = await quarantine.rows(pendingRows(published));
  for (const [destinationId, group] of Map.groupBy(asked, (row) => row.destinationId))
    await producer.push(destinationId, group.map(jobOf)).catch(() => undefined);
  return asked.length;
}
