// Older leads of a client for a destination that came later, by support.
// Invariant: in steps, so that a large client never holds the planner's tables; begun and ended in the log.
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { findDestination } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { addBackfill } from '../store/support-writes.ts';
import type { Actor } from './replay.ts';

/** Leads handed to the planner in one transaction: a large client's backfill never holds its tables. */
const backfillStep = 2_000;

/** Asks the planner to plan older leads of the client for a destination. Returns how many were handed to it. */
export async function backfill(
  database: Database,
  destinationId: string,
  since: Date,
  by: Actor,
  progress?: (done: number) => void,
): Promise<number> {
  const destination = await findDestination(database, destinationId);
  if (destination === undefined)
    throw new RelaisError('FIND-001', `No destination is called ${destinationId}.`);
  const note = (reason: string): Promise<void> =>
    appendHandovers(database, [
      {
        entry: 'backfilled',
        clientId: destination.clientId,
        destinationId,
        actor: by.actor,
        purpose: by.reason,
        reason,
      },
    ]);
  await note('begun');
  let count = 0;
  for (let after = 0; ;) {
    const part = await database.transaction((tx) =>
      addBackfill(tx, destination.clientId, destinationId, since, { after, limit: backfillStep }),
    );
    count += part.count;
    progress?.(count);
    if (part.last === undefined) break;
    after = part.last;
  }
  await note(String(count));
  return count;
}
