// The database's clock as this process knows it: read now and then, and counted on by the monotonic clock in between.
// Invariant: business times are the database's. A host's own clock, ahead, behind or set while we run, moves none of them.
import { RelaisError } from '../errors.ts';

export interface DatabaseClock {
  /** Late by one round trip at most, and never ahead of the database. @throws INTERNAL-001 before the first reading */
  readonly now: () => Date;
  /** Time to read it again: a server's clock is set too, and another server may have taken over. */
  readonly isDue: () => boolean;
  /** @param ask gives the database's moment */
  readonly read: (ask: () => Promise<Date>) => Promise<void>;
}

const everyMs = 2_000;
/** An answer that took longer says little: a process that has just begun is busy. It is asked again soon. */
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
      // The moment lay between the two: what is known better from a quicker answer stays as long as it fits.
      const latest = moment + 1 - before;
      const earliest = moment - after;
      if (offset === undefined || offset < earliest || offset > latest) offset = earliest;
    },
  };
}
