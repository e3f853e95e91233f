// Opens a job and claims its rows, in one transaction with the other jobs of its destination that arrive at the same time.
// Invariant: a row goes to one claim only. A job of an earlier try starts nothing; a job of another destination is reported.
import type { DestinationLimits } from '../../domain/destination.ts';
import type { Log } from '../../log.ts';
import type { Job } from '../../queue/jobs.ts';
import { batchDeliveries, deferBatch, isUnderWay, readBatch } from '../../store/files/batches.ts';
import type { Database, Sql } from '../../store/database.ts';
import { endIfAcknowledged } from '../../store/files/file-acknowledgements.ts';
import type {
  Claim,
  ClaimedDelivery,
  ClaimJob,
  ClaimLoad,
  Departure,
  DepartWithClaim,
  Ready,
} from '../trip/attempt.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { endOf } from '../outcome/file-end.ts';
import type { ClaimedOrder, Order, TripDraft, TripNeeds } from '../trip/trip.ts';
import { claimDeliveries } from './claim.ts';
import { leaseMarginMs } from './lease.ts';
import { claimAgainOrQuarantine, mayHaveLeft } from './quarantine.ts';

export const defaultLimits: DestinationLimits = { concurrency: 1 };

/** While another file of the destination is on its way, or its circuit is open, the file is tried again after this. */
const fileRetryMs = 1_000;

/** Undefined: the job has nothing to do, here or at all. */
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
    reportForeign(needs.log, destinationId, { batch: job.batchId });
    return undefined;
  }
  // A duplicate of an earlier try: its attempt has happened, and the file may have been paused since.
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

/** Undefined: nothing was claimed, or only updates of leads that the recipient does not hold. */
export async function claimOrder(
  needs: TripNeeds,
  order: Order,
  draft: TripDraft | undefined,
): Promise<ClaimedOrder | undefined> {
  const { destinationId, jobs, batch, inForce, leaseMs } = order;
  // Measured before the claim: a process that is frozen until it reads the answer must not take its lease for a fresh one.
  const claimedAt = performance.now();
  const sends = inForce !== undefined && needs.connectors[inForce.mapping.connector]?.fetched === undefined;
  const load: ClaimLoad = {
    jobs,
    leaseMs,
    limits: inForce?.mapping.limits ?? defaultLimits,
    // A destination that fetches its leads has no access to test.
    access: sends ? needs.accessTo(destinationId, inForce.mapping) : undefined,
    ...(batch === undefined ? {} : { batchId: batch.id, isLeavingAgain: mayHaveLeft(batch) }),
    ...(order.continues === true ? { continues: true } : {}),
    ...(draft === undefined ? {} : { written: draft.departure, begun: draft.leave }),
  };
  const claim = await needs
    .claim(destinationId, load)
    .catch((error: unknown) => claimAgainOrQuarantine(needs, order, load, error));
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
  if (draft !== undefined && only !== undefined && claim.departed.has(only.id)) {
    const ready: Ready[] = [];
    for (const prepared of draft.departure.ready) ready.push({ ...prepared, row: only });
    const departure = { ...draft.departure, ready };
    const departed = { trip: { ...draft.trip, claimedAt }, departure, stopped: [] };
    return { rows: claim.claimed, versionId, claimedAt, departed };
  }
  const rows = await cancelOrphanUpdates(needs, order, claim.claimed);
  return rows.length === 0 ? undefined : { rows, versionId, claimedAt, departed: undefined };
}

/**
 * Cancels updates of a lead whose create was refused: a replay of the create carries the change. A file that may have left keeps them: it
 * leaves again as it is.
 */
async function cancelOrphanUpdates(
  needs: TripNeeds,
  { batch }: Order,
  claimed: readonly ClaimedDelivery[],
): Promise<readonly ClaimedDelivery[]> {
  if (batch !== undefined && mayHaveLeft(batch)) return claimed;
  const isPointless = (row: ClaimedDelivery): boolean => row.action === 'update' && !row.hasCreate;
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

interface ClaimNeeds {
  readonly database: Database;
  readonly published: Published;
  readonly owner: string;
  readonly log: Log;
  readonly departWithClaim: DepartWithClaim;
}

export async function claimTogether(
  needs: ClaimNeeds,
  destinationId: string,
  loads: readonly ClaimLoad[],
): Promise<readonly Claim[]> {
  const claims = await needs.database.transaction((tx) => claimAll(tx, needs, destinationId, loads));
  const foreign = new Set<ClaimJob>();
  for (const claim of claims) for (const job of claim.foreign) foreign.add(job);
  for (const { deliveryId } of foreign) reportForeign(needs.log, destinationId, { delivery: deliveryId });
  return claims;
}

/** Reports a job of Redis whose delivery MySQL knows for another destination, or not at all. It is dropped. */
const reportForeign = (
  log: Log,
  destination: string,
  what: { readonly delivery: number } | { readonly batch: number },
): void => log.error('job.foreign', { destination, ...what });

async function claimAll(
  tx: Sql,
  needs: ClaimNeeds,
  destinationId: string,
  loads: readonly ClaimLoad[],
): Promise<readonly Claim[]> {
  const common = { owner: needs.owner, version: needs.published.version };
  const answers = new Map<ClaimLoad, Claim>();
  const single: ClaimLoad[] = [];
  const jobs: ClaimJob[] = [];
  for (const load of loads)
    if (load.batchId !== undefined)
      answers.set(load, await claimDeliveries(tx, destinationId, load.jobs, { ...load, ...common }));
    else {
      single.push(load);
      jobs.push(...load.jobs);
    }
  const [first] = single;
  if (first !== undefined) {
    const ahead = writtenBy(single, needs.departWithClaim);
    const claim = await claimDeliveries(tx, destinationId, jobs, { ...first, ...common, ahead });
    const left = new Map<number, ClaimedDelivery>();
    for (const row of claim.claimed) left.set(row.id, row);
    for (const load of single) {
      const claimed: ClaimedDelivery[] = [];
      for (const job of load.jobs) {
        const row = left.get(job.deliveryId);
        if (row === undefined || row.run !== job.run || row.attempt !== job.attempt) continue;
        left.delete(row.id);
        claimed.push(row);
      }
      answers.set(load, { ...claim, claimed });
    }
  }
  const claims: Claim[] = [];
  for (const load of loads) claims.push(answers.get(load) as Claim);
  return claims;
}

/** The first of several duplicates of a job gets the row: only the content that it rendered may depart. */
function writtenBy(
  loads: readonly ClaimLoad[],
  depart: DepartWithClaim,
): Parameters<typeof claimDeliveries>[3]['ahead'] {
  const seen = new Set<number>();
  const written = new Map<number, Departure>();
  const leadIds: number[] = [];
  for (const { jobs, written: own } of loads) {
    const [first] = jobs;
    if (first !== undefined && own !== undefined && !seen.has(first.deliveryId)) {
      written.set(first.deliveryId, own);
      for (const { row } of own.ready) leadIds.push(row.leadId);
    }
    for (const { deliveryId } of jobs) seen.add(deliveryId);
  }
  return written.size === 0 ? undefined : { leadIds, written, depart };
}
