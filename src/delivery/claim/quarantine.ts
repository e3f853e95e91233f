// Sets aside a delivery that breaks its claim or its departure: it waits with a reason and an alert, and is tried again.
// Invariant: nothing of it has left. A failure of the database sets nothing aside. A row that may have departed keeps its lease, and lease
// recovery settles it.
import { reasonWith } from '../../domain/delivery.ts';
import { foreignCode, isRelaisError } from '../../errors.ts';
import { deferBatch } from '../../store/files/batches.ts';
import { raiseBroken } from '../../store/alerts/alerts.ts';
import { waitUnclaimed, waitUndeparted, type BrokenWait } from '../../store/deliveries/broken-deliveries.ts';
import { isStoreTrouble, type Sql } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries/deliveries.ts';
import { renewLeases } from '../../store/deliveries/leases.ts';
import type { Claim, ClaimedDelivery, ClaimJob, ClaimLoad, FileBatch } from '../trip/attempt.ts';
import { bisectRows, isOfNoRow } from '../trip/quarantine.ts';
import type { Order, TripNeeds } from '../trip/trip.ts';
import { claimDeliveries } from './claim.ts';

const retryAfterMs = 5 * 60_000;

/**
 * After a claim that failed. Undefined: the delivery cannot be claimed, and waits.
 * @throws the error if it is the database's
 */
export async function claimAgainOrQuarantine(
  needs: TripNeeds,
  { destinationId, jobs, batch }: Order,
  load: ClaimLoad,
  failure: unknown,
): Promise<Claim | undefined> {
  if (isStoreTrouble(failure)) throw failure;
  if (batch !== undefined) return quarantineUnclaimedRows(needs, batch, load, failure);
  // Claims once more without the content rendered ahead.
  const { written: _written, ...bare } = load;
  try {
    return await needs.claim(destinationId, bare);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    for (const job of jobs) await quarantineUnclaimed(needs, job, error);
    return undefined;
  }
}

/**
 * Takes the rows that break the claim out of their file, so that the others leave. A file that may have left would differ without them
 * (guarantee 4): it waits, with an alert.
 * @throws the error if no row breaks the claim by itself, or if all of them do
 */
async function quarantineUnclaimedRows(
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
  const bisected = await bisectRows(
    load.jobs.map((job) => ({ ids: [job.deliveryId], job })),
    async (ids) => {
      await tryToClaim(load.jobs.filter(({ deliveryId }) => ids.includes(deliveryId)));
      return [];
    },
  );
  if (isOfNoRow(bisected)) throw error;
  const isFixed = mayHaveLeft(batch);
  let stays = isFixed;
  for (const { unit, error: own } of bisected.broken)
    stays = !(await quarantineUnclaimed(needs, unit.job, own, isFixed ? 'stays' : batch.id)) || stays;
  await deferBatch(database, batch, stays ? retryAfterMs : 0);
  return undefined;
}

export const mayHaveLeft = ({ state, whole }: FileBatch): boolean =>
  state === 'written' && (whole === undefined || whole.firstSentAt !== undefined);

/**
 * @param file that contains it, 0: none; `stays`: an alert is raised and the row is not moved. Returns true once the row is out of that
 * file.
 */
async function quarantineUnclaimed(
  needs: TripNeeds,
  { deliveryId, run, attempt }: ClaimJob,
  error: unknown,
  file: number | 'stays' = 0,
): Promise<boolean> {
  let isOut = file !== 'stays';
  await quarantineDelivery(needs, deliveryId, { step: 'CLAIM', error }, async (tx, wait) => {
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

/**
 * Sets aside rows that broke between claim and departure.
 * @throws the error if it is the database's or a file's, or if a row may have left
 */
async function quarantineClaimed(
  needs: TripNeeds,
  rows: readonly ClaimedDelivery[],
  error: unknown,
): Promise<void> {
  if (isStoreTrouble(error) || rows.some(({ batchId }) => batchId > 0)) throw error;
  for (const { id, leaseToken } of rows) {
    const waits = await quarantineDelivery(needs, id, { step: 'DEPARTURE', error }, (tx, wait) =>
      waitUndeparted(tx, { id, leaseToken, batchId: 0 }, wait),
    );
    if (!waits) throw error;
  }
}

/**
 * False: the delivery has changed since, and no alert is raised. If even the waiting cannot be written, the alert is raised all the
 * same.
 */
export async function quarantineDelivery(
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
      const done = await wait(tx, { reason: reasonWith('broken', code), afterMs: retryAfterMs });
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

/** Within this time every process has read which keys are in force; a process that lacks one claims nothing more. */
const shortenedMs = 10_000;

/**
 * Ends an attempt that threw. A process without a key shortens the lease, since others may have the key; rows that break wait.
 * @throws the error, unless its rows wait now
 */
export async function endFailedAttempt(
  needs: TripNeeds,
  claimed: readonly ClaimedDelivery[],
  error: unknown,
): Promise<void> {
  if (!isRelaisError(error) || !error.code.startsWith('KEY-'))
    return quarantineClaimed(needs, claimed, error);
  const leases = claimed.map((row) => ({ id: row.id, token: row.leaseToken }));
  await renewLeases(needs.database, leases, shortenedMs);
  throw error;
}
