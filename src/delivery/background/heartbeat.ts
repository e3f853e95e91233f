// Writes the heartbeat of a role into MySQL, so that `relais status` can distinguish an idle gateway from one that does not run.
// Invariant: an outage of MySQL ends no role; a role that stops deletes its row.
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import type { Sql } from '../../store/database.ts';
import { removeProcess, renewProcess, type ProcessLine } from '../../store/alerts/processes.ts';
import { startLoop, usualIdleMs } from './poll-loop.ts';

const everyMs = 5_000;
const leaveMs = 2_000;
const unansweredMs = 3 * everyMs;

export interface Heartbeat {
  /** True once nothing could be written for several beats: a server that waits for space on its disk answers reads, and no write. */
  readonly isUnanswered: () => boolean;
  readonly stop: () => Promise<void>;
}

/** @param now monotonic, ms */
export function startHeartbeat(
  database: Sql,
  line: ProcessLine,
  log: Log,
  now = (): number => performance.now(),
): Heartbeat {
  let writtenAt = now();
  const loop = startLoop({
    name: 'heartbeat',
    idleMs: everyMs,
    tickMs: usualIdleMs,
    work: async () => {
      await renewProcess(database, line);
      writtenAt = now();
      return false;
    },
    log,
  });
  return {
    isUnanswered: () => now() - writtenAt > unansweredMs,
    stop: async () => {
      const gone = loop.stop().then(() => removeProcess(database, line));
      // A database that does not answer keeps no role from stopping: the line is out of date in seconds anyway.
      await Promise.race([gone.catch(() => undefined), pause(leaveMs, undefined, { ref: false })]);
    },
  };
}
