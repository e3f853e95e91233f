// Opens a BullMQ worker for each destination with work and closes it when idle.
// Invariant: a job's handler never throws into BullMQ, which would store the message; 500 idle destinations cost nothing.
import { Worker } from 'bullmq';
import type { RedisClient } from './connect.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { parseJob, queueName, queuePrefix, wakeChannel, type Job } from './jobs.ts';

export interface WorkerPool {
  /** Makes sure a worker is open for a destination. */
  readonly wake: (destinationId: string) => Promise<void>;
  readonly open: () => number;
  /** Stops taking jobs and waits for those in flight, at most `drainMs`. */
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
  /** Destinations with something queued: asked now and then, for wake-ups that got lost. */
  readonly queued: () => Promise<readonly string[]>;
  readonly log: Log;
  readonly idleMs?: number;
  readonly lookMs?: number;
}

interface Open {
  readonly worker: Worker;
  usedAt: number;
  busy: number;
}

export async function createWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const { redis, prefix, log } = options;
  const pool = new Map<string, Open>();
  const opening = new Map<string, Promise<void>>();
  let closing = false;

  const openFor = async (destinationId: string): Promise<void> => {
    let failures = 0;
    const concurrency = await options.concurrencyOf(destinationId);
    if (closing || pool.has(destinationId)) return;
    const worker = new Worker(
      queueName,
      async (raw) => {
        const job = parseJob(raw.data);
        const entry = pool.get(destinationId);
        if (entry !== undefined) {
          entry.usedAt = Date.now();
          entry.busy += 1;
        }
        try {
          if (job !== undefined) await options.handle(destinationId, job);
          failures = 0;
        } catch (error) {
          // The row says what happened; Redis must not. One line at the first and then ever more rarely.
          failures += 1;
          if ((failures & (failures - 1)) === 0)
            log.error('loop.failed', {
              loop: 'job',
              destination: destinationId,
              code: foreignCode(error),
              count: failures,
            });
        } finally {
          if (entry !== undefined) {
            entry.busy -= 1;
            entry.usedAt = Date.now();
          }
        }
      },
      {
        connection: redis,
        prefix: queuePrefix(prefix, destinationId),
        concurrency,
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
    pool.set(destinationId, { worker, usedAt: Date.now(), busy: 0 });
    log.info('worker.opened', { destination: destinationId, count: concurrency });
  };
  const wake = async (destinationId: string): Promise<void> => {
    const entry = pool.get(destinationId);
    if (entry !== undefined) {
      entry.usedAt = Date.now();
      return;
    }
    if (closing) return;
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

  const look = (): void => {
    options.queued().then(
      (ids) => ids.forEach(wakeQuietly),
      (error: unknown) => log.warn('store.unavailable', { loop: 'look', code: foreignCode(error) }),
    );
    const idleSince = Date.now() - (options.idleMs ?? 30_000);
    for (const [destinationId, entry] of pool) {
      if (entry.busy > 0 || entry.usedAt > idleSince) continue;
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
      clearInterval(timer);
      const all = [...pool.values()].map((entry) => entry.worker);
      pool.clear();
      await within(drainMs, Promise.all(all.map((worker) => worker.close().catch(() => undefined))));
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
