// Reads destinations with their health: state of sending, backlog with its age, durations.
// Invariant: agrees with `domain/send-policy`; reads no settled delivery but the newest few.
import { sendsFiles } from '../../../connectors/index.ts';
import { openDeliveries, recentDurations, type Backlog } from '../../store/alerts/backlog.ts';
import {
  allDestinations,
  readStates,
  type Destination,
  type DestinationState,
} from '../../store/destinations/destinations.ts';
import { newestSlot } from '../../store/files/file-slots.ts';
import { heldFiles } from '../../store/files/full-files.ts';
import { readVersions } from '../../store/destinations/mapping-versions.ts';
import { countTasks } from '../../store/alerts/tasks.ts';
import {
  isWithin,
  withinScope,
  pageOf,
  type SupportPlace,
  type Scope,
  type Page,
  type PageAsked,
  seenDestination,
} from '../place.ts';
import { publishedHours, sendingStateOf, type Sends, type SendingState } from '../sending-state.ts';
import { filterInScope, knownInScope } from '../named-text.ts';
import type { Both } from '../words.ts';
import * as s from './columns.ts';
import { addDays, civilDate, startOfDay } from '../../domain/civil-date.ts';
import { shareWithin } from '../../domain/time-scale.ts';
import { periodCountsOf, type PeriodCount } from '../../store/destinations/destination-hours.ts';
import {
  acknowledgedFiles,
  listFiles,
  type FileFilter,
  type ListedFile,
} from '../../store/files/file-lists.ts';

type Known = Awaited<ReturnType<typeof known>>[number];

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
  readonly oldestSeconds: number | null;
  readonly oldestReason: string;
  /** Deliveries that need a person. */
  readonly tasks: number;
}

async function known(place: SupportPlace, all: readonly Destination[]) {
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
  scope: Scope,
  ids: readonly string[],
): Promise<readonly { readonly destination: string; readonly sending: SendingState }[]> {
  const named = (await allDestinations(place.database)).filter(
    ({ id, clientId }) => ids.includes(id) && isWithin(scope, clientId),
  );
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

/** Those that do not send as usual, other than by their hours or for good. @throws FIND-001 */
export const troubledDestinations = async (
  place: SupportPlace,
  scope: Scope,
  { client, destination: only }: { readonly client?: string; readonly destination?: string } = {},
): Promise<readonly DestinationHealth[]> =>
  (await destinationsWithHealth(place, scope, client === undefined ? {} : { client })).filter(
    ({ destination, sends, status }) =>
      !['all', 'closed'].includes(sends) && status !== 'archived' && (only ?? destination) === destination,
  );

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

export type DestinationPage = Awaited<ReturnType<typeof destinationPage>>;

const durationsOf = 500;

/** @throws FIND-001 */
export async function destinationPage(place: SupportPlace, scope: Scope, id: string) {
  const { database, reading } = place;
  const found = await seenDestination(database, scope, id);
  const all = await destinationsWithHealth(place, scope, { client: found.clientId });
  const health = all.find(({ destination }) => destination === id);
  const sorted = [...(await recentDurations(reading, id, durationsOf))].sort((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? null;
  return {
    ...(health as DestinationHealth),
    /** Due time of the newest file; null without files. */
    newestFileAt: (await newestSlot(database, id)) ?? null,
    /** Durations of the newest delivered, from planning to acceptance. */
    durations: { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95) },
  };
}

// Reads a destination's history, by hour of the last day and by day of the last month, for its plots and tables.
// Invariant: from the hourly counts alone, so that the cost does not depend on the log; every hour and day is included, empty or not.

export interface PlotPoint {
  /** The beginning of its hour or day. */
  readonly at: Date;
  readonly delivered: number;
  readonly failed: number;
  readonly withheld: number;
  /** From due, planned or replayed, to delivered, in milliseconds, an eighth off at most; null where nothing was delivered. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

export type DestinationPlots = Awaited<ReturnType<typeof destinationPlots>>;

const hourMs = 3_600_000;
const hoursShown = 24;
const daysShown = 30;

/** @throws FIND-001 */
export async function destinationPlots(
  // A replica's account may have no right to these tables.
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  id: string,
) {
  await seenDestination(database, scope, id);
  const now = database.now();
  const thisHour = Math.floor(now.getTime() / hourMs) * hourMs;
  const hours = Array.from(
    { length: hoursShown },
    (_, index) => new Date(thisHour - (hoursShown - 1 - index) * hourMs),
  );
  const today = civilDate(now);
  const days = Array.from({ length: daysShown }, (_, index) =>
    startOfDay(addDays(today, index + 1 - daysShown)),
  );
  return {
    /** The last 24 hours, the present one among them, oldest first. */
    hours: pointsOf(hours, await periodCountsOf(database, id, hours)),
    /** The last 30 days in Paris, today among them, oldest first. */
    days: pointsOf(days, await periodCountsOf(database, id, days)),
  };
}

function pointsOf(begins: readonly Date[], counts: readonly PeriodCount[]): readonly PlotPoint[] {
  const byPeriod = Map.groupBy(counts, ({ period }) => period);
  return begins.map((at, index) => pointOf(at, byPeriod.get(index) ?? []));
}

function pointOf(at: Date, counts: readonly PeriodCount[]): PlotPoint {
  const sum = (what: PeriodCount['what']): number =>
    counts.reduce((total, one) => total + (one.what === what ? one.count : 0), 0);
  const steps = new Map<number, number>();
  for (const { what, step, count } of counts)
    if (what === 'delivered') steps.set(step, (steps.get(step) ?? 0) + count);
  return {
    at,
    delivered: sum('delivered'),
    failed: sum('failed'),
    withheld: sum('withheld'),
    p50Ms: shareWithin(steps, 0.5),
    p95Ms: shareWithin(steps, 0.95),
  };
}

// Lists files of flows, newest first: number, rows, state, and whether their recipient acknowledged them.
// Invariant: a name and counts; no row of a file.

interface FileHead extends ListedFile {
  readonly acknowledged: { readonly read: number; readonly unreadable: number };
}

/** @throws FIND-001 */
export async function filesPage(
  { database }: SupportPlace,
  scope: Scope,
  asked: FileFilter,
  { limit, after }: PageAsked,
): Promise<Page<FileHead>> {
  const filter = await filterInScope(database, scope, asked);
  const { items, next } = pageOf(
    await listFiles(database, filter, limit + 1, after ?? Number.MAX_SAFE_INTEGER),
    limit,
    ({ id }) => id,
  );
  const acknowledged = await acknowledgedFiles(
    database,
    items.map(({ id }) => id),
  );
  return {
    items: items.map((file) => ({
      ...file,
      acknowledged: acknowledged.get(file.id) ?? { read: 0, unreadable: 0 },
    })),
    next,
  };
}
