// Plans quarantined changes of leads again at once, for support, after their cause is repaired.
// Invariant: in the log, with actor and reason; a change that crashes a planner again is quarantined again.
import { unknownClient } from '../errors/unknown.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { lockChangesAside, takeUpChanges } from '../store/support-writes.ts';
import { forgetDeaths } from '../store/takings.ts';
import type { Actor } from './replay.ts';

/** Changes of one transaction. */
const step = 500;

/**
 * Plans a client's quarantined changes again. Returns how many there were.
 * @throws FIND-001 for an unknown client
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
