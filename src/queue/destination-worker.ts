// Runs the BullMQ worker of one destination: takes entries, and begins their jobs as places become free.
// Invariant: a job's handler never throws into BullMQ, which would store the message; never more jobs at once than the destination
// allows. An entry is finished when its jobs have begun: from then on their rows and leases decide.
import { setTimeout as pause } from 'node:timers/promises';
import { Worker, type WorkerOptions } from 'bullmq';
import { foreignCode } from '../errors.ts';
import { isWorthLogging, type Log } from '../log.ts';
import type { RedisClient } from './connect.ts';
import { parseEntry, perEntry, queueName, queuePrefix, type Job } from './jobs.ts';
import { createPlaces, type Places } from './places.ts';

export interface DestinationWorker {
  /** `performance.now()` of the last job or wake-up. */
  readonly usedAt: () => number;
  readonly touch: () => void;
  readonly isBusy: () => boolean;
  /** Takes jobs that have a place at once, and some that wait for one; returns the others. */
  readonly begin: (jobs: readonly Job[]) => readonly Job[];
  /** Changes the number of jobs at once, to the published one. */
  readonly resize: (concurrency: number) => void;
  /** Begins no further job; resolves when the running ones have ended, even if Redis does not answer. */
  readonly drain: () => Promise<void>;
}

export interface DestinationWorkerOptions {
  readonly destinationId: string;
  readonly concurrency: number;
  /** For commands; the worker opens one more connection for its blocking read. */
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly handle: (destinationId: string, job: Job) => Promise<void>;
  /** False once no job may begin: jobs taken meanwhile are released. */
  readonly mayBegin: () => boolean;
  readonly giveBack: (jobs: readonly Job[]) => Promise<void>;
  readonly log: Log;
}

/** Jobs of its own process that wait here for a place: through Redis each of them costs several commands. */
const nearAhead = (concurrency: number): number => 2 * (concurrency - 1);

/**
 * BullMQ waits for ever for the end of a connection that is being opened again, as after a fail-over, and for a Redis that does
 * not answer. Its entries were begun, or become stalled and return: their rows decide.
 */
const closingMs = 2_000;

/** Entries that a worker takes ahead while their jobs wait for a place. */
const entriesAhead = (concurrency: number): number =>
  Math.min(concurrency, 2 + Math.floor(concurrency / perEntry));

/** The jobs of one destination in this process. */
interface Jobs {
  readonly options: DestinationWorkerOptions;
  readonly places: Places;
  /** Those of this process's own planner that have not begun. */
  readonly near: Set<Job>;
  /** How many have begun and not ended. */
  running: number;
  /** Settles when none runs; undefined: nobody waits for that. */
  idle: PromiseWithResolvers<void> | undefined;
  usedAt: number;
  failures: number;
}

export function openDestinationWorker(options: DestinationWorkerOptions): DestinationWorker {
  const { destinationId, mayBegin } = options;
  const places = createPlaces(options.concurrency);
  const near = new Set<Job>();
  const usedAt = performance.now();
  const at: Jobs = { options, places, near, running: 0, idle: undefined, usedAt, failures: 0 };
  const worker = new Worker(queueName, (raw) => beginEach(at, parseEntry(raw.data)), workerSettings(options));
  logTroubles(worker, destinationId, options.log);
  return {
    usedAt: () => at.usedAt,
    touch: () => {
      at.usedAt = performance.now();
    },
    isBusy: () => at.running > 0,
    begin: (jobs) => {
      const { free, all } = places.count();
      const taken = mayBegin() ? jobs.slice(0, Math.max(0, free + nearAhead(all) - near.size)) : [];
      for (const job of taken) near.add(job);
      void beginEach(at, taken);
      return jobs.slice(taken.length);
    },
    resize: (concurrency) => {
      places.resize(concurrency);
      if (worker.concurrency !== entriesAhead(concurrency)) worker.concurrency = entriesAhead(concurrency);
    },
    drain: async () => {
      places.release();
      await Promise.race([
        worker.close().catch(() => undefined),
        pause(closingMs, undefined, { ref: false }),
      ]);
      if (at.running > 0) await (at.idle ??= Promise.withResolvers<void>()).promise;
    },
  };
}

async function beginEach(at: Jobs, jobs: readonly Job[]): Promise<void> {
  const { mayBegin, giveBack } = at.options;
  for (const [index, job] of jobs.entries()) {
    const hasPlace = mayBegin() && (await at.places.enter());
    if (!hasPlace || !mayBegin()) {
      // A job that may not begin leaves its place: the next one would wait for ever.
      if (hasPlace) at.places.leave();
      for (const left of jobs.slice(index)) at.near.delete(left);
      return giveBack(jobs.slice(index));
    }
    at.near.delete(job);
    at.usedAt = performance.now();
    void run(at, job);
  }
}

/** The row has the result of a job; Redis must not. Logs the first failure, then ever fewer. */
async function run(at: Jobs, job: Job): Promise<void> {
  const { destinationId, handle, log } = at.options;
  at.running += 1;
  try {
    await handle(destinationId, job);
    at.failures = 0;
  } catch (error) {
    at.failures += 1;
    if (!isWorthLogging(at.failures)) return;
    const code = foreignCode(error);
    log.error('loop.failed', { loop: 'job', destination: destinationId, code, count: at.failures });
  } finally {
    at.running -= 1;
    at.places.leave();
    at.usedAt = performance.now();
    if (at.running === 0) {
      at.idle?.resolve();
      at.idle = undefined;
    }
  }
}

const workerSettings = ({
  redis,
  prefix,
  destinationId,
  concurrency,
}: DestinationWorkerOptions): WorkerOptions => ({
  connection: redis,
  prefix: queuePrefix(prefix, destinationId),
  concurrency: entriesAhead(concurrency),
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
  skipVersionCheck: true,
  drainDelay: 5,
  // Jobs of a killed worker return soon; the claim decides about them.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 1_000,
});

/** Each slot of the worker repeats the error, many times a second: logged ever more rarely, until a job comes again. */
function logTroubles(worker: Worker, destinationId: string, log: Log): void {
  let troubles = 0;
  worker.on('error', (error) => {
    troubles += 1;
    if (!isWorthLogging(troubles)) return;
    const code = foreignCode(error);
    log.warn('redis.unavailable', { loop: 'worker', destination: destinationId, code, count: troubles });
  });
  worker.on('active', () => {
    troubles = 0;
  });
}
