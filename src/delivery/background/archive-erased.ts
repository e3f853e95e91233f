// Moves settled deliveries of erased leads to the table of keys, so that `deliveries` contains only rows that may change.
// Invariant: a lead moves whole, under its lock; planner, replay and erasure take the same lock.
import { leadsToArchive, moveToKeys } from '../../store/deliveries/delivery-keys.ts';
import type { Database } from '../../store/database.ts';
import { lockLeads } from '../../store/leads/leads.ts';

const leadsAtOnce = 200;

/** Returns how many deliveries moved. */
export async function archiveDeliveries(
  database: Database,
  before: Date,
  progress?: (moved: number) => void,
): Promise<number> {
  let moved = 0;
  for (let after = 0; ;) {
    const ids = await leadsToArchive(database, before, { after, limit: leadsAtOnce });
    const last = ids.at(-1);
    if (last === undefined) return moved;
    moved += await database.transaction(async (tx) => {
      const locked = await lockLeads(tx, ids);
      return moveToKeys(
        tx,
        ids.filter((id) => locked.get(id)?.erased === true),
        before,
      );
    });
    after = last;
    progress?.(moved);
  }
}
