// The first steps of a trip: what a job asks for, and the claim of its rows.
// Invariant: a twin of an earlier try begins nothing; what cannot be claimed is given back with its reason by the claim itself.
import type { Job } from '../../queue/jobs.ts';
import { batchDeliveries, deferBatch, isUnderWay, readBatch } from '../../store/batches.ts';
import { endIfAcknowledged } from '../../store/file-acknowledgements.ts';
import type { DestinationLimits } from '../../domain/destination.ts';
import { claimOrWait } from './broken-trip.ts';
import type { Access } from './careful-start.ts';
import type { ClaimedDelivery } from './claim.ts';
import { tellForeign } from './claim-together.ts';
import {
  leaseMarginMs,
  type ClaimedOrder,
  type Departed,
  type TripDraft,
  type Order,
  type TripNeeds,
} from './trip.ts';
import { endOf } from './trip-end.ts';

export const defaultLimits: DestinationLimits = { concurrency: 1 };
/** Another file of the destination is on its way, or it is held: look again soon. */
const fileRetryMs = 1_000;

/** Undefined: there is nothing to do for this job, here or any more. */
export async function openOrder(
  needs: TripNeeds,
  destinationId: string,
  job: Job,
): Promise<Order | undefined> {
  const inForce = await needs.inForce(destinationId);
  const leaseMs = Math.max(needs.leaseMs, (inForce?.mapping.timeouts.totalMs ?? 0) + leaseMarginMs);
  if ('deliveryId' in job) return { destinationId, jobs: [job], batch: undefined, inForce, leaseMs };
  const batch = await readBatch(needs.database, job.batchId);
  if (batch?.destinationId !== destinationId) {
    tellForeign(needs.log, destinationId, { batch: job.batchId });
    return undefined;
  }
  // A twin of an earlier try: what it was pushed for has happened, and the file may be held since.
  if (batch.attempt !== job.attempt) return undefined;
  if (!isUnderWay(batch))
    return batch.isHeardAfterwards ? { destinationId, jobs: [], batch, inForce, leaseMs } : undefined;
  if (batch.role === 'whole') return { destinationId, jobs: [], batch, inForce, leaseMs };
  const rows = await batchDeliveries(needs.database, batch.id);
  if (rows.length === 0) {
    // Everything in it was acknowledged, or was cancelled, erased or has expired meanwhile.
    if (!(await needs.database.transaction((tx) => endIfAcknowledged(tx, batch.id))))
      await needs.record(endOf(batch));
    return undefined;
  }
  const jobs = rows.map((row) => ({ deliveryId: row.id, run: row.run, attempt: row.attempt + 1 }));
  return { destinationId, jobs, batch, inForce, leaseMs };
}

/** Undefined: nothing was claimed, or nothing of it speaks of something that the recipient has. */
export async function claimOrder(
  needs: TripNeeds,
  order: Order,
  draft: TripDraft | undefined,
): Promise<ClaimedOrder | undefined> {
  const { destinationId, jobs, batch, inForce, leaseMs } = order;
  // Before it is asked for: a process that stands still until the answer is read must not take its lease for a fresh one.
  const claimedAt = performance.now();
  const claim = await claimOrWait(needs, order, {
    jobs,
    leaseMs,
    limits: inForce?.mapping.limits ?? defaultLimits,
    ...accessOf(needs, order),
    ...(batch === undefined ? {} : { batchId: batch.id }),
    ...(order.continues === true ? { continues: true } : {}),
    ...(draft === undefined ? {} : { written: draft.departure, begun: draft.leave }),
  }).finally(() => draft?.leave());
  if (claim === undefined) return undefined;
  if (claim.claimed.length === 0 || claim.destination === undefined) {
    needs.log.debug('claim.empty', { destination: destinationId, count: jobs.length });
    if (batch !== undefined)
      await deferBatch(needs.database, batch, Math.max(fileRetryMs, claim.againAfterMs));
    return undefined;
  }
  await needs.step('claimed', destinationId);
  const versionId = claim.destination.mappingVersionId;
  const [only] = claim.claimed;
  if (draft !== undefined && only !== undefined && claim.departed.has(only.id))
    return { rows: claim.claimed, versionId, claimedAt, departed: departedBy(draft, only, claimedAt) };
  const rows = await withoutPointless(needs, order, claim.claimed);
  return rows.length === 0 ? undefined : { rows, versionId, claimedAt, departed: undefined };
}

/** Whether we are let in is no question where nobody is dialled. */
const accessOf = (
  { accessTo, connectors }: TripNeeds,
  { destinationId, inForce }: Order,
): { readonly access?: Access } =>
  inForce === undefined || connectors[inForce.mapping.connector]?.fetched !== undefined
    ? {}
    : { access: accessTo(destinationId, inForce.mapping) };

/** A change that crossed the refusal of its create: support's replay of the create carries it. */
async function withoutPointless(
  needs: TripNeeds,
  { batch }: Order,
  claimed: readonly ClaimedDelivery[],
): Promise<readonly ClaimedDelivery[]> {
  const isPointless = (row: ClaimedDelivery): boolean => row.action === 'update' && !row.createStands;
  const pointless = claimed.filter(isPointless);
  if (pointless.length === 0) return claimed;
  const rows = claimed.filter((row) => !isPointless(row));
  await needs.record({
    stopped: pointless.map((row) => ({
      row,
      state: 'cancelled',
      reason: 'create_not_delivered',
      fields: [],
    })),
    ...(rows.length > 0 ? {} : endOf(batch)),
  });
  return rows;
}

function departedBy({ trip, departure }: TripDraft, row: ClaimedDelivery, claimedAt: number): Departed {
  const ready = departure.ready.map((prepared) => ({ ...prepared, row }));
  return { trip: { ...trip, claimedAt }, departure: { ...departure, ready }, stopped: [] };
}
