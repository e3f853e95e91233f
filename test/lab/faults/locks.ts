// How often transactions of a storm met each other, as the server counts it: deadlocks, and waits for a lock that were given up.
// Invariant: reads only. A server that starts again counts from 0; what it had counted before is kept, but for the last moment.
import type { Database } from '../../../src/store/database.ts';
import { pause, perhaps } from './scene.ts';

/** For a thousand deliveries. */
export interface LockFigures {
  readonly deadlocksPer1000: number;
  /** Error 1205. */
  readonly lockWaitsPer1000: number;
}

export interface LockCount {
  /** @param deliveries of the whole storm */
  readonly ended: (deliveries: number) => Promise<LockFigures>;
}

// Both are counted by MySQL and MariaDB as they are installed.
const counters = ['lock_deadlocks', 'lock_timeouts'] as const;

/** Counts for the whole server, from now on. */
export function countLocks(owner: Database, everyMs = 500): LockCount {
  const sums = counters.map(() => 0);
  let last: readonly number[] | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    const now = await perhaps(() => counted(owner));
    if (now === undefined) return;
    const before = last;
    if (before !== undefined)
      now.forEach((count, at) => (sums[at] = (sums[at] ?? 0) + grownBy(before[at] ?? 0, count)));
    last = now;
  };
  const looking = (async () => {
    while (!isOver) {
      await look();
      await pause(everyMs);
    }
    await look();
  })();
  return {
    ended: async (deliveries) => {
      isOver = true;
      await looking;
      const [deadlocksPer1000 = 0, lockWaitsPer1000 = 0] = sums.map((sum) =>
        Math.round((sum * 1_000) / Math.max(1, deliveries)),
      );
      return { deadlocksPer1000, lockWaitsPer1000 };
    },
  };
}

const grownBy = (before: number, now: number): number => (now < before ? now : now - before);

async function counted(owner: Database): Promise<readonly number[]> {
  const rows = await owner.all<{ name: string; count: number }>(
    `SELECT NAME AS name, COUNT AS count FROM information_schema.INNODB_METRICS WHERE NAME IN (${counters.map((name) => `'${name}'`).join(', ')})`,
  );
  return counters.map((name) => Number(rows.find((row) => row.name === name)?.count ?? 0));
}
