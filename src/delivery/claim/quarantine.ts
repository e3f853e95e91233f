// Sets aside a delivery that breaks its claim or its departure: it waits with a reason and an alert, and is tried again.
// Invariant: nothing of it has left. A failure of the database sets nothing aside. A row that may have departed keeps its lease, and lease
// recovery settles it.
import { reasonWith } from '../../domain/delivery.ts';
import { foreignCode, isRelaisError } from '../../errors.ts';
import { deferBatch } from '../../store/batches.ts';
import { raiseBroken } from '../../store/broken-alerts.ts';
import { type BrokenWait, waitUnclaimed, waitUndeparted } from '../../store/broken-deliveries.ts';
import { isStoreTrouble, type Sql } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries.ts';
import { renewLeases } from '../../store/leases.ts';
import type { Claim, ClaimedDelivery, ClaimJob, ClaimLoad, FileBatch } from '../attempt.ts';
import { maxBroken, bisect } from '../quarantine.ts';
import type { Order, TripNeeds } from '../trip.ts';
import { claimDeliveries } from './claim.ts';

const retryAfterMs = 5 * 60_000;

/** Undefined: it cannot be claimed, and waits. */
export async function claimOrQuarantine(
  needs: TripNeeds,
  { destinationId, jobs, batch }: Order,
  load: ClaimLoad,
): Promise<Claim | undefined> {
  try {
    return await needs.claim(destinationId, load);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    if (batch !== undefined) return quarantineUnclaimedRows(needs, batch, load, error);
  }
  // Once more, without what was written ahead: the claim is then nothing but a claim.
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
 * The rows that break the claim of their file wait outside it, and the others leave. A file that may have left would be another one
 * without them (guarantee 4): it waits, and is told of.
 * @throws the error where no row breaks it alone, or all of them do
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
  const { passed, broken } = await bisect(
    load.jobs.map((job) => ({ ids: [job.deliveryId], job })),
    async (ids) => {
      await tryToClaim(load.jobs.filter(({ deliveryId }) => ids.includes(deliveryId)));
      return [];
    },
  );
  if (broken.length === 0 || (passed === 0 && broken.length >= maxBroken)) throw error;
  const isFixed = mayHaveLeft(batch);
  let stays = isFixed;
  for (const { unit, error: own } of broken)
    stays = !(await quarantineUnclaimed(needs, unit.job, own, isFixed ? 'stays' : batch.id)) || stays;
  await deferBatch(database, batch, stays ? retryAfterMs : 0);
  return undefined;
}

export const mayHaveLeft = ({ state, whole }: FileBatch): boolean =>
  state === 'written' && (whole === undefined || whole.firstSentAt !== undefined);

/** @param file that it stands in, 0: none; `stays`: it is told of, and not moved. Answers whether it stands in that file no more. */
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

/** What was claimed and broke before it departed. @throws the error where it is the database's, a file's, or may have left */
async function quarantineClaimed(needs: TripNeeds, rows: readonly ClaimedDelivery[], error: unknown): Promise<void> {
  if (isStoreTrouble(error) || rows.some(({ batchId }) => batchId > 0)) throw error;
  for (const { id, leaseToken } of rows) {
    const waits = await quarantineDelivery(needs, id, { step: 'DEPARTURE', error }, (tx, wait) =>
      waitUndeparted(tx, { id, leaseToken, batchId: 0 }, wait),
    );
    if (!waits) throw error;
  }
}

/** False: it has moved on, and nothing is told. One that cannot even be made to wait is told of. */
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

/** Within this time a process has looked which keys are in force: one that lacks them claims nothing more. */
const shortenedMs = 10_000;

/** @throws the error that ended the attempt, unless its rows wait now */
export async function endFailedAttempt(
  needs: TripNeeds,
  claimed: readonly ClaimedDelivery[],
  error: unknown,
): Promise<void> {
  if (!isRelaisError(error) || !error.code.startsWith('KEY-')) return quarantineClaimed(needs, claimed, error);
  const leases = claimed.map((row) => ({ id: row.id, token: row.leaseToken }));
  await renewLeases(needs.database, leases, shortenedMs);
  throw error;
}
