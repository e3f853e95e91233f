// Pushes jobs into Redis once their rows are marked queued, and again when Redis may have lost them. Queues creates in the statement that
// plans them, where their destination has room: they need no dispatch.
// Invariant: a failed push loses nothing; the rows remain queued in MySQL and are pushed again. Nothing overtakes due work, and a held,
// suspended or closed destination gets nothing at once: the dispatch decides there, and the claim reads all of it again under its lock.
import { fileConnectors, isFetched, sendsFiles } from '../../../connectors/index.ts';
import { closedFor } from '../../domain/send-policy.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Job } from '../../queue/jobs.ts';
import type { Producer } from '../../queue/producer.ts';
import type { Nearby } from '../../queue/worker-pool.ts';
import type { Database, Sql } from '../../store/database.ts';
import { readWindow, type DueJob, type DueJobAt } from '../../store/deliveries/due-work.ts';
import { destinationsWithLongFiles } from '../../store/files/long-files.ts';
import {
  presentOf,
  queuedLongAgo,
  touchQueued,
  type Looked,
} from '../../store/deliveries/queued-long-ago.ts';
import { knownAttempt, noteAttempt } from '../trip/known-attempts.ts';
import type { Insert, PlanTarget } from './plan-change.ts';

export interface Pushing {
  readonly database: Database;
  readonly producer: Producer;
  readonly log: Log;
}

/** After this a queued row is pushed again, ms. */
export const forgottenAfterMs = 10_000;

/** Rows of one statement. */
const atOnce = 1_000;

/**
 * Pushes again the rows that were marked queued long ago, or all queued rows after Redis lost its memory. Returns how many.
 * @param anyQueued false: no row was queued a moment ago
 */
export async function pushAgain(at: Pushing, anyQueued: boolean): Promise<number> {
  const epoch = await at.producer.epochLost().catch(() => 'kept' as const);
  if (epoch === 'lost') at.log.warn('dispatch.epoch_lost');
  if (epoch === 'kept' && !anyQueued) return 0;
  // Also at the first look: whatever was queued before this process is pushed again.
  const lossSeen = epoch === 'kept' ? undefined : await presentOf(at.database);
  // Their rows, a million perhaps, wait for the file, and would all be read each time.
  const filing = await destinationsWithLongFiles(at.database, fileConnectors);
  let pushed = 0;
  for (;;) {
    // After a loss all that was queued before this look: what it has touched is younger, and not taken again.
    const jobs =
      lossSeen === undefined
        ? await forgotten(at, filing)
        : await queuedLongAgo(at.database, lossSeen, atOnce, butFor(filing));
    for (const [destinationId, group] of Map.groupBy(jobs, (job) => job.destinationId))
      await pushJobs(at, destinationId, group.map(jobOf), 'again');
    // Touched even when Redis is away, so that the next look comes after another pause.
    await touchQueued(
      at.database,
      jobs.map((job) => job.deliveryId),
    );
    pushed += jobs.length;
    if (jobs.length < atOnce) return pushed;
  }
}

const butFor = (destinations: readonly string[]): Looked => ({ destinations, among: false });

/**
 * While jobs wait in Redis, a queued row is most likely in one of them, and a duplicate would only delay it: then it counts as forgotten
 * later.
 */
async function forgotten(
  at: Pushing,
  filing: readonly string[],
): Promise<readonly (DueJob & { readonly destinationId: string })[]> {
  const jobs = await queuedLongAgo(at.database, forgottenAfterMs, atOnce, butFor(filing));
  const busy: string[] = [];
  for (const id of new Set(jobs.map((job) => job.destinationId)))
    if (await at.producer.hasEntries(id).catch(() => false)) busy.push(id);
  if (busy.length === 0) return jobs;
  const besides = butFor([...filing, ...busy]);
  const idle = await queuedLongAgo(at.database, forgottenAfterMs, atOnce, besides);
  const late = await queuedLongAgo(at.database, 6 * forgottenAfterMs, atOnce, {
    destinations: busy,
    among: true,
  });
  return [...idle, ...late];
}

export async function pushJobs(
  { producer, log }: Pick<Pushing, 'producer' | 'log'>,
  destinationId: string,
  jobs: readonly Job[],
  how: 'once' | 'again' = 'once',
): Promise<void> {
  try {
    await (how === 'again' ? producer.pushAgain : producer.push)(destinationId, jobs);
  } catch (error) {
    // The rows stay marked queued: pushAgain brings them back when Redis does.
    const code = foreignCode(error);
    log.warn('redis.unavailable', { loop: 'dispatch', destination: destinationId, code, count: jobs.length });
  }
}

export const jobOf = (job: DueJob): Job => ({
  deliveryId: job.deliveryId,
  run: job.run,
  attempt: job.attempt,
});

export interface QueueAtOnce {
  /** Marks as queued the planned creates that may leave at once, in the transaction that inserts them. */
  readonly admit: (tx: Sql, inserts: readonly Insert[], targets: readonly PlanTarget[]) => Promise<void>;
  /** Hands over what was queued, after the commit: to the worker of this process where it has a place, else through Redis. */
  readonly push: (queued: readonly DueJobAt[]) => Promise<void>;
}

/** How long the window of a destination counts as that of a moment ago, ms. */
const recentMs = 250;
/** Share of the window that is filled without a dispatch. */
const share = 0.5;

interface Room {
  readonly readAt: number;
  left: number;
}

/** @param options `noteFresh` is called for each destination that gets a fresh lead */
export function createQueueAtOnce(options: {
  readonly producer: Producer;
  readonly nearby: Nearby;
  readonly log: Log;
  /** Deliveries of a destination that are queued or under way, at most. */
  readonly window: number;
  readonly noteFresh: (destinationId: string) => void;
}): QueueAtOnce {
  const rooms = new Map<string, Room>();
  const roomOf = async (tx: Sql, destinationId: string): Promise<Room> => {
    const known = rooms.get(destinationId);
    const readAt = performance.now();
    if (known !== undefined && readAt - known.readAt < recentMs) return known;
    const { all, due, held } = await readWindow(tx, destinationId);
    const isFree = held === undefined && due.size === 0;
    const room = { readAt, left: isFree ? Math.floor(options.window * share) - all : 0 };
    rooms.set(destinationId, room);
    return room;
  };
  return {
    admit: async (tx, inserts, targets) => {
      const now = tx.now().getTime();
      const open = new Set<string>();
      for (const target of targets) if (isOpen(target, now)) open.add(target.destination.id);
      for (const insert of inserts) {
        const isFresh = insert.state === 'planned' && insert.action === 'create' && insert.priority === 0;
        if (!isFresh || !open.has(insert.destinationId)) continue;
        const room = await roomOf(tx, insert.destinationId);
        if (room.left <= 0) continue;
        room.left -= 1;
        insert.state = 'queued';
      }
    },
    push: async (queued) => {
      for (const [destinationId, jobs] of Map.groupBy(queued, (job) => job.destinationId)) {
        options.noteFresh(destinationId);
        const all = jobs.map((due) => {
          const job = jobOf(due);
          const attempt = knownAttempt(due);
          if (attempt !== undefined) noteAttempt(job, attempt);
          return job;
        });
        const left = options.nearby.begin?.(destinationId, all) ?? all;
        if (left.length > 0) await pushJobs(options, destinationId, left);
        options.log.info('dispatch.pushed', { destination: destinationId, count: jobs.length });
      }
    },
  };
}

const isOpen = ({ destination, mapping }: PlanTarget, now: number): boolean =>
  mapping !== undefined &&
  destination.status === 'active' &&
  !sendsFiles(destination.connector) &&
  !isFetched(destination.connector) &&
  closedFor(mapping.limits.hours, now) === undefined;
