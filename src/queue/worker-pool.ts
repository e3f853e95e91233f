// Opens a worker for each destination with work and closes it when idle.
// Invariant: 500 idle destinations cost nothing; a stopping process, or one whose Redis is another installation's, begins no job.
import { setTimeout as pause } from 'node:timers/promises';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RedisClient } from './connect.ts';
import { openDestinationWorker, type DestinationWorker } from './destination-worker.ts';
import { wakeChannel, type Job } from './jobs.ts';

export interface WorkerPool {
  /** Makes sure a worker is open for a destination. */
  readonly wake: (destinationId: string) => Promise<void>;
  readonly open: () => number;
  /** Takes jobs of this process's own planner that have a place in an open worker, or soon will; returns the others, which go through Redis. */
  readonly begin: BeginNearby;
  /** Stops taking jobs and waits for those begun, at most `drainMs`. */
  readonly close: (drainMs: number) => Promise<void>;
}

/** Returns the jobs that were not taken. */
export type BeginNearby = (destinationId: string, jobs: readonly Job[]) => readonly Job[];

/** The planner reads here how to begin jobs in its own process; undefined: this process runs no worker. */
export interface Nearby {
  begin: BeginNearby | undefined;
}

export interface WorkerPoolOptions {
  /** For commands; each worker opens one more connection for its blocking read. */
  readonly redis: RedisClient;
  /** A connection of its own for the wake-up channel. */
  readonly subscriber: RedisClient;
  readonly prefix: string;
  readonly concurrencyOf: (destinationId: string) => Promise<number>;
  readonly handle: (destinationId: string, job: Job) => Promise<void>;
  /** True when this Redis is ours: no job is taken from another installation's. */
  readonly isOurs: () => boolean;
  /** Releases jobs that were taken from the queue and will not begin here, so that they are pushed again at once. */
  readonly giveBack: (jobs: readonly Job[]) => Promise<void>;
  /** Destinations with queued deliveries: read now and then, for lost wake-ups. */
  readonly queued: () => Promise<readonly string[]>;
  /** Begins jobs here from now on, until the pool closes. */
  readonly nearby?: Nearby;
  readonly log: Log;
  readonly idleMs?: number;
  readonly lookMs?: number;
}

/** The workers of this process. */
interface Pool {
  readonly options: WorkerPoolOptions;
  readonly workers: Map<string, DestinationWorker>;
  /** Destinations whose worker is being opened. */
  readonly opening: Map<string, Promise<void>>;
  /** Workers that were closed and still have running jobs. */
  readonly draining: Set<Promise<void>>;
  closing: boolean;
}

export async function createWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const pool: Pool = { options, workers: new Map(), opening: new Map(), draining: new Set(), closing: false };
  const { subscriber, prefix } = options;
  subscriber.on('message', (_channel: string, destinationId: string) => wakeQuietly(pool, destinationId));
  await subscriber.subscribe(wakeChannel(prefix));
  const timer = setInterval(() => look(pool), options.lookMs ?? 1_000);
  look(pool);
  const begin: BeginNearby = (destinationId, jobs) => pool.workers.get(destinationId)?.begin(jobs) ?? jobs;
  const { nearby = { begin: undefined } } = options;
  nearby.begin = begin;
  return {
    wake: (destinationId) => wake(pool, destinationId),
    open: () => pool.workers.size,
    begin,
    close: async (drainMs) => {
      pool.closing = true;
      nearby.begin = undefined;
      clearInterval(timer);
      drainAll(pool);
      await Promise.race([Promise.all(pool.draining), pause(drainMs, undefined, { ref: false })]);
      // Jobs still running after the limit end with the process; their leases will lapse, and another process takes them.
      // Its owner disconnects the subscriber: a QUIT to an unreachable Redis would wait for ever.
    },
  };
}

async function wake(pool: Pool, destinationId: string): Promise<void> {
  const worker = pool.workers.get(destinationId);
  if (worker !== undefined) return worker.touch();
  if (pool.closing || !pool.options.isOurs()) return;
  const opening =
    pool.opening.get(destinationId) ??
    openFor(pool, destinationId).finally(() => pool.opening.delete(destinationId));
  pool.opening.set(destinationId, opening);
  await opening;
}

function wakeQuietly(pool: Pool, destinationId: string): void {
  wake(pool, destinationId).catch((error: unknown) =>
    pool.options.log.warn('store.unavailable', {
      loop: 'wake',
      destination: destinationId,
      code: foreignCode(error),
    }),
  );
}

async function openFor(pool: Pool, destinationId: string): Promise<void> {
  const { options, workers } = pool;
  const concurrency = await options.concurrencyOf(destinationId);
  if (pool.closing || workers.has(destinationId)) return;
  const worker = openDestinationWorker({
    destinationId,
    concurrency,
    redis: options.redis,
    prefix: options.prefix,
    handle: options.handle,
    mayBegin: () => !pool.closing && options.isOurs(),
    giveBack: (jobs) => giveBack(options, jobs),
    log: options.log,
  });
  workers.set(destinationId, worker);
  options.log.info('worker.opened', { destination: destinationId, count: concurrency });
}

/** A stopping process releases its jobs, so that others take them before they count as lost. */
const giveBack = (options: WorkerPoolOptions, jobs: readonly Job[]): Promise<void> =>
  options.giveBack(jobs).catch((error: unknown) => {
    const code = foreignCode(error);
    options.log.warn('store.unavailable', { loop: 'job', code, count: jobs.length });
  });

/** Wakes destinations with queued work, follows changes of the concurrency, closes idle workers. */
function look(pool: Pool): void {
  const { options, workers } = pool;
  if (!options.isOurs()) return drainAll(pool);
  options.queued().then(
    (ids) => ids.forEach((id) => wakeQuietly(pool, id)),
    (error: unknown) => options.log.warn('store.unavailable', { loop: 'look', code: foreignCode(error) }),
  );
  const idleSince = performance.now() - (options.idleMs ?? 30_000);
  for (const [destinationId, worker] of workers) {
    if (worker.isBusy()) followConcurrency(options, destinationId, worker);
    if (worker.isBusy() || worker.usedAt() > idleSince) continue;
    drain(pool, destinationId, worker);
    options.log.info('worker.closed', { destination: destinationId });
  }
}

/** A destination that is never idle is never reopened: a published change of its concurrency reaches it here. */
function followConcurrency(
  options: WorkerPoolOptions,
  destinationId: string,
  worker: DestinationWorker,
): void {
  options.concurrencyOf(destinationId).then(worker.resize, () => undefined);
}

function drainAll(pool: Pool): void {
  for (const [destinationId, worker] of pool.workers) drain(pool, destinationId, worker);
}

function drain({ workers, draining }: Pool, destinationId: string, worker: DestinationWorker): void {
  workers.delete(destinationId);
  const drained = worker.drain().finally(() => draining.delete(drained));
  draining.add(drained);
}
