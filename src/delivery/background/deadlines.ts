// Moments of deliveries that come by themselves: past their age they fail, and a recipient that decides later is asked again.
// Invariant: nothing waits for ever; the cause of an expiry stays readable.
import { closedFor } from '../../domain/send-policy.ts';
import type { Producer } from '../../queue/producer.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import type { Database, Sql } from '../../store/database.ts';
import { duePending, expiredDeliveries, markAsking, putOffAsking } from '../../store/deadlines.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries.ts';
import { findDestination } from '../../store/destinations.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { wakeSiblings } from '../../store/withheld.ts';
import { markSettled, type Settlement } from '../../store/delivery-settlements.ts';
import type { Published } from '../mapping-cache.ts';
import { entryNames } from '../../store/entry-names.ts';
import { jobOf } from '../planning/push-jobs.ts';

const atOnce = 200;

/** Fails deliveries past their age, in the caller's transaction. Returns how many. */
export async function expireOverdue(tx: Sql): Promise<number> {
  const rows = await readDeliveries(tx, await expiredDeliveries(tx, atOnce));
  await markSettled(tx, rows.map(expiryOf));
  await appendHandovers(
    tx,
    rows.map((row) => ({
      entry: 'expired' as const,
      ...entryNames(row),
      actor: 'planner',
      reason: row.reason,
    })),
  );
  await raiseAlerts(
    tx,
    rows.map((row) => ({
      kind: 'delivery_expired' as const,
      clientId: row.clientId,
      destinationId: row.destinationId,
      deliveryId: row.id,
      reason: row.reason,
    })),
  );
  await wakeSiblings(tx, rows);
  return rows.length;
}

const expiryOf = (row: Delivery): Settlement => ({
  id: row.id,
  state: 'failed',
  // The cause stays readable: `expired:opt_in_missing`.
  reason: row.reason === '' ? 'expired' : `expired:${row.reason.replace(':', '.')}`,
  afterMs: 0,
  spend: false,
  maybeReceived: row.maybeReceived,
  askFirst: false,
  leaveBatch: true,
});

/** Asks the recipients of pending deliveries again; outside the hours of a destination the question waits for its opening. */
export async function askPending({
  database,
  published,
  producer,
}: {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Pick<Producer, 'push'>;
}): Promise<number> {
  const due = await database.transaction(async (tx) => {
    const rows = await duePending(tx, atOnce);
    const asked: (typeof rows)[number][] = [];
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
  });
  for (const [destinationId, group] of Map.groupBy(due, (row) => row.destinationId))
    await producer.push(destinationId, group.map(jobOf)).catch(() => undefined);
  return due.length;
}
