// Carries one parcel from its claim to its settled row (station 5). The third of the three files that tell the story.
// Invariant: these steps in this order; the same path for one webhook and for a file of thousands. A step that ends the trip has recorded
// the end of its rows.
import type { DestinationLimits } from '../domain/destination.ts';
import type { Job } from '../queue/jobs.ts';
import type { ClaimedOrder, DelivererOptions, Order, TripNeeds } from './trip/trip.ts';
import type { Recorded } from './trip/attempt.ts';
import { lookUpFirst } from './send/look-up.ts';
import { bindNeeds } from './needs.ts';
import { chooseVersions } from './content/versions.ts';
import { claimOrder, defaultLimits, openOrder } from './claim/job.ts';
import { endFailedAttempt } from './claim/quarantine.ts';
import { recordOutcome, send } from './send/send.ts';
import { writeAhead } from './departure/write-ahead.ts';
import { writeAndDepart } from './departure/write-and-depart.ts';
import { isUnderWay } from '../store/files/batches.ts';
import { applyAcknowledgement } from './files/acknowledgement.ts';
import { deliverLongFile } from './files/long-file.ts';

export interface Deliverer {
  readonly handle: (destinationId: string, job: Job) => Promise<void>;
  /** Limits of a destination as published, for the size of its worker. */
  readonly limitsOf: (destinationId: string) => Promise<DestinationLimits>;
}

export function createDeliverer(options: DelivererOptions): Deliverer {
  const needs = bindNeeds(options);
  return {
    handle: (destinationId, job) => deliver(needs, destinationId, job),
    limitsOf: async (destinationId) => (await needs.inForce(destinationId))?.mapping.limits ?? defaultLimits,
  };
}

export async function deliver(needs: TripNeeds, destinationId: string, job: Job): Promise<void> {
  // Nothing is claimed that could not be sent any more: it would look like a recipient that cannot be reached.
  if (needs.signal.aborted) return;

  const order = await openOrder(needs, destinationId, job);
  if (order === undefined) return;
  if (order.batch !== undefined) return deliverFile(needs, order);
  return deliverOrder(needs, order);
}

async function deliverFile(needs: TripNeeds, order: Order): Promise<void> {
  if (order.batch?.role === 'whole' && isUnderWay(order.batch))
    return (needs.leanly ?? ((work) => work()))(() => deliverLongFile(needs, order));
  // The recipient's acknowledgement of each delivery counts before a look-up of the file.
  const left = await applyAcknowledgement(needs, order);
  if (left !== undefined) return deliverOrder(needs, left);
}

async function deliverOrder(needs: TripNeeds, order: Order): Promise<void> {
  // Where nothing has to be asked first it is written now, and departs with its claim.
  const draft = await writeAhead(needs, order);

  // Whatever keeps it from its claim, a secret that cannot be read: its place is left.
  const claimed = await claimOrder(needs, order, draft).finally(draft?.leave);
  if (claimed === undefined) return;
  if (claimed.departed === undefined)
    return deliverClaimed(needs, order, claimed).catch((error: unknown) =>
      endFailedAttempt(needs, claimed.rows, error),
    );

  const sent = await send(needs, claimed.departed);
  if (sent === undefined) return;

  await recordOutcome(needs, claimed.departed, sent);
}

async function deliverClaimed(needs: TripNeeds, order: Order, claimed: ClaimedOrder): Promise<void> {
  const chosen = await chooseVersions(needs, order, claimed);
  if (chosen === undefined) return;

  const asked = await lookUpFirst(needs, chosen, claimed.rows);
  if ('ended' in asked) return nextCall(needs, order, claimed, asked.ended);

  const departed = await writeAndDepart(needs, asked.trip, asked.rows);
  if (departed === undefined) return;

  const sent = await send(needs, departed);
  if (sent === undefined) return;

  const recorded = await recordOutcome(needs, departed, sent);
  return nextCall(needs, order, claimed, recorded);
}

/** The next call of the same delivery is an attempt of its own, with its own claim; it need not pass through Redis. */
async function nextCall(
  needs: TripNeeds,
  { destinationId }: Order,
  { rows }: ClaimedOrder,
  recorded: Recorded | undefined,
): Promise<void> {
  const [row] = rows;
  const goesOn = [...(recorded?.decisions.values() ?? [])].some(
    ({ verdict }) => verdict.next === 'continue' || verdict.next === 'undo',
  );
  if (!goesOn || row === undefined) return;
  await deliver(needs, destinationId, { deliveryId: row.id, run: row.run, attempt: row.attempt + 1 });
}
