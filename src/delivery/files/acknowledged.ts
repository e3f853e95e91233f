// Continues a file after the lines of its acknowledgement were applied: it ends, is checked again soon, or is sent on with the deliveries
// that no line named.
// Invariant: a file that its recipient acknowledged in part has arrived, whatever the outcome of its leads: it ends as sent.
import { batchDeliveries, deferBatch, endBatch, isUnderWay } from '../../store/batches.ts';
import type { Database } from '../../store/database.ts';
import { readAttempts } from '../../store/deliveries.ts';
import { endIfAcknowledged, isAcknowledged, pendAgain } from '../../store/file-acknowledgements.ts';
import { isWithoutRows, openParts } from '../../store/file-parts.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { endWhole, lockWhole, putOffWhole, type Whole } from '../../store/long-files.ts';
import type { Order, TripNeeds } from '../trip/trip.ts';
import { fileTrip } from '../content/versions.ts';
import { readAcknowledgement, soonMs } from './acknowledgement.ts';
import { outcomeOfFile } from './send-long.ts';

/** The rest of the order: deliveries that no line named. Undefined: none, for now or for good. */
export async function applyAcknowledgement(needs: TripNeeds, order: Order): Promise<Order | undefined> {
  const { batch } = order;
  if (batch === undefined || batch.state === 'open') return order;
  const [job] = order.jobs;
  const [row] = job === undefined ? [] : await readAttempts(needs.database, [job.deliveryId]);
  // Nobody speaks of what has not left.
  if (isUnderWay(batch) && row?.maybeReceived !== true) return order;
  const action = row?.action ?? batch.action;
  const trip = await fileTrip(needs, order, action);
  if (trip === undefined) return order;
  const looked = await readAcknowledgement(needs, trip, { ...batch, sequence: batch.sequence }, action);
  if (looked === 'unread') return order;
  if (!isUnderWay(batch)) return undefined;
  const jobs = (await batchDeliveries(needs.database, batch.id)).map((left) => ({
    deliveryId: left.id,
    run: left.run,
    attempt: left.attempt + 1,
  }));
  if (jobs.length === 0) {
    await needs.database.transaction((tx) => endIfAcknowledged(tx, batch.id));
    return undefined;
  }
  if (looked === 'heard') return { ...order, jobs };
  await pendAgain(needs.database, batch.id);
  await deferBatch(needs.database, batch, soonMs(trip));
  return undefined;
}

/** The lines about a long file, whose lease this attempt has. `on`: it continues as if there were no lines. */
export async function applyLongAcknowledgement(
  needs: TripNeeds,
  order: Order,
  whole: Whole,
): Promise<'on' | 'done'> {
  if (whole.firstSentAt === undefined) return 'on';
  const trip = await fileTrip(needs, order, whole.action);
  if (trip === undefined) return 'on';
  const looked = await readAcknowledgement(needs, trip, whole, whole.action);
  if (looked === 'unread') return 'on';
  if (await isWithoutRows(needs.database, whole.id)) {
    if (!(await isAcknowledged(needs.database, whole.id))) return 'on';
    await endAcknowledgedParts(needs.database, whole);
    await endSent(needs.database, whole);
    return 'done';
  }
  if (looked === 'heard') return 'on';
  await putOffWhole(needs.database, whole, soonMs(trip));
  return 'done';
}

/** Parts of which every row has its line; the others keep their bytes until their rows end. */
export async function endAcknowledgedParts(database: Database, { id }: Pick<Whole, 'id'>): Promise<void> {
  if (!(await isAcknowledged(database, id))) return;
  for (const part of await openParts(database, id))
    if ((await batchDeliveries(database, part.id)).length === 0)
      await database.transaction((tx) => endBatch(tx, part.id, 'sent'));
}

const endSent = (database: Database, whole: Whole): Promise<void> =>
  database.transaction(async (tx) => {
    if (!(await lockWhole(tx, whole))) return;
    await appendHandovers(tx, [outcomeOfFile(whole, { kind: 'accepted' }, 'done')]);
    await endWhole(tx, whole.id, 'sent');
  });
