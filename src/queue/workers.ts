// Opens a BullMQ worker for each destination with work and closes it when idle.
// Invariant: a job's handler never throws into BullMQ, which would store the message; 500 idle destinations cost nothing;
// never more jobs of a destination at once than it bears. An entry is done with when its jobs have begun: from there on
// their rows and leases tell what becomes of them.
import { Worker } from 'bullmq';
import type { RedisClient } from './connect.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { createPlaces, type Places } from './places.ts';
import { parseEntry, queueName, queuePrefix, wakeChannel, type Job } from './jobs.ts';

export interface WorkerPool {
  /** Makes sure a worker is open for a destination. */
  readonly wake: (destinationId: string) => Promise<void>;
  readonly open: () => number;
  /** Stops taking jobs and waits for those begun, at most `drainMs`. */
  readonly close: (drainMs: number) => Promise<void>;
}

export interface WorkerPoolOptions {
  /** For commands; each worker makes one more connection for its blocking read. */
  readonly redis: RedisClient;
  /** A connection of its own for the wake-up channel. */
  readonly subscriber: RedisClient;
  readonly prefix: string;
  readonly concurrencyOf: (destinationId: string) => Promise<number>;
  readonly handle: (destinationId: string, job: Job) => Promise<void>;
  /** Whether this Redis is ours: from another's nothing is taken. */
  readonly isOurs: () => boolean;
  /** Jobs that were taken from the queue and will not begin here: whoever watches what was forgotten may push them at once. */
  readonly giveBack: (jobs: readonly Job[]) => Promise<void>;
  /** Destinations with something queued: asked now and then, for wake-ups that got lost. */
  readonly queued: () => Promise<readonly string[]>;
  readonly log: Log;
  readonly idleMs?: number;
  readonly lookMs?: number;
}

interface Open {
  readonly worker: Worker;
  usedAt: number;
  /** Jobs begun and not ended. */
  readonly running: Set<Promise<void>>;
  readonly places: Places;
}

/** Entries a worker holds while their jobs wait for room. */
const entriesAhead = (concurrency: number): number => Math.min(concurrency, 2 + Math.floor(concurrency / 25));

export async function createWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const { redis, prefix, log } = options;
  const pool = new Map<string, Open>();
  const opening = new Map<string, Promise<void>>();
  let closing = false;

  /** A process that stops begins nothing more: others take it, without waiting until it counts as forgotten. */
  const giveBack = (jobs: readonly Job[]): Promise<void> =>
    options.giveBack(jobs).catch((error: unknown) => {
      log.warn('store.unavailable', { loop: 'job', code: foreignCode(error), count: jobs.length });
    });
  const openFor = async (destinationId: string): Promise<void> => {
    let failures = 0;
    const concurrency = await options.concurrencyOf(destinationId);
    if (closing || pool.has(destinationId)) return;
    const running = new Set<Promise<void>>();
    const places = createPlaces(concurrency);
    const used = (): void => {
      const entry = pool.get(destinationId);
      if (entry !== undefined) entry.usedAt = performance.now();
    };
    const begin = (job: Job): void => {
      const handled = options
        .handle(destinationId, job)
        .then(
          () => {
            failures = 0;
          },
          (error: unknown) => {
            // The row says what happened; Redis must not. One line at the first and then ever more rarely.
            failures += 1;
            if ((failures & (failures - 1)) === 0)
              log.error('loop.failed', {
                loop: 'job',
                destination: destinationId,
                code: foreignCode(error),
                count: failures,
              });
          },
        )
        .finally(() => {
          running.delete(handled);
          places.leave();
          used();
        });
      running.add(handled);
    };
    const worker = new Worker(
      queueName,
      async (raw) => {
        const jobs = parseEntry(raw.data);
        for (const [index, job] of jobs.entries()) {
          if (!closing) await places.enter();
          if (closing || !options.isOurs()) return await giveBack(jobs.slice(index));
          used();
          begin(job);
        }
      },
      {
        connection: redis,
        prefix: queuePrefix(prefix, destinationId),
        concurrency: entriesAhead(concurrency),
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
        skipVersionCheck: true,
        drainDelay: 5,
        // Jobs a killed worker held come back soon; what they mean is decided by the claim.
        lockDuration: 10_000,
        stalledInterval: 5_000,
        maxStalledCount: 1_000,
      },
    );
    let troubles = 0;
    worker.on('error', (error) => {
      troubles += 1;
      // Each slot of the worker says the same, many times a second: ever more rarely, until a job comes again.
      if ((troubles & (troubles - 1)) !== 0) return;
      log.warn('redis.unavailable', {
        loop: 'worker',
        destination: destinationId,
        code: foreignCode(error),
        count: troubles,
      });
    });
    worker.on('active', () => {
      troubles = 0;
    });
    pool.set(destinationId, { worker, usedAt: performance.now(), running, places });
    log.info('worker.opened', { destination: destinationId, count: concurrency });
  };
  const wake = async (destinationId: string): Promise<void> => {
    const entry = pool.get(destinationId);
    if (entry !== undefined) {
      entry.usedAt = performance.now();
      return;
    }
    if (closing || !options.isOurs()) return;
    const under =
      opening.get(destinationId) ?? openFor(destinationId).finally(() => opening.delete(destinationId));
    opening.set(destinationId, under);
    await under;
  };
  const wakeQuietly = (destinationId: string): void => {
    wake(destinationId).catch((error: unknown) =>
      log.warn('loop.failed', { loop: 'wake', destination: destinationId, code: foreignCode(error) }),
    );
  };

  options.subscriber.on('message', (_channel: string, destinationId: string) => wakeQuietly(destinationId));
  await options.subscriber.subscribe(wakeChannel(prefix));

  /** A destination that is never idle is never opened anew: a published change of its concurrency reaches it here. */
  const follow = (destinationId: string, { worker, places }: Open): void => {
    options.concurrencyOf(destinationId).then(
      (concurrency) => {
        places.resize(concurrency);
        if (worker.concurrency !== entriesAhead(concurrency)) worker.concurrency = entriesAhead(concurrency);
      },
      () => undefined,
    );
  };
  const standAside = (): void => {
    for (const { worker, places } of pool.values()) {
      worker.close().catch(() => undefined);
      places.release();
    }
    pool.clear();
  };
  const look = (): void => {
    if (!options.isOurs()) return standAside();
    options.queued().then(
      (ids) => ids.forEach(wakeQuietly),
      (error: unknown) => log.warn('store.unavailable', { loop: 'look', code: foreignCode(error) }),
    );
    const idleSince = performance.now() - (options.idleMs ?? 30_000);
    for (const [destinationId, entry] of pool) {
      if (entry.running.size > 0) follow(destinationId, entry);
      if (entry.running.size > 0 || entry.usedAt > idleSince) continue;
      pool.delete(destinationId);
      entry.worker.close().catch(() => undefined);
      log.info('worker.closed', { destination: destinationId });
    }
  };
  const timer = setInterval(look, options.lookMs ?? 1_000);
  look();

  return {
    wake,
    open: () => pool.size,
    close: async (drainMs) => {
      closing = true;
      for (const { places } of pool.values()) places.release();
      clearInterval(timer);
      const entries = [...pool.values()];
      const all = entries.map((entry) => entry.worker);
      pool.clear();
      const drained = entries.map(async (entry) => {
        await entry.worker.close().catch(() => undefined);
        await Promise.all(entry.running);
      });
      await within(drainMs, Promise.all(drained));
      // What is still running after the limit is cut off; its lease tells the next process.
      await within(1_000, Promise.all(all.map((worker) => worker.close(true).catch(() => undefined))));
      // The subscriber is disconnected by its owner: a goodbye to a Redis that is away would wait for ever.
    },
  };
}

/** Waits for `work`, at most `ms`; leaves no timer behind. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((done) => {
    timer = setTimeout(done, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
