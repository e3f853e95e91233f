// Station 5a: the claim. An atomic move to `sending` under a lease with a fencing token.
// Invariant: destination, suspension, circuit, limits and order are MySQL's word, checked here under the destination's lock; Redis decides nothing.
import type { Circuit } from '../../domain/breaker.ts';
import type { DestinationLimits } from '../../domain/destination.ts';
import type { Reason } from '../../domain/delivery.ts';
import type { Sql } from '../../store/database.ts';
import {
  findDestination,
  readStates,
  saveAccess,
  saveCircuit,
  saveMinute,
  type Destination,
  type DestinationState,
} from '../../store/destinations.ts';
import { untriedNow } from '../../domain/pace.ts';
import { minuteOf, refusalOf, sendPermission, type SendPermission } from '../../domain/send-policy.ts';
import {
  countSending,
  leaveBatch,
  lockWithSiblings,
  markSending,
  putBack,
  type LockedDelivery,
} from '../../store/sending.ts';
import type { Published } from '../mapping-cache.ts';
import { waitingForHours } from './outside-hours.ts';
import { blockedBy, standsAmong, unsettledAmong } from './siblings.ts';

export interface ClaimJob {
  readonly deliveryId: number;
  readonly run: number;
  readonly attempt: number;
}

export interface ClaimedDelivery extends LockedDelivery {
  /** Reference the recipient gave to this lead, from this delivery or an earlier one of the same pair. */
  readonly knownReference: string | undefined;
  /** False when the recipient refused the lead or never got it: an update would speak of nothing. */
  readonly createStands: boolean;
  /** Its create may have been received, and nobody knows: it ended without a yes. */
  readonly createUnsettled: boolean;
}

export interface Claim {
  readonly claimed: readonly ClaimedDelivery[];
  readonly destination: Destination | undefined;
  readonly circuit: Circuit | undefined;
  /** The database's clock, epoch ms. */
  readonly now: number;
  /** Jobs that named no delivery of this destination: another destination's, or nobody's. They were dropped. */
  readonly foreign: readonly ClaimJob[];
  /** When what waits for the hours of its destination may be asked for again; 0: nothing does. */
  readonly againAfterMs: number;
}

export interface ClaimSettings {
  readonly leaseMs: number;
  readonly owner: string;
  /** As last seen; those of `version` go before. */
  readonly limits: DestinationLimits;
  /** Mapping versions as published. The one in force is known here for certain: publishing takes the lock that is held. */
  readonly version?: Published['version'];
  /** The jobs are the rows of this file: all or none, and they count as one in flight. */
  readonly batchId?: number;
  /** What the destination is reached by now. */
  readonly access?: Access;
}

export interface Access {
  /** Keyed digest of address and secrets. */
  readonly digest: Buffer;
  /** This process has sent nothing to it yet. */
  readonly isFirst: boolean;
}

/**
 * Claims what may leave now; gives the rest back with its reason. One transaction of the caller.
 * A job whose row moved on (other run, other attempt, other state) is stale and ignored.
 */
export async function claimDeliveries(
  tx: Sql,
  destinationId: string,
  jobs: readonly ClaimJob[],
  settings: ClaimSettings,
): Promise<Claim> {
  // The destination's state row first: claims of one destination queue up here and nowhere else.
  const known = (await readStates(tx, [destinationId], true)).get(destinationId);
  const destination = await findDestination(tx, destinationId);
  const { rows: locked, sending } = await lockWithSiblings(
    tx,
    destinationId,
    jobs.map((job) => job.deliveryId),
  );
  const now = locked[0]?.now.getTime() ?? tx.now().getTime();
  const byId = new Map(locked.map((row) => [row.id, row]));
  const foreign = jobs.filter((job) => !byId.has(job.deliveryId));
  const none = { claimed: [], destination, circuit: known?.circuit, now, foreign, againAfterMs: 0 };
  if (locked.length === 0 || destination === undefined || known === undefined) return none;
  const state = await tryCarefully(tx, known, settings.access, sending);

  const claimable = (job: ClaimJob, row: LockedDelivery | undefined): row is LockedDelivery =>
    row !== undefined &&
    row.state === 'queued' &&
    row.run === job.run &&
    row.attempt + 1 === job.attempt &&
    row.batchId === (settings.batchId ?? 0) &&
    row.expiresAt > row.now;
  const ofLead = Map.groupBy(locked, (row) => row.leadId);
  const rowOf = (job: ClaimJob): LockedDelivery | undefined => byId.get(job.deliveryId);
  // A part of a file would be another file under its number: while one of its rows is elsewhere, none is claimed.
  if (settings.batchId !== undefined && !jobs.every((job) => claimable(job, rowOf(job)))) return none;

  const limits = (await settings.version?.(destination.mappingVersionId))?.limits ?? settings.limits;
  const minute = minuteOf(state.minute, now);
  const unit = settings.batchId === undefined ? 'delivery' : 'file';
  const permissionBeside = (inFlight: number): SendPermission =>
    sendPermission({
      now,
      status: destination.status,
      circuit: state.circuit,
      limits,
      minute,
      inFlight,
      unit,
    });
  const roughly = permissionBeside(sending);
  // Only where there is too little room is it worth looking which leases have run out.
  const permission =
    sending > 0 && roughly.count < jobs.length
      ? permissionBeside(await countSending(tx, destinationId))
      : roughly;
  const waiting = await waitingForHours(
    tx,
    permission,
    jobs.flatMap((job) => {
      const row = rowOf(job);
      return claimable(job, row) ? [row] : [];
    }),
    { hours: limits.hours, unit },
  );
  const back: { id: number; reason: string; afterMs: number }[] = [];
  const behind: number[] = [];
  const claimed: ClaimedDelivery[] = [];
  const taken = new Set<number>();
  for (const job of jobs) {
    const row = rowOf(job);
    if (!claimable(job, row)) continue;
    // A flush can bring a twin of a job into the same group: a row is claimed once.
    if (taken.has(row.id)) continue;
    const siblings = (ofLead.get(row.leadId) ?? []).filter(
      (one) => one.destinationId === row.destinationId && one.id !== row.id,
    );
    const blocked = blockedBy(row, siblings, taken);
    const refusal = refusalOf(permission, claimed.length, waiting.has(row.id));
    if (blocked) {
      back.push({ id: row.id, reason: 'waits_for_create' satisfies Reason, afterMs: 15_000 });
      behind.push(row.id);
    } else if (refusal !== undefined) back.push({ id: row.id, ...refusal });
    else {
      taken.add(row.id);
      claimed.push({
        ...row,
        knownReference:
          row.recipientReference ??
          siblings.findLast((one) => one.recipientReference !== undefined)?.recipientReference,
        createStands: standsAmong(siblings),
        createUnsettled: unsettledAmong(siblings),
      });
    }
  }
  await putBack(tx, back);
  // What waits for another delivery goes with a later file.
  if (settings.batchId !== undefined) await leaveBatch(tx, behind);
  await markSending(
    tx,
    claimed.map((row) => row.id),
    settings.leaseMs,
    settings.owner,
  );
  if (limits.perMinute !== undefined && claimed.length > 0) {
    const departed = minute.departed + (settings.batchId === undefined ? claimed.length : 1);
    await saveMinute(tx, destinationId, { ...minute, departed });
  }
  return {
    ...none,
    againAfterMs: waiting.size > 0 ? (permission.closed?.afterMs ?? 0) : 0,
    claimed: claimed.map((row) => ({
      ...row,
      state: 'sending',
      attempt: row.attempt + 1,
      leaseToken: row.leaseToken + 1,
    })),
  };
}

/**
 * By another address, with another secret, or after a start while nobody else sends: whether we are let in is not known, so one
 * goes ahead. MySQL keeps that, for all processes together.
 */
async function tryCarefully(
  tx: Sql,
  state: DestinationState,
  access: Access | undefined,
  sending: number,
): Promise<DestinationState> {
  if (access === undefined) return state;
  const isOther = state.accessDigest?.equals(access.digest) !== true;
  if (isOther) await saveAccess(tx, state.destinationId, access.digest);
  if (!isOther && (!access.isFirst || sending > 0)) return state;
  const circuit = untriedNow(state.circuit);
  if (circuit !== state.circuit) await saveCircuit(tx, state.destinationId, circuit);
  return { ...state, circuit };
}
