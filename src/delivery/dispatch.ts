// Pushes due rows into the queue of their destination (station 3): a bounded window per destination, with a few places for replays.
// Invariant: what is pushed is marked in MySQL first; what Redis forgot is pushed again; a held destination gets probes only. A row that
// breaks the marking keeps no other row of its destination from leaving.
import { isFetched, sendsFiles } from '../../connectors/index.ts';
import type { Reason } from '../domain/delivery.ts';
import { closedFor, isProbeDue, isShut, sendPermission } from '../domain/send-policy.ts';
import type { SendingHours } from '../domain/sending-hours.ts';
import type { Log } from '../log.ts';
import type { Producer } from '../queue/producer.ts';
import { takeDueBatches } from '../store/files/batches.ts';
import type { Database } from '../store/database.ts';
import {
  allDestinations,
  findDestination,
  heldStates,
  readStates,
  type Destination,
} from '../store/destinations/destinations.ts';
import {
  destinationsWithDueWork,
  dueNames,
  readWindow,
  takeDue,
  type DueJob,
  type TakeRoom,
} from '../store/deliveries/due-work.ts';
import { takeEndedFiles } from '../store/files/file-acknowledgements.ts';
import { bringProbe, deferToOpening, showHeld } from '../store/deliveries/held-back.ts';
import type { Published } from './trip/mapping-cache.ts';
import { jobOf, pushAgain, pushJobs, forgottenAfterMs } from './planning/push-jobs.ts';
import { quarantineForEach, createQuarantine, unitOf, type Quarantine } from './trip/quarantine.ts';

export interface Dispatcher {
  /** Pushes what is due. `hints`: destinations that surely have work; without them MySQL is asked. Returns jobs pushed. */
  readonly dispatch: (hints?: readonly string[]) => Promise<number>;
  /** The same for those whose window was filled a moment ago; where there are none, nothing is asked. */
  readonly refill: () => Promise<number>;
  /** True where there are such destinations. */
  readonly isRefilling: () => boolean;
  /** Notes that a destination got a fresh lead without a dispatch: fewer replays are let in beside it. */
  readonly noteFresh: (destinationId: string) => void;
  /** Files whose next try is due. */
  readonly dispatchFiles: () => Promise<number>;
  /** Makes the earliest waiting delivery of a held destination due, if its probe is due and nothing else is. Returns how many. */
  readonly bringProbes: () => Promise<number>;
  /** Pushes again what was marked queued long ago, or everything queued after Redis lost its memory. `anyQueued`: false if no row was. */
  readonly pushAgain: (anyQueued?: boolean) => Promise<number>;
}

interface DispatcherOptions {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
  readonly window: number;
  readonly log: Log;
}

/** Replayed deliveries in a destination's window at most, and never more than leave together: a fresh lead waits for one round of them. */
const replayWindow = 20;

/** The same while fresh leads arrive: a replay under way delays a fresh lead, if only in this process. */
const replayWindowBesideFresh = 4;

/** Fresh leads come as long as the last one is not older than this, ms. */
const freshForMs = 5_000;

/** So long a destination counts as one whose window was filled a moment ago, ms. */
const busyForMs = 1_000;

/** Causes that keep a whole destination, and are shown on the leads that wait for it. */
const standstills: ReadonlySet<string> = new Set<Reason>(['destination_suspended', 'destination_held']);

/** A quarantined row or destination is tried again after this, ms. */
const retryAfterMs = 60_000;

/** Rows of one statement. */
const deferredAtOnce = 1_000;

/** Replayed deliveries that always find room: a destination busy with fresh leads does not starve them. */
const replayReserve = 2;

/** All that the steps of dispatching need. */
interface Dispatching extends DispatcherOptions {
  readonly destinations: Directory;
  /** When a fresh lead was last pushed, by destination; of this process's own clock. */
  readonly freshAt: Map<string, number>;
  /** When more was due than was pushed, of those where that was lately. */
  readonly pushedAt: Map<string, number>;
  /** Destinations that break. */
  readonly quarantine: Quarantine;
  readonly takeWindow: TakeWindow;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const at: Dispatching = {
    ...options,
    destinations: createDirectory(options.database),
    freshAt: new Map(),
    pushedAt: new Map(),
    quarantine: createQuarantine({ ...options, step: 'DISPATCH', retryAfterMs }),
    takeWindow: createTakeWindow({ ...options, retryAfterMs }),
  };
  return {
    dispatch: (hints) => dispatch(at, hints),
    refill: () => refill(at),
    isRefilling: () => at.pushedAt.size > 0,
    noteFresh: (id) => void at.freshAt.set(id, performance.now()),
    dispatchFiles: () => dispatchFiles(at),
    bringProbes: () => bringProbes(at),
    pushAgain: (anyQueued = true) => pushAgain(at, anyQueued),
  };
}

async function dispatch(at: Dispatching, hints: readonly string[] | undefined): Promise<number> {
  const ids = hints ?? (await destinationsWithDueWork(at.database));
  if (ids.length === 0) return 0;
  const known = await at.destinations();
  return at.quarantine.each(
    ids,
    (id) => ({ destinationId: id, clientId: known.get(id)?.clientId ?? '' }),
    async (id) => {
      const destination = known.get(id) ?? (await at.destinations(true)).get(id);
      // Files leave by slot, not as soon as they are due.
      if (destination === undefined || sendsFiles(destination.connector)) return 0;
      return dispatchDue(at, destination);
    },
  );
}

async function refill(at: Dispatching): Promise<number> {
  const since = performance.now() - busyForMs;
  for (const [id, pushedAt] of at.pushedAt) if (pushedAt < since) at.pushedAt.delete(id);
  return dispatch(at, [...at.pushedAt.keys()]);
}

/** Dispatches one destination: deliveries that may not leave now show why they wait, and a window of the others is queued and pushed. */
async function dispatchDue(at: Dispatching, destination: Destination): Promise<number> {
  const mapping = await at.published.version(destination.mappingVersionId);
  const { held, due, ...used } = await readWindow(at.database, destination.id);
  if (due.size === 0) return 0;
  const now = held?.now ?? at.database.now().getTime();
  const hours = mapping?.limits.hours;
  const permission = sendPermission({
    now,
    status: destination.status,
    circuit: held?.circuit,
    // The window counts as what a destination has in flight at most.
    limits: { concurrency: at.window, ...(hours === undefined ? {} : { hours }) },
    // Rates are the claim's.
    windows: {},
    inFlight: used.all,
    unit: 'delivery',
  });
  if (permission.closed !== undefined && hours !== undefined)
    await waitForOpening(at, destination, hours, {
      reason: permission.closed.reason,
      at: new Date(now + permission.closed.afterMs),
    });
  if (permission.count === 0) {
    const { reason } = permission.refusal;
    if (standstills.has(reason)) await showHeld(at.database, destination.id, reason, at.window);
    return 0;
  }
  if (isFetched(destination.connector)) return 0;
  // A window that is nearly full is filled up in one go when there is room worth it.
  if (held === undefined && permission.count < at.window / 4) return 0;
  // The delivery that has waited longest is the probe, shown or not: leads that keep failing do not keep others from probing.
  if (held?.circuit.state === 'open')
    await showHeld(at.database, destination.id, 'destination_held' satisfies Reason, at.window);
  const room = replayRoom(at, destination.id, mapping?.limits.concurrency ?? 1, used.replays);
  // A withdrawal or an erasure probes first. Then a fresh lead: replays of what was refused might keep the circuit open for days.
  const jobs = await at.takeWindow(destination.id, permission.count, {
    ...room,
    // Planned rows of a held destination have just been shown as waiting.
    ...(held === undefined ? { due } : { reserved: 0, rightsFirst: true }),
  });
  if (jobs.length === 0) return 0;
  if (jobs.some((job) => job.priority === 0)) at.freshAt.set(destination.id, performance.now());
  // Only a full window, or replays, of which few are let in at once, leave anything behind.
  if (jobs.length >= permission.count || jobs.some((job) => job.priority > 0))
    at.pushedAt.set(destination.id, performance.now());
  await pushJobs(at, destination.id, jobs.map(jobOf));
  at.log.info('dispatch.pushed', { destination: destination.id, count: jobs.length });
  return jobs.length;
}

/**
 * Outside its hours: everything due waits for the opening, but for what carries a right. Publishing takes the same lock, and brings
 * forward what waits: nothing is put off by hours that are no longer in force.
 */
async function waitForOpening(
  { database }: Dispatching,
  { id, mappingVersionId }: Destination,
  { rightsWait }: SendingHours,
  opening: { readonly reason: string; readonly at: Date },
): Promise<void> {
  const which = { rightsWait, limit: deferredAtOnce };
  const deferSome = (): Promise<number> =>
    database.transaction(async (tx) => {
      await readStates(tx, [id], true);
      const inForce = (await findDestination(tx, id))?.mappingVersionId === mappingVersionId;
      return inForce ? deferToOpening(tx, id, opening, which) : 0;
    });
  while ((await deferSome()) === deferredAtOnce);
}

/** How many of the deliveries that are queued next may be replays. */
function replayRoom(
  at: Dispatching,
  destinationId: string,
  together: number,
  used: number,
): { readonly replays: number; readonly reserved: number } {
  const besideFresh = performance.now() - (at.freshAt.get(destinationId) ?? -freshForMs) < freshForMs;
  const replays = Math.min(together, besideFresh ? replayWindowBesideFresh : replayWindow);
  return {
    replays: Math.max(0, replays - used),
    reserved: Math.max(0, Math.min(together, replayReserve) - used),
  };
}

async function dispatchFiles(at: Dispatching): Promise<number> {
  const shut = (await heldStates(at.database))
    .filter((state) => isShut(state.circuit, state.now))
    .map((state) => state.destinationId);
  const batches = await at.database.transaction((tx) => takeDueBatches(tx, 50, forgottenAfterMs, shut));
  const ended = await at.database.transaction((tx) => takeEndedFiles(tx, 50, shut));
  for (const batch of [...batches, ...ended])
    await pushJobs(at, batch.destinationId, [{ batchId: batch.id, attempt: batch.attempt }], 'again');
  return batches.length;
}

async function bringProbes(at: Dispatching): Promise<number> {
  const due = (await heldStates(at.database)).filter(({ circuit, now }) => isProbeDue(circuit, now));
  return at.quarantine.each(
    due,
    ({ destinationId }) => ({ destinationId }),
    async ({ destinationId, circuit, now }) => {
      const destination = (await at.destinations()).get(destinationId);
      const mapping = await at.published.version(destination?.mappingVersionId ?? 0);
      if (closedFor(mapping?.limits.hours, now) !== undefined) return 0;
      return bringProbe(at.database, destinationId, circuit.asked ?? []);
    },
  );
}

type Directory = (fresh?: boolean) => Promise<ReadonlyMap<string, Destination>>;

/** Destinations by id, read again every half second: suspension is also checked in the claim, which is what counts. */
function createDirectory(database: Database): Directory {
  let at = Number.NEGATIVE_INFINITY;
  let known: ReturnType<Directory> = Promise.resolve(new Map());
  return (fresh = false) => {
    if (fresh || performance.now() - at > 500) {
      at = performance.now();
      known = allDestinations(database).then((all) => new Map(all.map((row) => [row.id, row])));
      known.catch(() => {
        at = Number.NEGATIVE_INFINITY;
      });
    }
    return known;
  };
}

export type TakeWindow = (
  destinationId: string,
  limit: number,
  room: Omit<TakeRoom, 'which'>,
) => Promise<readonly DueJob[]>;

export function createTakeWindow({
  database,
  log,
  retryAfterMs,
}: {
  readonly database: Database;
  readonly log: Log;
  readonly retryAfterMs: number;
}): TakeWindow {
  const quarantineOf = quarantineForEach(() =>
    createQuarantine({ database, log, step: 'DISPATCH', retryAfterMs }),
  );
  return (destinationId, limit, room) =>
    quarantineOf(destinationId).rows({
      run: (tx, which) => takeDue(tx, destinationId, limit, { ...room, which }),
      due: async (sql, which) =>
        (await dueNames(sql, destinationId, limit, which)).map((row) => unitOf([row])),
    });
}
