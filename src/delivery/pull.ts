// Leases leads to a client that fetches them: they are claimed, rendered and departed like any delivery, and returned in the answer.
// Invariant: claim and departure are those of every delivery; no lead is handed out before its departure is committed, nor under a lost
// lease.
import type { Body } from '../../connectors/contract.ts';
import { idempotencyKey } from '../domain/delivery.ts';
import { coveringAuthorisation } from '../domain/destination.ts';
import { sendPermission } from '../domain/send-policy.ts';
import { readAuthorisations } from '../store/destinations/authorisations.ts';
import { findDestination, readStates } from '../store/destinations/destinations.ts';
import { windowUse } from '../store/deliveries/due-work.ts';
import { lockLeased, renewLeases, type Lease } from '../store/deliveries/leases.ts';
import type { ClaimedDelivery } from './trip/attempt.ts';
import type { ClaimedOrder, DelivererOptions, Departed, Order, TripNeeds } from './trip/trip.ts';
import { bindNeeds } from './needs.ts';
import { chooseVersions } from './content/versions.ts';
import { claimOrder } from './claim/job.ts';
import { createTakeWindow, type TakeWindow } from './dispatch.ts';
import { endFailedAttempt } from './claim/quarantine.ts';
import { writeAndDepart } from './departure/write-and-depart.ts';
import { foreignCode } from '../errors.ts';
import type { InForce } from './trip/mapping-cache.ts';

/** One delivery in the hands of its recipient. */
export interface Fetched {
  readonly row: ClaimedDelivery;
  /** The centre's reference of the lead. */
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly body: Body;
}

export interface Leased {
  readonly items: readonly Fetched[];
  /** Until then no other client gets them; an unanswered lead is due again after it. The database's clock. */
  readonly until: Date;
  /** Why nothing leaves at present (`deliveries.reason`); '' where it may. */
  readonly reason: string;
  /** Asked in the call that writes the answer. False: the lease has run out, and none of the items may be in it. */
  readonly runs: () => boolean;
}

export interface LeaseAsked {
  readonly most: number;
  /** The actor that the log names. */
  readonly actor: string;
}

export interface Puller {
  readonly needs: TripNeeds;
  readonly lease: (destinationId: string, asked: LeaseAsked) => Promise<Leased>;
}

/** A quarantined row or destination is tried again after this, ms. */
const retryAfterMs = 60_000;
/** Replays that find room beside fresh leads. */
const replayReserve = 2;

export function createPuller(options: DelivererOptions): Puller {
  const needs = bindNeeds(options);
  const takeWindow = createTakeWindow({ ...options, retryAfterMs });
  return {
    needs,
    lease: async (destinationId, asked) => {
      const leased = await leaseDue({ ...needs, actor: asked.actor }, takeWindow, destinationId, asked);
      const isSilent = leased.items.length === 0 && leased.reason === '';
      return isSilent ? { ...leased, reason: await whyNothing(needs, destinationId) } : leased;
    },
  };
}

async function leaseDue(
  needs: TripNeeds,
  takeWindow: TakeWindow,
  destinationId: string,
  { most }: LeaseAsked,
): Promise<Leased> {
  const inForce = await needs.inForce(destinationId);
  const leaseMs = inForce === undefined ? undefined : leaseMsOf(needs, inForce);
  const nothing = { items: [], until: needs.database.now(), runs: () => true };
  if (inForce === undefined || leaseMs === undefined) return { ...nothing, reason: 'mapping_missing' };
  const { count, reason } = await roomOf(needs, destinationId, inForce);
  const limit = Math.min(most, count);
  if (limit === 0) return { ...nothing, reason };
  const jobs = await takeWindow(destinationId, limit, { replays: limit, reserved: replayReserve });
  if (jobs.length === 0) return { ...nothing, reason: '' };
  const order: Order = {
    destinationId,
    jobs,
    batch: undefined,
    isFetched: true,
    inForce,
    // Short until all is written: what a process that dies here has claimed is soon due again.
    leaseMs: needs.leaseMs,
  };
  const claimed = await claimOrder(needs, order, undefined);
  if (claimed === undefined) return { ...nothing, reason: '' };
  const departed = await Promise.all(claimed.rows.map((row) => departAlone(needs, order, claimed, row)));
  return handOut(
    needs,
    departed.filter((one) => one !== undefined),
    leaseMs,
  );
}

/** '' if nothing waits. A lead without an authorisation is withheld before it is leased, and would look the same. */
async function whyNothing({ database, inForce }: TripNeeds, destinationId: string): Promise<string> {
  const targets = (await inForce(destinationId))?.mapping.actions.create?.targets ?? [];
  const all = (await readAuthorisations(database, [destinationId])).get(destinationId) ?? [];
  const isCovered = coveringAuthorisation(all, targets, [], database.now()) !== undefined;
  return isCovered ? '' : 'recipient_not_authorised';
}

const leaseMsOf = ({ connectors }: TripNeeds, { mapping }: InForce): number | undefined =>
  connectors[mapping.connector]?.fetched?.leaseMs(mapping.actions.create?.settings);

/** As dispatch asks before it takes; what counts is asked again by the claim. */
async function roomOf(
  { database }: TripNeeds,
  destinationId: string,
  { mapping: { limits } }: InForce,
): Promise<{ readonly count: number; readonly reason: string }> {
  const destination = await findDestination(database, destinationId);
  if (destination === undefined) return { count: 0, reason: '' };
  const state = (await readStates(database, [destinationId])).get(destinationId);
  const { all } = await windowUse(database, destinationId);
  const { concurrency, hours } = limits;
  const permission = sendPermission({
    now: database.now().getTime(),
    status: destination.status,
    circuit: state?.circuit,
    limits: { concurrency, ...(hours === undefined ? {} : { hours }) },
    windows: {},
    inFlight: all,
    unit: 'delivery',
  });
  const reason = permission.closed?.reason ?? permission.refusal.reason;
  return { count: permission.count, reason: permission.count === 0 ? reason : '' };
}

/** Undefined: it does not leave, and what became of it is recorded. */
async function departAlone(
  needs: TripNeeds,
  order: Order,
  claimed: ClaimedOrder,
  row: ClaimedDelivery,
): Promise<Departed | undefined> {
  try {
    const trip = await chooseVersions(needs, order, { ...claimed, rows: [row] });
    return trip === undefined ? undefined : await writeAndDepart(needs, trip, [row]);
  } catch (error) {
    // One that breaks keeps no other from leaving.
    await endFailedAttempt(needs, [row], error).catch((left: unknown) =>
      needs.log.error('delivery.broken', {
        destination: row.destinationId,
        delivery: row.id,
        code: foreignCode(left),
      }),
    );
    return undefined;
  }
}

/** Records that leased leads were only read: they are due as before. */
export const leaveUntaken = (
  { record }: TripNeeds,
  items: readonly Fetched[],
  actor: string,
): Promise<unknown> =>
  items.length === 0 ? Promise.resolve() : record({ looked: items.map(({ row }) => ({ row, actor })) });

/** Extends the leases for the recipient. A row whose lease was lost meanwhile is not handed out. */
async function handOut(needs: TripNeeds, departed: readonly Departed[], leaseMs: number): Promise<Leased> {
  const { database } = needs;
  const [destination] = departed.map(({ departure }) => departure.parcel.destination);
  if (destination !== undefined) await needs.step('departed', destination);
  const until = new Date(database.now().getTime() + leaseMs);
  const leases: readonly Lease[] = departed.flatMap(({ departure }) =>
    departure.ready.map(({ row }) => ({ id: row.id, token: row.leaseToken })),
  );
  const askedAt = performance.now();
  const allHeld = leases.length === 0 || (await renewLeases(database, leases, leaseMs));
  const holds = allHeld ? () => true : await database.transaction((tx) => lockLeased(tx, leases));
  const items = departed.flatMap(({ departure: { ready, parcel } }) =>
    ready
      .filter(({ row }) => holds(row.id, row.leaseToken))
      .map(({ row, lead }): Fetched => ({
        row,
        reference: lead.reference,
        idempotencyKey: idempotencyKey(row.key, row.keyRun),
        body: parcel.body,
      })),
  );
  return { items, until, reason: '', runs: () => performance.now() - askedAt < leaseMs };
}
