// Reads destinations with their health: state of sending, backlog with its age, durations.
// Invariant: agrees with `domain/send-policy`; reads no settled delivery but the newest few.
import { unknownDestination } from '../../errors/unknown.ts';
import { sendsFiles } from '../../../connectors/index.ts';
import { openDeliveries, type Backlog, recentDurations } from '../../store/backlog.ts';
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
import * as s from './columns.ts';

interface Known {
  readonly destination: Destination;
  readonly state: DestinationState | undefined;
  readonly sending: SendingState | undefined;
  readonly mapping: number | null;
  readonly heldFile: HeldFile | null;
}

const column = <T>(schema: s.Schema, of: (known: Known) => T) => ({ schema, of });
const heldFileSchema = s.object(
  { at: s.moment(), batchId: s.whole(), rows: s.whole(), missing: s.whole() },
  'a file of every lead, held back because too many are missing',
);
/** Undefined while the circuit is closed. */
const heldBy = ({ state }: Known): DestinationState | undefined =>
  state?.circuit.state === 'closed' ? undefined : state;

/** A destination without its backlog. */
export const destinationColumns = {
  destination: column(s.text(), ({ destination }) => destination.id),
  client: column(s.text(), ({ destination }) => destination.clientId),
  connector: column(s.text(), ({ destination }) => destination.connector),
  sendsFiles: column(s.flag(), ({ destination }) => sendsFiles(destination.connector)),
  mapping: column(s.orNull(s.whole('version in force')), ({ mapping }) => mapping),
  status: column(s.oneOf(['active', 'suspended', 'archived']), ({ destination }) => destination.status),
  statusReason: column(s.text(), ({ destination }) => destination.statusReason),
  circuit: column(s.text('closed, open, ramping'), (one) => heldBy(one)?.circuit.state ?? 'closed'),
  cause: column(s.text('why the circuit is open'), (one) => heldBy(one)?.circuit.cause ?? ''),
  heldFile: column(s.orNull(heldFileSchema), ({ heldFile }) => heldFile),
  nextProbeAt: column(s.orNull(s.moment()), (one) => {
    const held = heldBy(one);
    return held === undefined ? null : new Date(Math.max(held.circuit.nextProbeAt ?? 0, held.now));
  }),
  sends: column(
    s.oneOf(['all', 'suspended', 'closed', 'held', 'quiet', 'few']),
    ({ sending }): Sends | 'all' => sending?.sends ?? 'all',
  ),
  sendsText: column(s.text(), ({ sending }) => sending?.short ?? 'as it bears'),
};
export type DestinationHead = s.RecordOf<typeof destinationColumns>;
const headOf = (one: Known): DestinationHead => s.recordOf(destinationColumns, one);

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
    return { destination, state, sending, mapping, heldFile };
  });
}

/** Every destination of the scope, without its backlog. */
export async function destinationHeads(
  place: SupportPlace,
  scope: Scope,
): Promise<readonly DestinationHead[]> {
  return (await known(place, await ofScope(place, scope, {}))).map(headOf);
}

/** Those of the destinations that send fewer at the moment than they may. */
export async function slowedDestinations(
  place: SupportPlace,
  ids: readonly string[],
): Promise<readonly { readonly destination: string; readonly sending: SendingState }[]> {
  const named = (await allDestinations(place.database)).filter(({ id }) => ids.includes(id));
  return (await known(place, named)).flatMap(({ destination, sending }) =>
    sending === undefined ? [] : [{ destination: destination.id, sending }],
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
  return all.map((one) => ({
    ...headOf(one),
    ...waitingOf(backlog.get(one.destination.id) ?? []),
    trouble: one.sending?.words ?? null,
    tasks: (tasks.get(one.destination.id) ?? []).reduce((sum, { count }) => sum + count, 0),
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
