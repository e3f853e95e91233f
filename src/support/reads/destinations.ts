// Reads destinations with their health: state of sending, backlog with its age, durations.
// Invariant: agrees with `domain/send-policy`; reads no settled delivery but the newest few.
import { unknownDestination } from '../../errors/unknown.ts';
import type { DestinationStatus } from '../../domain/destination.ts';
import { sendsFiles } from '../../../connectors/index.ts';
import { openDeliveries, type Backlog } from '../../store/backlog.ts';
import {
  allDestinations,
  findDestination,
  readStates,
  type Destination,
  type DestinationState,
} from '../../store/destinations.ts';
import { newestSlot } from '../../store/file-slots.ts';
import { heldFiles, type HeldFile } from '../../store/full-files.ts';
import { readVersions } from '../../store/mapping-versions.ts';
import { countTasks } from '../../store/tasks.ts';
import type { SupportPlace } from '../place.ts';
import { publishedHours } from '../published-hours.ts';
import { existing, withinScope, type Scope } from '../scope.ts';
import { sendingStateOf, type Sends, type SendingState } from '../sending-state.ts';
import { knownInScope } from '../known-names.ts';
import type { Both } from '../words.ts';
import { recentDurations } from '../../store/delivery-times.ts';

/** Facts of a destination for terminal, API and console. */
export interface DestinationHead {
  readonly destination: string;
  readonly client: string;
  readonly connector: string;
  readonly sendsFiles: boolean;
  /** Version in force; null where nothing is published. */
  readonly mapping: number | null;
  readonly status: DestinationStatus;
  readonly statusReason: string;
  readonly circuit: string;
  readonly cause: string;
  /** A file of every lead that is withheld because too many are missing. */
  readonly heldFile: HeldFile | null;
  readonly nextProbeAt: Date | null;
  readonly sends: Sends | 'all';
  readonly sendsText: string;
}

export interface DestinationHealth extends DestinationHead {
  /** Continues the destination's name: `is held (unavailable): ...`; null while it sends normally. */
  readonly trouble: Both | null;
  /** Deliveries that have not ended, by state. */
  readonly open: Readonly<Record<string, number>>;
  /** Age of the oldest of them. */
  readonly oldestSeconds: number | null;
  readonly oldestReason: string;
  /** Deliveries that need a person. */
  readonly tasks: number;
}

/** A destination without its backlog. */
function headOf(
  destination: Destination,
  state: DestinationState | undefined,
  sending: SendingState | undefined,
  more: Pick<DestinationHead, 'mapping' | 'heldFile'>,
): DestinationHead {
  const held = state !== undefined && state.circuit.state !== 'closed';
  return {
    destination: destination.id,
    client: destination.clientId,
    connector: destination.connector,
    sendsFiles: sendsFiles(destination.connector),
    mapping: more.mapping,
    status: destination.status,
    statusReason: destination.statusReason,
    circuit: held ? state.circuit.state : 'closed',
    cause: held ? state.circuit.cause : '',
    heldFile: more.heldFile,
    nextProbeAt: held ? new Date(Math.max(state.circuit.nextProbeAt ?? 0, state.now)) : null,
    sends: sending?.sends ?? 'all',
    sendsText: sending?.short ?? 'as it bears',
  };
}

interface Known {
  readonly head: DestinationHead;
  readonly sending: SendingState | undefined;
}

async function known(place: SupportPlace, all: readonly Destination[]): Promise<readonly Known[]> {
  const { database } = place;
  const ids = all.map(({ id }) => id);
  const states = await readStates(database, ids);
  const versions = await readVersions(
    database,
    all.map(({ mappingVersionId }) => mappingVersionId),
  );
  const hours = await publishedHours(place, all);
  const heldBack = await heldFiles(database);
  return all.map((destination) => {
    const state = states.get(destination.id);
    const sending = sendingStateOf(destination, state, hours.get(destination.id));
    const mapping = versions.find(({ id }) => id === destination.mappingVersionId)?.version ?? null;
    const heldFile = heldBack.get(destination.id) ?? null;
    return { head: headOf(destination, state, sending, { mapping, heldFile }), sending };
  });
}

/** Every destination of the scope, without its backlog. */
export async function destinationHeads(
  place: SupportPlace,
  scope: Scope,
): Promise<readonly DestinationHead[]> {
  return (await known(place, await ofScope(place, scope, {}))).map(({ head }) => head);
}

/** Of these destinations those that do not send as many as they bear at the moment. */
export async function slowedDestinations(
  place: SupportPlace,
  ids: readonly string[],
): Promise<readonly { readonly destination: string; readonly sending: SendingState }[]> {
  const named = (await allDestinations(place.database)).filter(({ id }) => ids.includes(id));
  return (await known(place, named)).flatMap(({ head: { destination }, sending }) =>
    sending === undefined ? [] : [{ destination, sending }],
  );
}

/** @throws FIND-001 */
export async function destinationsWithHealth(
  place: SupportPlace,
  scope: Scope,
  asked: { readonly client?: string } = {},
): Promise<readonly DestinationHealth[]> {
  const all = await known(place, await ofScope(place, scope, asked));
  const backlog = Map.groupBy(await openDeliveries(place.reading), ({ destinationId }) => destinationId);
  const tasks = Map.groupBy(
    await countTasks(place.reading, withinScope(scope, asked)),
    ({ destinationId }) => destinationId,
  );
  return all.map(({ head, sending }) => ({
    ...head,
    ...waitingOf(backlog.get(head.destination) ?? []),
    trouble: sending?.words ?? null,
    tasks: (tasks.get(head.destination) ?? []).reduce((sum, { count }) => sum + count, 0),
  }));
}

async function ofScope(
  { database }: SupportPlace,
  scope: Scope,
  asked: { readonly client?: string },
): Promise<readonly Destination[]> {
  const { client } = withinScope(scope, asked);
  if (client !== undefined) await knownInScope(database, scope, { client });
  const all = await allDestinations(database);
  return client === undefined ? all : all.filter(({ clientId }) => clientId === client);
}

function waitingOf(
  rows: Backlog['open'],
): Pick<DestinationHealth, 'open' | 'oldestSeconds' | 'oldestReason'> {
  const [oldest] = rows.toSorted((a, b) => b.oldestSeconds - a.oldestSeconds);
  return {
    open: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    oldestSeconds: oldest?.oldestSeconds ?? null,
    oldestReason: oldest?.oldestReason ?? '',
  };
}

export interface DestinationPage extends DestinationHealth {
  /** Due time of the newest file; null without files. */
  readonly newestFileAt: Date | null;
  /** Durations of the newest delivered, from planning to acceptance. */
  readonly durations: {
    readonly count: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
  };
}

const durationsOf = 500;

/** @throws FIND-001 */
export async function destinationPage(
  place: SupportPlace,
  scope: Scope,
  id: string,
): Promise<DestinationPage> {
  const { database, reading } = place;
  const found = existing(scope, await findDestination(database, id), unknownDestination(id));
  const all = await destinationsWithHealth(place, scope, { client: found.clientId });
  const health = all.find(({ destination }) => destination === id);
  const sorted = [...(await recentDurations(reading, id, durationsOf))].sort((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? null;
  return {
    ...(health as DestinationHealth),
    newestFileAt: (await newestSlot(database, id)) ?? null,
    durations: { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95) },
  };
}
