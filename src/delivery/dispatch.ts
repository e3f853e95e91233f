// Station 3: due rows -> the destination's queue. A bounded window per destination, of which replays get a few places only.
// Invariant: what is pushed is marked in MySQL first; what Redis forgot is pushed again; held destinations get probes only.
import { sendsFiles } from '../../connectors/index.ts';
import type { Reason } from '../domain/delivery.ts';
import { isProbeDue, isShut, minuteOf, sendPermission, type SendPermission } from '../domain/send-policy.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Job } from '../queue/jobs.ts';
import type { Producer } from '../queue/producer.ts';
import { takeDueBatches } from '../store/batches.ts';
import type { Database } from '../store/database.ts';
import {
  allDestinations,
  heldStates,
  type Destination,
  type DestinationState,
} from '../store/destinations.ts';
import { destinationsWithDueWork, takeDue, windowUse, type DueJob } from '../store/due-work.ts';
import { bringProbe, showHeld } from '../store/held-back.ts';
import { queuedLongAgo, touchQueued } from '../store/queued-long-ago.ts';
import type { Published } from './mapping-cache.ts';

export interface Dispatcher {
  /** Pushes what is due. `hints`: destinations that surely have work; without them MySQL is asked. Returns jobs pushed. */
  readonly dispatch: (hints?: readonly string[]) => Promise<number>;
  /** Files whose next try is due. */
  readonly dispatchFiles: () => Promise<number>;
  /** A held destination whose probe is due, while all that waits is due later: the soonest is due now. Returns how many. */
  readonly bringProbes: () => Promise<number>;
  /** Pushes again what was marked queued long ago, or everything queued after Redis lost its memory. */
  readonly pushAgain: () => Promise<number>;
}

export interface DispatcherOptions {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
  readonly window: number;
  readonly log: Log;
  /** After this a queued row is pushed again, ms. */
  readonly forgottenAfterMs?: number;
}

/** Replayed deliveries in a destination's window at most, and never more than leave together: a fresh lead waits for one round of them. */
const replayWindow = 20;
/** The same while fresh leads come: whoever is under way is in the way of a fresh one, if only in our own machine. */
const replayWindowBesideFresh = 4;
/** Fresh leads come as long as the last one is not older than this, ms. */
const freshForMs = 5_000;
/** Causes that keep a whole destination, and are shown on the leads that wait for it. */
const standstills: ReadonlySet<string> = new Set<Reason>(['destination_suspended', 'destination_held']);
/** Replayed deliveries that always find room: a destination busy with fresh leads does not starve them. */
const replayReserve = 2;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { database, published, producer, log } = options;
  const forgottenAfterMs = options.forgottenAfterMs ?? 10_000;
  const destinations = createDirectory(database);

  const freshAt = new Map<string, number>();

  const push = async (destinationId: string, jobs: readonly Job[], again = false): Promise<void> => {
    try {
      await (again ? producer.pushAgain : producer.push)(destinationId, jobs);
    } catch (error) {
      // The rows stay marked queued: pushAgain brings them back when Redis does.
      log.warn('redis.unavailable', {
        loop: 'dispatch',
        destination: destinationId,
        code: foreignCode(error),
        count: jobs.length,
      });
    }
  };

  /** How many more may be queued: the window counts as what a destination has in flight at most. */
  const permissionFor = (
    destination: Destination,
    held: DestinationState | undefined,
    used: number,
  ): SendPermission => {
    const now = held?.now ?? database.now().getTime();
    return sendPermission({
      now,
      status: destination.status,
      circuit: held?.circuit,
      limits: { concurrency: options.window },
      minute: minuteOf(undefined, now),
      inFlight: used,
      unit: 'delivery',
    });
  };

  const one = async (destination: Destination, held: DestinationState | undefined): Promise<number> => {
    const used = await windowUse(database, destination.id);
    const { count: limit, refusal } = permissionFor(destination, held, used.all);
    if (limit === 0) {
      if (standstills.has(refusal.reason))
        await showHeld(database, destination.id, refusal.reason, options.window);
      return 0;
    }
    // A window that is nearly full is filled up in one go when there is room worth it.
    if (held === undefined && limit < options.window / 4) return 0;
    const besideFresh = performance.now() - (freshAt.get(destination.id) ?? -freshForMs) < freshForMs;
    const together = (await published.version(destination.mappingVersionId))?.limits.concurrency ?? 1;
    const replays = Math.min(together, besideFresh ? replayWindowBesideFresh : replayWindow);
    // Whoever waits longest probes, whether it has been looked at yet or not: leads that keep failing do not keep others from it.
    if (held?.circuit.state === 'open')
      await showHeld(database, destination.id, 'destination_held' satisfies Reason, options.window);
    const jobs = await database.transaction((tx) =>
      takeDue(tx, destination.id, limit, {
        replays: Math.max(0, replays - used.replays),
        // A probe is a fresh lead where there is one: replays of what was refused might keep the circuit open for days.
        reserved: held === undefined ? Math.max(0, Math.min(together, replayReserve) - used.replays) : 0,
      }),
    );
    if (jobs.length > 0) {
      if (jobs.some((job) => job.priority === 0)) freshAt.set(destination.id, performance.now());
      await push(destination.id, jobs.map(jobOf));
      log.info('dispatch.pushed', { destination: destination.id, count: jobs.length });
    }
    return jobs.length;
  };

  return {
    dispatch: async (hints) => {
      const ids = hints ?? (await destinationsWithDueWork(database));
      if (ids.length === 0) return 0;
      const [known, held] = [await destinations(), await heldStates(database)];
      let pushed = 0;
      for (const id of ids) {
        const destination = known.get(id) ?? (await destinations(true)).get(id);
        // Files leave by slot, not as soon as they are due.
        if (destination === undefined || sendsFiles(destination.connector)) continue;
        pushed += await one(
          destination,
          held.find((state) => state.destinationId === id),
        );
      }
      return pushed;
    },
    dispatchFiles: async () => {
      const held = (await heldStates(database))
        .filter((state) => isShut(state.circuit, state.now))
        .map((state) => state.destinationId);
      const batches = await database.transaction((tx) => takeDueBatches(tx, 50, forgottenAfterMs, held));
      for (const batch of batches)
        await push(batch.destinationId, [{ batchId: batch.id, attempt: batch.attempt }], true);
      return batches.length;
    },
    bringProbes: async () => {
      let brought = 0;
      for (const { destinationId, circuit, now } of await heldStates(database))
        if (isProbeDue(circuit, now))
          brought += await bringProbe(database, destinationId, circuit.asked ?? []);
      return brought;
    },
    pushAgain: async () => {
      const epoch = await producer.epochLost().catch(() => 'kept' as const);
      if (epoch === 'lost') log.warn('dispatch.epoch_lost');
      // Also at the first look: whatever was queued before this process is pushed again.
      const lost = epoch !== 'kept';
      const startedAt = performance.now();
      let pushed = 0;
      for (;;) {
        // After a loss all that was queued before this look: what it has touched is younger, and not taken again.
        const jobs = lost
          ? await queuedLongAgo(database, Math.floor(performance.now() - startedAt), 1_000)
          : await forgotten();
        const byDestination = Map.groupBy(jobs, (job) => job.destinationId);
        for (const [destinationId, group] of byDestination) await push(destinationId, group.map(jobOf), true);
        // Touched even when Redis is away, so that the next look comes after another pause.
        await touchQueued(
          database,
          jobs.map((job) => job.deliveryId),
        );
        pushed += jobs.length;
        if (jobs.length < 1_000) break;
      }
      return pushed;
    },
  };

  /** Where entries still wait, a row is most likely in one of them, and its twin would only be in the way: there it counts as forgotten late. */
  async function forgotten(): Promise<readonly (DueJob & { readonly destinationId: string })[]> {
    const jobs = await queuedLongAgo(database, forgottenAfterMs, 1_000);
    const busy: string[] = [];
    for (const id of new Set(jobs.map((job) => job.destinationId)))
      if (await producer.hasEntries(id).catch(() => false)) busy.push(id);
    if (busy.length === 0) return jobs;
    return [
      ...(await queuedLongAgo(database, forgottenAfterMs, 1_000, { destinations: busy, among: false })),
      ...(await queuedLongAgo(database, 6 * forgottenAfterMs, 1_000, { destinations: busy, among: true })),
    ];
  }
}

const jobOf = (job: DueJob): Job => ({ deliveryId: job.deliveryId, run: job.run, attempt: job.attempt });

/** Destinations by id, read again every half second: suspension is also checked in the claim, which is what counts. */
function createDirectory(database: Database): (fresh?: boolean) => Promise<ReadonlyMap<string, Destination>> {
  let at = Number.NEGATIVE_INFINITY;
  let known: Promise<ReadonlyMap<string, Destination>> = Promise.resolve(new Map());
  return (fresh = false) => {
    if (fresh || performance.now() - at > 500) {
      at = performance.now();
      known = allDestinations(database).then((all) => new Map(all.map((one) => [one.id, one])));
      known.catch(() => {
        at = Number.NEGATIVE_INFINITY;
      });
    }
    return known;
  };
}
