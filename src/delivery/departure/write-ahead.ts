// Renders a create before its claim, so that claim and departure share one transaction.
// Invariant: it reads under no lock; the claim compares row, lead, consents, authorisation and version, and a delivery of which one has
// changed is rendered again after its claim. Only a create of which the recipient can hold nothing is rendered ahead.
import type { CompiledMapping } from '../../mapping/contract.ts';
import { isStoreTrouble } from '../../store/database.ts';
import type { AttemptDelivery } from '../../store/deliveries/deliveries.ts';
import type { AttemptAhead } from '../../store/departure-locks.ts';
import type { ClaimedDelivery, ClaimJob } from '../trip/attempt.ts';
import { blocksOf } from '../content/inputs.ts';
import { contextFor, isCovered, parcelOf } from '../content/parcel.ts';
import { renderContent } from '../content/render.ts';
import { knownAttempt } from '../trip/known-attempts.ts';
import type { InForce } from '../trip/mapping-cache.ts';
import type {
  DelivererOptions,
  Order,
  ReadAhead,
  Trip,
  TripDraft,
  TripNeeds,
  WantedAhead,
} from '../trip/trip.ts';

/** Undefined: the delivery has to be claimed before it can be written, or cannot leave; then its claim comes first. */
export async function writeAhead(needs: TripNeeds, order: Order): Promise<TripDraft | undefined> {
  const [job] = order.jobs;
  if (order.batch !== undefined || order.inForce === undefined || job === undefined) return undefined;
  const trip = await freshTrip(needs, order, order.inForce);
  if (trip === undefined) return undefined;
  const leave = await needs.placeAhead(order.destinationId);
  const draft = await draftOf(needs, order, trip, job).catch((error: unknown) => {
    if (!isStoreTrouble(error)) return undefined;
    leave();
    throw error;
  });
  // A bug of ours, a key that is not here: met again, reported and dealt with once the delivery is claimed.
  if (draft === undefined) {
    leave();
    return undefined;
  }
  await needs.step('written', order.destinationId);
  return { ...draft, leave };
}

/** The trip of a create that the recipient cannot hold anything of: everything is that of the version in force. */
async function freshTrip(
  needs: TripNeeds,
  order: Order,
  { versionId, mapping }: InForce,
): Promise<Trip | undefined> {
  const connector = needs.connectors[mapping.connector];
  const plan = mapping.actions.create;
  if (connector === undefined || connector.maxItems > 1 || plan?.calls !== undefined) return undefined;
  if (connector.fetched !== undefined) return undefined;
  return {
    mapping,
    content: mapping,
    versionId,
    inForceId: versionId,
    connector,
    settings: plan?.settings,
    context: contextFor(needs, mapping, await needs.reader.targets(order.destinationId, 'create', 'recent')),
    question: mapping.question,
    canAsk: false,
    batch: undefined,
    leaseMs: order.leaseMs,
    claimedAt: performance.now(),
    progress: undefined,
    reached: [],
  };
}

/** Several jobs of any destinations in a handful of statements; none for leads that this process has just taken in. */
export async function readAheadTogether(
  { database, reader }: Pick<DelivererOptions, 'database' | 'reader'>,
  wanted: readonly WantedAhead[],
): Promise<readonly (ReadAhead | undefined)[]> {
  const mappings = new Set<CompiledMapping>();
  const ids: number[] = [];
  const known: AttemptAhead[] = [];
  for (const { job, mapping } of wanted) {
    mappings.add(mapping);
    const own = mapping.blocks.has('refusedAtAddress') ? undefined : knownAttempt(job);
    if (own === undefined) ids.push(job.deliveryId);
    else known.push(own);
  }
  const { rows, inputs } = await reader.ahead(ids, blocksOf(...mappings), known);
  const now = database.now();
  const byId = new Map<number, AttemptDelivery>();
  for (const row of rows) byId.set(row.id, row);
  const read: (ReadAhead | undefined)[] = [];
  for (const { job } of wanted) {
    const row = byId.get(job.deliveryId);
    read.push(row !== undefined && goesAhead(row, job) ? { row: asClaimed(row, now), inputs } : undefined);
  }
  return read;
}

const goesAhead = (row: AttemptDelivery, { run, attempt }: ClaimJob): boolean =>
  row.state === 'queued' &&
  row.action === 'create' &&
  row.run === run &&
  row.attempt + 1 === attempt &&
  row.batchId === 0 &&
  !row.maybeReceived &&
  !row.askFirst;

/** As its claim would give it, with the token before it. */
const asClaimed = (row: AttemptDelivery, now: Date): ClaimedDelivery => ({
  ...row,
  state: 'sending',
  attempt: row.attempt + 1,
  now,
  knownReference: row.recipientReference,
  hasCreate: true,
  createUnsettled: false,
});

async function draftOf(
  needs: TripNeeds,
  { destinationId }: Order,
  trip: Trip,
  job: ClaimJob,
): Promise<Omit<TripDraft, 'leave'> | undefined> {
  const ahead = await needs.readAhead({ job, mapping: trip.mapping });
  if (ahead?.row.destinationId !== destinationId) return undefined;
  const { row, inputs } = ahead;
  const ready = renderContent(row, {
    ...inputs,
    mapping: trip.mapping,
    content: trip.content,
    now: needs.database.now(),
    authorisations: inputs.authorisations.get(destinationId) ?? [],
  });
  if (!('record' in ready)) return undefined;
  const parcel = parcelOf([ready], trip.content);
  const composed = trip.connector.compose(parcel, trip.settings, trip.context.secret);
  if (!isCovered(ready, composed)) return undefined;
  const departure = {
    ready: [ready],
    parcel,
    composed,
    connector: trip.connector.type,
    mappingVersionId: trip.versionId,
    keptByAddress: trip.content.blocks.has('refusedAtAddress'),
    mappingDigest: await needs.mappingDigests(trip.versionId),
    secrets: inputs.secrets,
  };
  return { trip, departure };
}
