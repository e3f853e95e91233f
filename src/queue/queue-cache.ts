// Opens the BullMQ queue of a destination when first needed, and keeps it open.
// Invariant: at most `mostOpen` are open; the one unused for longest is closed first.
import { Queue } from 'bullmq';
import type { RedisClient } from './connect.ts';
import { queueName, queuePrefix } from './jobs.ts';

export interface QueueCache {
  readonly of: (destinationId: string) => Queue;
  readonly close: () => Promise<void>;
}

const mostOpen = 200;

export function createQueueCache(redis: RedisClient, prefix: string): QueueCache {
  // Ordered by last use.
  const queues = new Map<string, Queue>();
  const open = (destinationId: string): Queue => {
    const queue = new Queue(queueName, {
      connection: redis,
      prefix: queuePrefix(prefix, destinationId),
      skipVersionCheck: true,
      // Events keep return values and failure reasons of removed jobs; ours are empty, and few are kept.
      streams: { events: { maxLen: 50 } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
    });
    queue.on('error', () => undefined);
    return queue;
  };
  const closeOldest = (): void => {
    for (const [destinationId, queue] of queues) {
      if (queues.size <= mostOpen) return;
      queues.delete(destinationId);
      queue.close().catch(() => undefined);
    }
  };
  return {
    of: (destinationId) => {
      const queue = queues.get(destinationId) ?? open(destinationId);
      queues.delete(destinationId);
      queues.set(destinationId, queue);
      closeOldest();
      return queue;
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => undefined)));
      queues.clear();
    },
  };
}
