// What travels through Redis: ids, nothing else.
// Invariant: an entry holds numbers only; a job's id ends with the attempt, because BullMQ swallows a twin of a live job.

export type Job =
  | { readonly deliveryId: number; readonly run: number; readonly attempt: number }
  | { readonly batchId: number; readonly attempt: number };

/** BullMQ refuses ids that are integers or hold a colon. */
export function jobId(job: Job): string {
  return 'batchId' in job
    ? `b${job.batchId}-a${job.attempt}`
    : `d${job.deliveryId}-r${job.run}-a${job.attempt}`;
}

/** One entry of a queue: a job, or the deliveries of many under one entry, so that Redis is asked once for all of them. */
export type QueueEntry =
  Job | { readonly together: readonly (readonly [deliveryId: number, run: number, attempt: number])[] };

/** Deliveries of one entry at most. */
export const perEntry = 25;
/** Entries a push is spread over at least, for several processes to share; fewer jobs than twice as many go alone. */
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

/** Nothing for anything that is not one of our entries: a foreign key in Redis must not crash a worker. */
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
/** Written by whoever asks whether Redis takes anything. */
export const probeKey = (prefix: string): string => `${prefix}:probe`;
export const epochKey = (prefix: string): string => `${prefix}:epoch`;
