// Puts jobs into the queues and wakes the workers of destinations with work.
// Invariant: nothing depends on Redis remembering; a changed epoch says that it forgot.
import { randomUUID } from 'node:crypto';
import type { Queue } from 'bullmq';
import type { RedisClient } from './connect.ts';
import { createQueueCache } from './queue-cache.ts';
import { entriesOf, epochKey, jobId, wakeChannel, type QueueEntry, type Job } from './jobs.ts';

/** What PTTL says of a key that does not expire. */
const neverExpires = -1;

export interface Producer {
  readonly push: (destinationId: string, jobs: readonly Job[]) => Promise<void>;
  /** Whether entries of the destination wait or are being begun: then what is queued has most likely not been forgotten. */
  readonly hasEntries: (destinationId: string) => Promise<boolean>;
  /** The same for jobs pushed before: what Redis half remembers is cleared first, since BullMQ would swallow its twin. */
  readonly pushAgain: (destinationId: string, jobs: readonly Job[]) => Promise<void>;
  /** `lost` when Redis lost its memory since the last call (flushed, replaced); `first` when nothing is known yet. */
  readonly epochLost: () => Promise<'kept' | 'lost' | 'first'>;
  readonly close: () => Promise<void>;
}

export function createProducer(options: {
  readonly redis: RedisClient;
  readonly prefix: string;
  /** Rejects while this Redis is not to be touched. */
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
        // What goes together in one push need not go together in the next: such an entry has no twin to be known by.
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
      // Each under its own id: what is still there is not doubled, however often it is pushed.
      await add(destinationId, jobs);
    },
    epochLost: async () => {
      await permit();
      const fresh = randomUUID();
      const set = await redis.set(epochKey(prefix), fresh, 'NX');
      const now = set === 'OK' ? fresh : ((await redis.get(epochKey(prefix))) ?? '');
      const answer = epoch === undefined ? 'first' : epoch === now ? 'kept' : 'lost';
      epoch = now;
      return answer;
    },
    close: queues.close,
  };
}

/** A job that stands in no list (its list was evicted or half restored) would never run, and block its id. */
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
 * In a Redis that was copied without its expiries a lock never ends, nor does the mark that says that a worker has looked for
 * stalled jobs just now: what stood in flight would stand so for ever, and swallow each push.
 */
async function removeEndlessLocks(redis: RedisClient, queue: Queue, jobs: readonly Job[]): Promise<void> {
  const keys = ['stalled-check', ...jobs.map((job) => `${jobId(job)}:lock`)].map((name) => queue.toKey(name));
  const left = await Promise.all(keys.map((key) => redis.pttl(key)));
  const endless = keys.filter((_key, index) => left[index] === neverExpires);
  if (endless.length > 0) await redis.del(...endless);
}
