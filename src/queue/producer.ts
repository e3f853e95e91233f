// Pushes jobs into the queues and wakes the workers of their destinations.
// Invariant: nothing depends on the memory of Redis; a changed epoch shows that it was lost.
import { randomUUID } from 'node:crypto';
import type { Queue } from 'bullmq';
import type { RedisClient } from './connect.ts';
import { createQueueCache } from './queue-cache.ts';
import { entriesOf, epochKey, jobId, wakeChannel, type QueueEntry, type Job } from './jobs.ts';

/** Result of PTTL for a key that does not expire. */
const neverExpires = -1;

export interface Producer {
  readonly push: (destinationId: string, jobs: readonly Job[]) => Promise<void>;
  /** True when entries of the destination wait or are being begun: its queued jobs are then most likely not lost. */
  readonly hasEntries: (destinationId: string) => Promise<boolean>;
  /**
   * The same for jobs pushed before: remains of them are removed first, since BullMQ would drop a job with the id of an existing one.
   */
  readonly pushAgain: (destinationId: string, jobs: readonly Job[]) => Promise<void>;
  /** `lost` when Redis lost its data since the last call (flushed, replaced); `first` when nothing is known yet. */
  readonly epochLost: () => Promise<'kept' | 'lost' | 'first'>;
  readonly close: () => Promise<void>;
}

export function createProducer(options: {
  readonly redis: RedisClient;
  readonly prefix: string;
  /** Rejects while this Redis must not be used. */
  readonly permit?: () => Promise<void>;
}): Producer {
  const { redis, prefix, permit = () => Promise.resolve() } = options;
  const queues = createQueueCache(redis, prefix);
  let epoch: string | undefined;

  const add = async (destinationId: string, entries: readonly QueueEntry[]): Promise<void> => {
    if (entries.length === 0) return;
    await permit();
    await queues.of(destinationId).addBulk(
      entries.map((entry) => ({
        name: 'send',
        data: entry,
        // Jobs grouped in one push may be grouped otherwise in the next: such an entry gets a random id.
        opts: { jobId: 'together' in entry ? `g-${randomUUID()}` : jobId(entry) },
      })),
    );
    await redis.publish(wakeChannel(prefix), destinationId);
  };

  return {
    push: (destinationId, jobs) => add(destinationId, entriesOf(jobs)),
    hasEntries: async (destinationId) => {
      await permit();
      const counts = await queues.of(destinationId).getJobCounts('wait', 'active');
      return Object.values(counts).some((count) => count > 0);
    },
    pushAgain: async (destinationId, jobs) => {
      await permit();
      await removeLostTwins(queues.of(destinationId), jobs);
      await removeEndlessLocks(redis, queues.of(destinationId), jobs);
      // Each under its own id: one that still exists is not doubled, however often it is pushed.
      await add(destinationId, jobs);
    },
    epochLost: async () => {
      await permit();
      const key = epochKey(prefix);
      let now = await redis.get(key);
      if (now === null) {
        await redis.set(key, randomUUID(), 'NX');
        now = (await redis.get(key)) ?? '';
      }
      const answer = epoch === undefined ? 'first' : epoch === now ? 'kept' : 'lost';
      epoch = now;
      return answer;
    },
    close: queues.close,
  };
}

/** Removes jobs that are in no list (evicted or half restored): they would never run, and block their ids. */
async function removeLostTwins(queue: Queue, jobs: readonly Job[]): Promise<void> {
  for (let start = 0; start < jobs.length; start += 50) {
    await Promise.all(
      jobs.slice(start, start + 50).map(async (job) => {
        const state = await queue.getJobState(jobId(job));
        if (state === 'unknown') await queue.remove(jobId(job));
      }),
    );
  }
}

/**
 * Removes locks without an expiry. In a Redis that was copied without its expiries a lock never ends, nor does the mark of the
 * last check for stalled jobs: jobs in flight would stay so for ever, and block each push.
 */
async function removeEndlessLocks(redis: RedisClient, queue: Queue, jobs: readonly Job[]): Promise<void> {
  const keys = ['stalled-check', ...jobs.map((job) => `${jobId(job)}:lock`)].map((name) => queue.toKey(name));
  const left = await Promise.all(keys.map((key) => redis.pttl(key)));
  const endless = keys.filter((_key, index) => left[index] === neverExpires);
  if (endless.length > 0) await redis.del(...endless);
}
