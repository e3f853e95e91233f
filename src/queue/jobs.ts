// What travels through Redis: ids, nothing else.
// Invariant: a job's data holds numbers only; its id ends with the attempt, because BullMQ swallows a twin of a live job.

export type Job =
  | { readonly deliveryId: number; readonly run: number; readonly attempt: number }
  | { readonly batchId: number; readonly attempt: number };

/** BullMQ refuses ids that are integers or hold a colon. */
export function jobId(job: Job): string {
  return 'batchId' in job
    ? `b${job.batchId}-a${job.attempt}`
    : `d${job.deliveryId}-r${job.run}-a${job.attempt}`;
}

/** Undefined for anything that is not one of our jobs: a foreign key in Redis must not crash a worker. */
export function parseJob(data: unknown): Job | undefined {
  const { deliveryId, run, attempt, batchId } = (data ?? {}) as Record<string, unknown>;
  if (typeof attempt !== 'number') return undefined;
  if (typeof batchId === 'number') return { batchId, attempt };
  return typeof deliveryId === 'number' && typeof run === 'number' ? { deliveryId, run, attempt } : undefined;
}

export const queueName = 'deliveries';

/** One queue per destination; the hash tag keeps a queue on one slot and spreads queues over a Redis Cluster. */
export const queuePrefix = (prefix: string, destinationId: string): string => `${prefix}:{${destinationId}}`;
export const wakeChannel = (prefix: string): string => `${prefix}:wake`;
export const epochKey = (prefix: string): string => `${prefix}:epoch`;
