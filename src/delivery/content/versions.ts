// Chooses the mapping version that renders a delivery, and the version by which it is sent.
// Invariant: a content that the recipient may hold is rendered again by the version that rendered it (guarantee 4); address, retries and
// the reading of the answer are those of the version in force.
import type { Action, Connector } from '../../../connectors/contract.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { takenBy } from '../../store/deliveries/delivery-targets.ts';
import type { ClaimedDelivery, FileBatch } from '../trip/attempt.ts';
import { readProgress } from '../calls/progress.ts';
import { endOf, voidingOf } from '../outcome/file-end.ts';
import type { ClaimedOrder, Order, Trip, TripNeeds } from '../trip/trip.ts';
import { contextFor } from './parcel.ts';

/** Undefined: no version to go by, or the destination's connector changed under the job; the rows have been given back. */
export async function chooseVersions(
  needs: TripNeeds,
  order: Order,
  { rows, versionId: inForceId, claimedAt }: ClaimedOrder,
): Promise<Trip | undefined> {
  const { batch, leaseMs } = order;
  const [first] = rows as readonly [ClaimedDelivery];
  const mapping = await needs.published.version(inForceId);
  const pinnedId = pinnedVersion(first, batch);
  const pinned = pinnedId === undefined ? mapping : await needs.published.version(pinnedId);
  const connector = mapping === undefined ? undefined : needs.connectors[mapping.connector];
  if (mapping === undefined || pinned === undefined || connector === undefined) {
    await needs.record({
      stopped: rows.map((row) => ({ row, state: 'withheld', reason: 'mapping_missing', fields: [] })),
      ...endOf(batch),
    });
    needs.log.error('mapping.unusable', {
      destination: first.destinationId,
      version: mapping === undefined ? inForceId : (pinnedId ?? inForceId),
    });
    return undefined;
  }
  // Another connector is another recipient: it has not received what the old one may have.
  const isSameConnector = pinned.connector === mapping.connector;
  const versions = {
    mapping,
    content: isSameConnector ? pinned : mapping,
    versionId: isSameConnector ? (pinnedId ?? inForceId) : inForceId,
  };
  if (isOfOtherMode(order, connector, versions.content)) {
    await needs.record({ released: rows, ...voidingOf(batch) });
    return undefined;
  }
  const called = batch === undefined ? await readProgress(first, versions, needs) : undefined;
  const { content, versionId } = called ?? versions;
  // A destination that made one call and now makes several: what has begun ends the way it began.
  const route =
    called === undefined && mapping.actions[first.action]?.calls !== undefined ? content : mapping;
  const settings = settingsOf(connector, first.action, { mapping: route, content });
  return {
    mapping,
    content,
    versionId,
    inForceId,
    connector,
    settings,
    context: {
      ...contextFor(needs, mapping, await needs.reader.targets(first.destinationId, first.action, 'now')),
      classify: route.classifyBeside,
    },
    question: route.question,
    canAsk: connector.lookup !== undefined && route.hasLookup && settings !== undefined,
    batch,
    leaseMs,
    claimedAt,
    progress: called?.progress,
    reached: await reachedBefore(needs, connector, first),
  };
}

/**
 * True for rows queued for another mode (file, single, fetched), which are dispatched again; and for a short file that has not begun to
 * leave when its mapping makes files of all leads: the recipient would take all others for deleted.
 */
const isOfOtherMode = (
  { batch, isFetched }: Order,
  { maxItems, fetched }: Connector,
  { full }: CompiledMapping,
): boolean =>
  (batch !== undefined) !== maxItems > 1 ||
  (isFetched === true) !== (fetched !== undefined) ||
  (batch !== undefined && batch.whole === undefined && full !== undefined);

/** The settings in force; of an action that is written no more, those that wrote it: its answers are still read. */
function settingsOf(
  { settingsAgain }: Connector,
  action: Action,
  { mapping, content }: Pick<Trip, 'mapping' | 'content'>,
): unknown {
  const inForce = mapping.actions[action]?.settings;
  const written = content.actions[action]?.settings;
  if (inForce === undefined) return written;
  return content === mapping || written === undefined || settingsAgain === undefined
    ? inForce
    : settingsAgain(inForce, written);
}

/** Asked only where an attempt before may have reached some targets and not others. */
const reachedBefore = async (
  { database }: TripNeeds,
  { takenPartly }: Connector,
  row: ClaimedDelivery,
): Promise<readonly string[]> =>
  takenPartly === true && row.maybeReceived ? await takenBy(database, row.id) : [];

/** The trip of a long file before any of its rows is claimed. Undefined: there is no version to go by. */
export async function fileTrip(
  needs: TripNeeds,
  { destinationId, inForce, batch, leaseMs }: Order,
  action: Action,
): Promise<Trip | undefined> {
  const mapping = inForce?.mapping;
  const connector = mapping === undefined ? undefined : needs.connectors[mapping.connector];
  if (inForce === undefined || mapping === undefined || connector === undefined || batch === undefined)
    return undefined;
  const pinned =
    batch.mappingVersionId === 0 ? mapping : await needs.published.version(batch.mappingVersionId);
  if (pinned === undefined || pinned.connector !== mapping.connector) return undefined;
  const settings = settingsOf(connector, action, { mapping, content: pinned });
  // Neither version writes this action: there is no recipient to ask.
  if (settings === undefined) return undefined;
  return {
    mapping,
    content: pinned,
    versionId: batch.mappingVersionId === 0 ? inForce.versionId : batch.mappingVersionId,
    inForceId: inForce.versionId,
    connector,
    settings,
    context: contextFor(needs, mapping, await needs.reader.targets(destinationId, action, 'now')),
    question: mapping.question,
    canAsk: connector.lookup !== undefined && mapping.hasLookup,
    batch,
    leaseMs,
    claimedAt: performance.now(),
    progress: undefined,
    reached: [],
  };
}

/** The version that rendered what the recipient may hold: it renders it again (guarantee 4). */
function pinnedVersion(row: ClaimedDelivery, batch: FileBatch | undefined): number | undefined {
  if (batch !== undefined) return batch.mappingVersionId > 0 ? batch.mappingVersionId : undefined;
  return row.maybeReceived && row.sentMappingId > 0 ? row.sentMappingId : undefined;
}
