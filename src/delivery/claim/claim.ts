// Claims deliveries: moves them to `sending` in one transaction, under a lease with a fencing token (station 5a).
// Invariant: destination, suspension, circuit, limits and order are read in MySQL under the destination's lock; Redis decides nothing. Per
// lead and destination one delivery is in flight, and a later one waits until each earlier one has ended or is barred.
import { isEnd, mayBeHeld, splitReason, type Reason } from '../../domain/delivery.ts';
import type { DestinationLimits } from '../../domain/destination.ts';
import { untriedNow } from '../../domain/breaker.ts';
import { countDepartures, hasRates } from '../../domain/rates.ts';
import {
  isUrgent,
  refusalOf,
  sendPermission,
  waitsForHours,
  type SendPermission,
  type Waits,
} from '../../domain/send-policy.ts';
import type { SendingHours } from '../../domain/sending-hours.ts';
import { begunAmong } from '../../store/deliveries/begun-deliveries.ts';
import { carryingRights } from '../../store/leads/rights.ts';
import type { Sql } from '../../store/database.ts';
import { lockForClaim, type LockedDelivery } from '../../store/departure-locks.ts';
import { countSending, leaveBatch, markSending, putBack, tokenStep } from '../../store/deliveries/leases.ts';
import {
  saveAccess,
  saveCircuit,
  saveRateWindows,
  type DestinationState,
} from '../../store/destinations/destinations.ts';
import type {
  Access,
  Claim,
  ClaimedDelivery,
  ClaimJob,
  ClaimLoad,
  DepartWithClaim,
  WrittenAhead,
} from '../trip/attempt.ts';
import type { Published } from '../trip/mapping-cache.ts';

interface ClaimSettings extends Omit<ClaimLoad, 'jobs' | 'written' | 'begun'> {
  readonly owner: string;
  /** Mapping versions as published. The version in force cannot change here: publishing takes the lock that this transaction has. */
  readonly version?: Published['version'];
  /** Deliveries that were rendered ahead. */
  readonly ahead?: {
    readonly leadIds: readonly number[];
    readonly written: WrittenAhead['written'];
    /** Departs the claimed rows among them that are unchanged; answers which. */
    readonly depart: DepartWithClaim;
  };
}

const withoutRates = ({ concurrency, hours }: DestinationLimits): DestinationLimits => ({
  concurrency,
  ...(hours === undefined ? {} : { hours }),
});

const nothing = { claimed: [], departed: new Set<number>(), againAfterMs: 0 } as const;

/**
 * Claims the rows that may leave now and returns the others to waiting with their reason, in the transaction of the caller. A job whose
 * row has changed since (other run, other attempt, other state) is stale and ignored.
 */
export async function claimDeliveries(
  tx: Sql,
  destinationId: string,
  jobs: readonly ClaimJob[],
  settings: ClaimSettings,
): Promise<Claim> {
  const continues = settings.continues === true;
  const ids: number[] = [];
  for (const { deliveryId } of jobs) ids.push(deliveryId);
  const leadIds = settings.ahead?.leadIds ?? [];
  const held = await lockForClaim(tx, destinationId, leadIds, ids, continues ? 1 : undefined);
  const { state: known, rows: locked, sending, destination, ...locks } = held;
  const now = locked[0]?.now.getTime() ?? tx.now().getTime();
  const { rows, foreign } = claimableRows(jobs, locked, settings);
  const none: Claim = { ...nothing, destination, circuit: known?.circuit, now, foreign };
  if (locked.length === 0 || destination === undefined || known === undefined) return none;
  const state = await testAccess(tx, known, settings.access, sending);
  // A part of a file would be another file under its number: while one of its rows is elsewhere, none is claimed.
  if (settings.batchId !== undefined && rows.length < jobs.length) return none;

  const all = (await settings.version?.(destination.mappingVersionId))?.limits ?? settings.limits;
  const limits = continues ? withoutRates(all) : all;
  const unit = settings.batchId === undefined ? 'delivery' : 'file';
  const { circuit, windows } = state;
  const facts = { now, status: destination.status, circuit, limits, windows, unit } as const;
  const roughly = sendPermission({ ...facts, inFlight: continues ? 0 : sending });
  // Only where there is too little room is it worth looking which leases have run out.
  const permission =
    !continues && sending > 0 && roughly.count < jobs.length
      ? sendPermission({ ...facts, inFlight: await countSending(tx, destinationId) })
      : roughly;
  const waits = await readWaits(tx, permission, rows, { hours: limits.hours, unit });
  const step = tokenStep();
  const { claimed, back, behind, againAfterMs } = chooseRows(rows, locked, permission, waits, {
    step,
    isLeavingAgain: settings.isLeavingAgain === true,
  });
  if (back.length > 0) await putBack(tx, back);
  // A row that waits for another delivery leaves with a later file.
  if (settings.batchId !== undefined) await leaveBatch(tx, behind);
  if (hasRates(limits) && claimed.length > 0) {
    const departures = settings.batchId === undefined ? claimed.length : 1;
    await saveRateWindows(tx, destinationId, countDepartures(state.windows, departures, now, limits));
  }
  const mappingVersionId = destination.mappingVersionId;
  const departed = await writeLeases(tx, claimed, { mappingVersionId, locks, step }, settings);
  return { ...none, againAfterMs, claimed, departed };
}

/**
 * The rows that are as their job says, each once: a flush of Redis can bring a duplicate of a job into the same group. Foreign jobs name
 * none of the rows.
 */
function claimableRows(
  jobs: readonly ClaimJob[],
  locked: readonly LockedDelivery[],
  { batchId = 0 }: ClaimSettings,
): { readonly rows: readonly LockedDelivery[]; readonly foreign: readonly ClaimJob[] } {
  const byId = new Map<number, LockedDelivery>();
  for (const row of locked) byId.set(row.id, row);
  const rows = new Set<LockedDelivery>();
  const foreign: ClaimJob[] = [];
  for (const job of jobs) {
    const row = byId.get(job.deliveryId);
    if (row === undefined) foreign.push(job);
    else if (
      row.state === 'queued' &&
      row.run === job.run &&
      row.attempt + 1 === job.attempt &&
      row.batchId === batchId &&
      row.expiresAt > row.now
    )
      rows.add(row);
  }
  return { rows: [...rows], foreign };
}

interface Chosen {
  readonly claimed: readonly ClaimedDelivery[];
  readonly back: Parameters<typeof putBack>[1];
  /** Rows that wait for another delivery of their lead. */
  readonly behind: readonly number[];
  /** As `Claim` has it. */
  readonly againAfterMs: number;
}

/**
 * Chooses the rows that may leave, in the order of the jobs, and gives the others their reason. Claimed rows are returned as the claim
 * will write them.
 */
function chooseRows(
  rows: readonly LockedDelivery[],
  locked: readonly LockedDelivery[],
  permission: SendPermission,
  waits: ReadonlyMap<number, Waits>,
  { step, isLeavingAgain }: { readonly step: number; readonly isLeavingAgain: boolean },
): Chosen {
  const ofLead = new Map<number, LockedDelivery[]>();
  for (const row of locked) {
    const own = ofLead.get(row.leadId);
    if (own === undefined) ofLead.set(row.leadId, [row]);
    else own.push(row);
  }
  const back: { id: number; reason: string; afterMs: number }[] = [];
  const behind: number[] = [];
  const claimed: ClaimedDelivery[] = [];
  const taken = new Set<number>();
  let againAfterMs = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const own = ofLead.get(row.leadId) ?? [];
    const siblings =
      own.length === 1
        ? noSiblings
        : own.filter((one) => one.destinationId === row.destinationId && one.id !== row.id);
    const blocked = !isLeavingAgain && isBlocked(row, siblings, taken);
    const refusal = refusalOf(permission, claimed.length, waits.get(row.id) ?? waitsForNothing);
    if (blocked) {
      back.push({ id: row.id, reason: 'waits_for_create' satisfies Reason, afterMs: 15_000 });
      behind.push(row.id);
    } else if (refusal !== undefined) {
      back.push({ id: row.id, ...refusal });
      againAfterMs = Math.min(againAfterMs, refusal.afterMs);
    } else {
      taken.add(row.id);
      claimed.push(claimedRow(row, siblings, step));
    }
  }
  return { claimed, back, behind, againAfterMs: Number.isFinite(againAfterMs) ? againAfterMs : 0 };
}

function claimedRow(row: LockedDelivery, siblings: readonly LockedDelivery[], step: number): ClaimedDelivery {
  let knownReference: string | undefined;
  const creates = { any: false, delivered: false, maybeReceived: false };
  // This one too: what its recipient may have by an earlier try is not taken for nothing.
  let isHeld = mayBeHeld(row);
  for (const sibling of siblings) {
    const { action, state, maybeReceived, recipientReference } = sibling;
    knownReference = recipientReference ?? knownReference;
    isHeld ||= mayBeHeld(sibling);
    if (action !== 'create') continue;
    creates.any = true;
    creates.delivered ||= state === 'delivered';
    creates.maybeReceived ||= maybeReceived;
  }
  return {
    ...row,
    state: 'sending',
    attempt: row.attempt + 1,
    leaseToken: row.leaseToken + step,
    knownReference: row.recipientReference ?? knownReference,
    // False when the recipient refused the lead or never got it: it could not apply an update.
    hasCreate: !creates.any || isHeld,
    // The recipient may have received the create; its outcome is unknown.
    createUnsettled: creates.maybeReceived && !creates.delivered,
  };
}

const noSiblings: readonly LockedDelivery[] = [];

/** Writes the leases; a row rendered ahead departs in the same statement. Answers which rows have departed. */
async function writeLeases(
  tx: Sql,
  claimed: readonly ClaimedDelivery[],
  { step, ...locked }: Pick<WrittenAhead, 'mappingVersionId' | 'locks'> & Pick<WrittenAhead['lease'], 'step'>,
  { ahead, leaseMs, owner }: ClaimSettings,
): Promise<ReadonlySet<number>> {
  const lease = { step, owner, leaseMs };
  const departed =
    ahead === undefined
      ? new Set<number>()
      : await ahead.depart(tx, { ...locked, claimed, written: ahead.written, lease });
  const others: number[] = [];
  for (const { id } of claimed) if (!departed.has(id)) others.push(id);
  if (others.length > 0) await markSending(tx, others, lease);
  return departed;
}

const waitsForNothing: Waits = { forHours: false, isUrgent: false };

/** How deliveries wait for hours and limits; those that are missing wait for nothing. */
async function readWaits(
  tx: Sql,
  { closed, count, urgent }: SendPermission,
  rows: readonly LockedDelivery[],
  { hours, unit }: { readonly hours: SendingHours | undefined; readonly unit: 'delivery' | 'file' },
): Promise<ReadonlyMap<number, Waits>> {
  const outside = closed === undefined ? undefined : hours;
  if (outside === undefined && (urgent === undefined || rows.length <= count)) return new Map();
  const ids = rows.map((row) => row.id);
  const rights = await carryingRights(tx, ids);
  const begun = await begunAmong(tx, ids);
  const waits = new Map(
    rows.map((row) => {
      const delivery = { carriesRight: rights.has(row.id), isBegun: begun.has(row.id) };
      const forHours = outside !== undefined && waitsForHours(outside, delivery);
      return [row.id, { forHours, isUrgent: isUrgent(delivery) }];
    }),
  );
  if (unit === 'delivery') return waits;
  const all = [...waits.values()];
  const file = { forHours: all.every(({ forHours }) => forHours), isUrgent: all.some((row) => row.isUrgent) };
  return new Map(ids.map((id) => [id, file]));
}

/**
 * With another address or secret, or after a start while no other process sends, it is unknown if the recipient accepts our access: one
 * delivery goes first. MySQL keeps that for all processes.
 */
async function testAccess(
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

/**
 * True for a delivery that may have been received and cannot leave again without an authorisation or under a restriction, and for an
 * update that a restriction withholds: a withdrawal does not wait for it.
 */
function isBarred({ action, state, maybeReceived, reason }: LockedDelivery): boolean {
  if (state !== 'withheld') return false;
  const { base } = splitReason(reason);
  return base === 'restricted'
    ? maybeReceived || action === 'update'
    : maybeReceived && base === 'recipient_not_authorised';
}

export function isBlocked(
  row: LockedDelivery,
  siblings: readonly LockedDelivery[],
  taken: ReadonlySet<number>,
): boolean {
  return siblings.some(
    (sibling) =>
      sibling.state === 'sending' ||
      (sibling.id < row.id && !isEnd(sibling.state) && !isBarred(sibling)) ||
      taken.has(sibling.id),
  );
}
