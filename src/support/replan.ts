// Changes of leads that the planner set aside are planned again at once, by support: the cause is gone, or was never theirs.
// Invariant: in the log, with who and why; a change that ends a planner again is set aside again.
import { unknownClient } from '../errors/unknown.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { lockChangesAside, takeUpChanges } from '../store/support-writes.ts';
import { forgetDeaths } from '../store/takings.ts';
import type { Actor } from './replay.ts';

/** Changes taken up in one transaction. */
const step = 500;

/**
 * Takes up what was set aside for a client. Returns how many changes there were.
 * @throws FIND-001 when nobody knows the client
 */
export async function replan(database: Database, clientId: string, by: Actor): Promise<number> {
  if ((await findClient(database, clientId)) === undefined) throw unknownClient(clientId);
  let count = 0;
  for (;;) {
    const taken = await database.transaction(async (tx) => {
      const changes = await lockChangesAside(tx, clientId, step);
      if (changes.length === 0) return 0;
      for (const { id } of changes) await forgetDeaths(tx, 'plan', String(id));
      await takeUpChanges(
        tx,
        changes.map(({ id }) => id),
      );
      await appendHandovers(
        tx,
        [...new Set(changes.map(({ leadId }) => leadId))].map((leadId) => ({
          entry: 'reopened' as const,
          clientId,
          leadId,
          actor: by.actor,
          purpose: by.reason,
          reason: 'set_aside',
        })),
      );
      return changes.length;
    });
    if (taken === 0) return count;
    count += taken;
  }
}
