// A delivery that breaks its claim or its departure whatever is tried: it waits, with its reason and an alert, and is tried again.
// Invariant: nothing of it has left; the database's own trouble is no delivery's fault.
import { reasonWith } from '../../domain/delivery.ts';
import { foreignCode } from '../../errors.ts';
import { raiseBroken } from '../../store/broken-alerts.ts';
import { waitUnclaimed, waitUndeparted, type BrokenWait } from '../../store/broken-deliveries.ts';
import { isStoreTrouble, type Sql } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries.ts';
import type { ClaimLoad } from './claim-together.ts';
import type { Claim, ClaimedDelivery } from './claim.ts';
import type { Order, TripNeeds } from './trip.ts';

const againMs = 5 * 60_000;

/** Undefined: it cannot be claimed, and waits. */
export async function claimOrWait(
  needs: TripNeeds,
  { destinationId, jobs, batch }: Order,
  load: ClaimLoad,
): Promise<Claim | undefined> {
  try {
    return await needs.claim(destinationId, load);
  } catch (error) {
    if (isStoreTrouble(error) || batch !== undefined) throw error;
  }
  // Once more, without what was written ahead: the claim is then nothing but a claim.
  const { written: _written, ...bare } = load;
  try {
    return await needs.claim(destinationId, bare);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    for (const { deliveryId, run, attempt } of jobs)
      await tellBroken(needs, deliveryId, { step: 'CLAIM', error }, (tx, wait) =>
        waitUnclaimed(tx, { id: deliveryId, run, attempt: attempt - 1 }, wait),
      );
    return undefined;
  }
}

/** What was claimed and broke before it departed. @throws the error where it is the database's, a file's, or may have left */
export async function waitBroken(
  needs: TripNeeds,
  rows: readonly ClaimedDelivery[],
  error: unknown,
): Promise<void> {
  if (isStoreTrouble(error) || rows.some(({ batchId }) => batchId > 0)) throw error;
  for (const { id, leaseToken } of rows) {
    const waits = await tellBroken(needs, id, { step: 'DEPARTURE', error }, (tx, wait) =>
      waitUndeparted(tx, { id, leaseToken }, wait),
    );
    if (!waits) throw error;
  }
}

/** False: it has moved on, and nothing is told. One that cannot even be made to wait is told of. */
async function tellBroken(
  { database, log }: TripNeeds,
  id: number,
  { step, error }: { readonly step: 'CLAIM' | 'DEPARTURE'; readonly error: unknown },
  wait: (tx: Sql, how: BrokenWait) => Promise<boolean>,
): Promise<boolean> {
  const [row] = await readDeliveries(database, [id]);
  if (row === undefined) return false;
  const code = foreignCode(error);
  const { clientId, destinationId } = row;
  const raise = (sql: Sql): Promise<void> =>
    raiseBroken(sql, { clientId, destinationId, deliveryId: id, step, code });
  const waits = await database
    .transaction(async (tx) => {
      const done = await wait(tx, { reason: reasonWith('broken', code), afterMs: againMs });
      if (done) await raise(tx);
      return done;
    })
    .catch(async (failure: unknown) => {
      if (isStoreTrouble(failure)) throw failure;
      await raise(database);
      return true;
    });
  if (waits) log.error('delivery.broken', { loop: step, destination: destinationId, delivery: id, code });
  return waits;
}
