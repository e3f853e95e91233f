// A delivery that breaks its claim or its departure whatever is tried: it waits, with its reason and an alert, and is tried again.
// Invariant: nothing of it has left; the database's own trouble is no delivery's fault.
import { reasonWith } from '../../domain/delivery.ts';
import { foreignCode } from '../../errors.ts';
import { raiseBroken } from '../../store/broken-alerts.ts';
import { deferBatch } from '../../store/batches.ts';
import { waitUnclaimed, waitUndeparted, type BrokenWait } from '../../store/broken-deliveries.ts';
import { isStoreTrouble, type Sql } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries.ts';
import type { FileBatch } from '../files/file-parcel.ts';
import type { ClaimLoad } from './claim-together.ts';
import { claimDeliveries, type Claim, type ClaimedDelivery, type ClaimJob } from './claim.ts';
import { breakingDeparture } from './break-apart.ts';
import type { Departure } from './departure-entries.ts';
import { brokenAtMost, halved } from './halving.ts';
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
    if (isStoreTrouble(error)) throw error;
    if (batch !== undefined) return leaveUnclaimed(needs, batch, load, error);
  }
  // Once more, without what was written ahead: the claim is then nothing but a claim.
  const { written: _written, ...bare } = load;
  try {
    return await needs.claim(destinationId, bare);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    for (const job of jobs) await tellUnclaimed(needs, job, error);
    return undefined;
  }
}

/**
 * The rows that break the claim of their file wait outside it, and the others leave. A file that may have left would be another one
 * without them (guarantee 4): it waits, and is told of.
 * @throws the error where no row breaks it alone, or all of them do
 */
async function leaveUnclaimed(
  needs: TripNeeds,
  batch: FileBatch,
  load: ClaimLoad,
  error: unknown,
): Promise<undefined> {
  const { database, owner, published } = needs;
  const settings = { ...load, owner, version: published.version };
  const tryToClaim = (jobs: readonly ClaimJob[]): Promise<unknown> =>
    database.transaction((tx) => claimDeliveries(tx, batch.destinationId, jobs, settings), {
      undoIf: () => true,
    });
  const { passed, broken } = await halved(
    load.jobs.map((job) => ({ ids: [job.deliveryId], job })),
    async (ids) => {
      await tryToClaim(load.jobs.filter(({ deliveryId }) => ids.includes(deliveryId)));
      return [];
    },
  );
  if (broken.length === 0 || (passed === 0 && broken.length >= brokenAtMost)) throw error;
  const isFixed = mayHaveLeft(batch);
  let stays = isFixed;
  for (const { unit, error: own } of broken)
    stays = !(await tellUnclaimed(needs, unit.job, own, isFixed ? 'stays' : batch.id)) || stays;
  await deferBatch(database, batch, stays ? againMs : 0);
  return undefined;
}

/**
 * The rows that break the departure of their file wait outside it. A file that may have left would be another one without them: it
 * is told of, and waits.
 * @throws the error where the file may not leave without them
 */
export async function leaveUndeparted(
  needs: TripNeeds,
  batch: FileBatch,
  departure: Departure,
  error: unknown,
): Promise<ReadonlySet<number>> {
  const isFixed = mayHaveLeft(batch);
  const out = new Set<number>();
  for (const { unit, error: own } of await breakingDeparture(needs, departure, error)) {
    const { id, leaseToken } = unit.row;
    let isOut = !isFixed;
    await tellBroken(needs, id, { step: 'DEPARTURE', error: own }, (tx, wait) =>
      isFixed
        ? Promise.resolve(true)
        : waitUndeparted(tx, { id, leaseToken, batchId: batch.id }, wait).catch((failure: unknown) => {
            isOut = false;
            throw failure;
          }),
    );
    if (!isOut) throw error;
    out.add(id);
  }
  return out;
}

const mayHaveLeft = ({ state, whole }: FileBatch): boolean =>
  state === 'written' && (whole === undefined || whole.firstSentAt !== undefined);

/** @param file that it stands in, 0: none; `stays`: it is told of, and not moved. Answers whether it stands in that file no more. */
async function tellUnclaimed(
  needs: TripNeeds,
  { deliveryId, run, attempt }: ClaimJob,
  error: unknown,
  file: number | 'stays' = 0,
): Promise<boolean> {
  let isOut = file !== 'stays';
  await tellBroken(needs, deliveryId, { step: 'CLAIM', error }, async (tx, wait) => {
    if (file === 'stays') return true;
    return waitUnclaimed(tx, { id: deliveryId, run, attempt: attempt - 1, batchId: file }, wait).catch(
      (failure: unknown) => {
        isOut = false;
        throw failure;
      },
    );
  });
  return isOut;
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
      waitUndeparted(tx, { id, leaseToken, batchId: 0 }, wait),
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
