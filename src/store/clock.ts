// Estimates the database's time in this process: it reads the database now and then and adds the monotonic clock.
// Invariant: business times are the database's. A host's clock that is ahead, behind or set meanwhile moves none of them.
import { RelaisError } from '../errors.ts';

export interface DatabaseClock {
  /** At most one round trip late, never ahead of the database. @throws INTERNAL-001 before the first reading */
  readonly now: () => Date;
  /** True when it must be read again: a server's clock may be set, and another server may take over. */
  readonly isDue: () => boolean;
  /** @param ask returns the database's time */
  readonly read: (ask: () => Promise<Date>) => Promise<void>;
}

const everyMs = 2_000;
/** A slower answer is imprecise, as in a process that has just started: it is asked again soon. */
const quickMs = 50;
const soonMs = 200;

export function createDatabaseClock(monotonic: () => number = () => performance.now()): DatabaseClock {
  /** From the monotonic clock to the database's epoch, ms. */
  let offset: number | undefined;
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    now: () => {
      if (offset === undefined)
        throw new RelaisError('INTERNAL-001', 'The database was asked for its time before it was reached.');
      return new Date(Math.floor(offset + monotonic()));
    },
    isDue: () => monotonic() >= dueAt,
    read: async (ask) => {
      const before = monotonic();
      dueAt = before + everyMs;
      const moment = (await ask()).getTime();
      const after = monotonic();
      if (after - before > quickMs) dueAt = after + soonMs;
      // The moment lies between the two: a more precise earlier offset remains as long as it fits.
      const latest = moment + 1 - before;
      const earliest = moment - after;
      if (offset === undefined || offset < earliest || offset > latest) offset = earliest;
    },
  };
}
