// Queues creates in the statement that plans them, where their destination has room: they need no dispatch.
// Invariant: what is queued here is handed over after the commit, or pushed later like anything that Redis lost. Nothing overtakes due work, and
// a held, suspended or closed destination gets nothing: the dispatch decides there, and the claim reads all of it again under its lock.
import { isFetched, sendsFiles } from '../../../connectors/index.ts';
import { closedFor } from '../../domain/send-policy.ts';
import type { Log } from '../../log.ts';
import type { Producer } from '../../queue/producer.ts';
import type { Nearby } from '../../queue/worker-pool.ts';
import type { Sql } from '../../store/database.ts';
import { readWindow, type DueJobAt } from '../../store/deliveries/due-work.ts';
import type { Insert, PlanTarget } from './plan-change.ts';
import { jobOf, pushJobs } from './push-jobs.ts';

export interface QueueAtOnce {
  /** Marks as queued the planned creates that may leave at once, in the transaction that inserts them. */
  readonly admit: (tx: Sql, inserts: readonly Insert[], targets: readonly PlanTarget[]) => Promise<void>;
  /** Hands over what was queued, after the commit: to the worker of this process where it has a place, else through Redis. */
  readonly push: (queued: readonly DueJobAt[]) => Promise<void>;
}

/** How long the window of a destination counts as that of a moment ago, ms. */
const recentMs = 250;
/** Share of the window that is filled without a dispatch. */
const share = 0.5;

interface Room {
  readonly readAt: number;
  left: number;
}

/** @param options `noteFresh` is called for each destination that gets a fresh lead */
export function createQueueAtOnce(options: {
  readonly producer: Producer;
  readonly nearby: Nearby;
  readonly log: Log;
  /** Deliveries of a destination that are queued or under way, at most. */
  readonly window: number;
  readonly noteFresh: (destinationId: string) => void;
}): QueueAtOnce {
  const rooms = new Map<string, Room>();
  const roomOf = async (tx: Sql, destinationId: string): Promise<Room> => {
    const known = rooms.get(destinationId);
    const readAt = performance.now();
    if (known !== undefined && readAt - known.readAt < recentMs) return known;
    const { all, due, held } = await readWindow(tx, destinationId);
    const isFree = held === undefined && due.size === 0;
    const room = { readAt, left: isFree ? Math.floor(options.window * share) - all : 0 };
    rooms.set(destinationId, room);
    return room;
  };
  return {
    admit: async (tx, inserts, targets) => {
      const now = tx.now().getTime();
      const open = new Set(
        targets.filter((target) => isOpen(target, now)).map(({ destination }) => destination.id),
      );
      for (const insert of inserts) {
        const isFresh = insert.state === 'planned' && insert.action === 'create' && insert.priority === 0;
        if (!isFresh || !open.has(insert.destinationId)) continue;
        const room = await roomOf(tx, insert.destinationId);
        if (room.left <= 0) continue;
        room.left -= 1;
        insert.state = 'queued';
      }
    },
    push: async (queued) => {
      for (const [destinationId, jobs] of Map.groupBy(queued, (job) => job.destinationId)) {
        options.noteFresh(destinationId);
        const all = jobs.map(jobOf);
        const left = options.nearby.begin?.(destinationId, all) ?? all;
        if (left.length > 0) await pushJobs(options, destinationId, left);
        options.log.info('dispatch.pushed', { destination: destinationId, count: jobs.length });
      }
    },
  };
}

const isOpen = ({ destination, mapping }: PlanTarget, now: number): boolean =>
  mapping !== undefined &&
  destination.status === 'active' &&
  !sendsFiles(destination.connector) &&
  !isFetched(destination.connector) &&
  closedFor(mapping.limits.hours, now) === undefined;
