// Defines the content of Redis: jobs and entries made of ids, and the names of keys.
// Invariant: an entry has numbers only; a job's id ends with the attempt, because BullMQ drops a job with the id of a live one.

export type Job =
  | { readonly deliveryId: number; readonly run: number; readonly attempt: number }
  | { readonly batchId: number; readonly attempt: number };

/** BullMQ refuses ids that are integers or contain a colon. */
export function jobId(job: Job): string {
  return 'batchId' in job
    ? `b${job.batchId}-a${job.attempt}`
    : `d${job.deliveryId}-r${job.run}-a${job.attempt}`;
}

/** One entry of a queue: a job, or many deliveries in one entry, which costs one command for all of them. */
export type QueueEntry =
  | Job
  | { readonly together: readonly (readonly [deliveryId: number, run: number, attempt: number])[] };

/** Most deliveries of one entry. */
export const perEntry = 25;
/** Fewest entries of a push, so that several processes share it; fewer than twice as many jobs are not grouped. */
const least = 8;

/** Jobs of one destination as entries, in order. */
export function entriesOf(jobs: readonly Job[]): readonly QueueEntry[] {
  const size = Math.min(perEntry, Math.floor(jobs.length / least));
  if (size < 2) return jobs;
  const entries: QueueEntry[] = [];
  let group: (readonly [number, number, number])[] = [];
  const end = (): void => {
    if (group.length > 0) entries.push({ together: group });
    group = [];
  };
  for (const job of jobs) {
    if ('batchId' in job) {
      entries.push(job);
      continue;
    }
    group.push([job.deliveryId, job.run, job.attempt]);
    if (group.length === size) end();
  }
  end();
  return entries;
}

/** Returns no job for anything that is not one of our entries: a foreign key in Redis must not crash a worker. */
export function parseEntry(data: unknown): readonly Job[] {
  const { deliveryId, run, attempt, batchId, together } = (data ?? {}) as Record<string, unknown>;
  if (Array.isArray(together))
    return together.flatMap((job: unknown) => {
      const [id, itsRun, itsAttempt] = Array.isArray(job) ? (job as unknown[]) : [];
      return parseEntry({ deliveryId: id, run: itsRun, attempt: itsAttempt });
    });
  if (typeof attempt !== 'number') return [];
  if (typeof batchId === 'number') return [{ batchId, attempt }];
  return typeof deliveryId === 'number' && typeof run === 'number' ? [{ deliveryId, run, attempt }] : [];
}

export const queueName = 'deliveries';

/** One queue per destination; the hash tag keeps a queue on one slot and spreads queues over a Redis Cluster. */
export const queuePrefix = (prefix: string, destinationId: string): string => `${prefix}:{${destinationId}}`;
export const wakeChannel = (prefix: string): string => `${prefix}:wake`;
export const identityKey = (prefix: string): string => `${prefix}:installation`;
/** Key of the write probe. */
export const probeKey = (prefix: string): string => `${prefix}:probe`;
export const epochKey = (prefix: string): string => `${prefix}:epoch`;
