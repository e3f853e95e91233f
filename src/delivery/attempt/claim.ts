// Station 5a: the claim. An atomic move to `sending` under a lease with a fencing token.
// Invariant: destination, suspension, circuit, limits and order are MySQL's word, checked here under the destination's lock; Redis decides nothing.
import type { Circuit } from '../../domain/breaker.ts';
import type { DestinationLimits } from '../../domain/destination.ts';
import type { Reason } from '../../domain/delivery.ts';
import type { Sql } from '../../store/database.ts';
import { findDestination, readStates, saveRateWindows, type Destination } from '../../store/destinations.ts';
import { countDepartures, hasRates } from '../../domain/rates.ts';
import { refusalOf, sendPermission, type SendPermission } from '../../domain/send-policy.ts';
import {
  countSending,
  leaveBatch,
  lockWithSiblings,
  markSending,
  putBack,
  type LockedDelivery,
} from '../../store/delivery-claims.ts';
import type { Published } from '../mapping-cache.ts';
import { tryCarefully, type Access } from './careful-start.ts';
import { howTheyWait, type HowTheyWait } from './how-they-wait.ts';
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
  /** Of these, what was written ahead has departed too. */
  readonly departed: ReadonlySet<number>;
  readonly destination: Destination | undefined;
  readonly circuit: Circuit | undefined;
  /** The database's clock, epoch ms. */
  readonly now: number;
  /** Jobs that named no delivery of this destination: another destination's, or nobody's. They were dropped. */
  readonly foreign: readonly ClaimJob[];
  /** When the first of what its destination keeps back may be asked for again; 0: nothing is. */
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
  /** A further part of a file that is on its way: it is in flight, and counted, already. */
  readonly continues?: boolean;
  /** What the destination is reached by now. */
  readonly access?: Access;
  /** Departs of the claimed rows what was written ahead of the claim and still stands; answers which. */
  readonly departing?: (
    tx: Sql,
    claimed: readonly ClaimedDelivery[],
    destination: Destination,
  ) => Promise<ReadonlySet<number>>;
}

const withoutRates = ({ concurrency, hours }: DestinationLimits): DestinationLimits => ({
  concurrency,
  ...(hours === undefined ? {} : { hours }),
});

const nothing = { claimed: [], departed: new Set<number>(), againAfterMs: 0 } as const;

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
  const continues = settings.continues === true;
  const { rows: locked, sending } = await lockWithSiblings(
    tx,
    destinationId,
    jobs.map((job) => job.deliveryId),
    continues ? 1 : undefined,
  );
  const now = locked[0]?.now.getTime() ?? tx.now().getTime();
  const byId = new Map(locked.map((row) => [row.id, row]));
  const foreign = jobs.filter((job) => !byId.has(job.deliveryId));
  const none: Claim = { ...nothing, destination, circuit: known?.circuit, now, foreign };
  if (locked.length === 0 || destination === undefined || known === undefined) return none;
  const state = await tryCarefully(tx, known, settings.access, sending);
  const rows = claimableRows(jobs, byId, settings);
  // A part of a file would be another file under its number: while one of its rows is elsewhere, none is claimed.
  if (settings.batchId !== undefined && rows.length < jobs.length) return none;

  const all = (await settings.version?.(destination.mappingVersionId))?.limits ?? settings.limits;
  const limits = continues ? withoutRates(all) : all;
  const unit = settings.batchId === undefined ? 'delivery' : 'file';
  const permissionBeside = (inFlight: number): SendPermission =>
    sendPermission({
      now,
      status: destination.status,
      circuit: state.circuit,
      limits,
      windows: state.windows,
      inFlight,
      unit,
    });
  const roughly = permissionBeside(continues ? 0 : sending);
  // Only where there is too little room is it worth looking which leases have run out.
  const permission =
    !continues && sending > 0 && roughly.count < jobs.length
      ? permissionBeside(await countSending(tx, destinationId))
      : roughly;
  const waits = await howTheyWait(tx, permission, rows, { hours: limits.hours, unit });
  const { claimed, back, behind, againAfterMs } = chosen(rows, locked, permission, waits);
  await putBack(tx, back);
  // What waits for another delivery goes with a later file.
  if (settings.batchId !== undefined) await leaveBatch(tx, behind);
  const departures = settings.batchId === undefined ? claimed.length : Math.min(1, claimed.length);
  if (hasRates(limits) && departures > 0)
    await saveRateWindows(tx, destinationId, countDepartures(state.windows, departures, now, limits));
  return { ...none, againAfterMs, claimed, departed: await take(tx, claimed, destination, settings) };
}

/** Rows that stand as their job says, each once: a flush can bring a twin of a job into the same group. */
function claimableRows(
  jobs: readonly ClaimJob[],
  byId: ReadonlyMap<number, LockedDelivery>,
  { batchId = 0 }: ClaimSettings,
): readonly LockedDelivery[] {
  const rows = jobs.flatMap((job) => {
    const row = byId.get(job.deliveryId);
    const isClaimable =
      row?.state === 'queued' &&
      row.run === job.run &&
      row.attempt + 1 === job.attempt &&
      row.batchId === batchId &&
      row.expiresAt > row.now;
    return isClaimable ? [row] : [];
  });
  return [...new Set(rows)];
}

interface Chosen {
  readonly claimed: readonly ClaimedDelivery[];
  readonly back: Parameters<typeof putBack>[1];
  /** Rows that wait for another delivery of their lead. */
  readonly behind: readonly number[];
  /** As `Claim` has it. */
  readonly againAfterMs: number;
}

/** As many as may leave, in the order of the jobs; the rest with what it waits for. The claimed rows are given as they will be. */
function chosen(
  rows: readonly LockedDelivery[],
  locked: readonly LockedDelivery[],
  permission: SendPermission,
  waits: HowTheyWait,
): Chosen {
  const ofLead = Map.groupBy(locked, (row) => row.leadId);
  const back: { id: number; reason: string; afterMs: number }[] = [];
  const behind: number[] = [];
  const claimed: ClaimedDelivery[] = [];
  const taken = new Set<number>();
  let againAfterMs = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const siblings = (ofLead.get(row.leadId) ?? []).filter(
      (one) => one.destinationId === row.destinationId && one.id !== row.id,
    );
    const blocked = blockedBy(row, siblings, taken);
    const refusal = refusalOf(permission, claimed.length, waits(row));
    if (blocked) {
      back.push({ id: row.id, reason: 'waits_for_create' satisfies Reason, afterMs: 15_000 });
      behind.push(row.id);
    } else if (refusal !== undefined) {
      back.push({ id: row.id, ...refusal });
      againAfterMs = Math.min(againAfterMs, refusal.afterMs);
    } else {
      taken.add(row.id);
      claimed.push(claimedRow(row, siblings));
    }
  }
  return { claimed, back, behind, againAfterMs: Number.isFinite(againAfterMs) ? againAfterMs : 0 };
}

const claimedRow = (row: LockedDelivery, siblings: readonly LockedDelivery[]): ClaimedDelivery => ({
  ...row,
  state: 'sending',
  attempt: row.attempt + 1,
  leaseToken: row.leaseToken + 1,
  knownReference:
    row.recipientReference ??
    siblings.findLast((one) => one.recipientReference !== undefined)?.recipientReference,
  createStands: standsAmong(siblings),
  createUnsettled: unsettledAmong(siblings),
});

/** Takes the leases; what was written ahead departs in the same statement. Answers which rows have departed. */
async function take(
  tx: Sql,
  claimed: readonly ClaimedDelivery[],
  destination: Destination,
  { departing, leaseMs, owner }: ClaimSettings,
): Promise<ReadonlySet<number>> {
  const departed = (await departing?.(tx, claimed, destination)) ?? new Set();
  const others = claimed.filter((row) => !departed.has(row.id));
  await markSending(
    tx,
    others.map((row) => row.id),
    leaseMs,
    owner,
  );
  return departed;
}
