// Settles changes and erasures that need no file of their own: a later file of all current leads has carried them to the recipient.
// Invariant: they end once the recipient has accepted such a file that was begun after them, never before.
import type { Database } from '../../store/database.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries.ts';
import { markSettled, type Settlement } from '../../store/delivery-settlements.ts';
import { entryNames } from '../../store/entry-names.ts';
import { toldByFile } from '../../store/full-file-leads.ts';
import { noteTold, takeFullFile } from '../../store/full-files.ts';
import { joinEffects, writeEffects, type Effects } from '../outcome/effects.ts';

const atOnce = 500;

/** Some of those of a destination. Returns how many; 0: there are no more. */
export async function settleCarried(database: Database, destinationId: string): Promise<number> {
  return database.transaction(async (tx) => {
    const file = await takeFullFile(tx, destinationId);
    if (file === undefined || file.isTold || file.lastBegunAt === undefined) return 0;
    const ids = await toldByFile(tx, destinationId, file.lastBegunAt, atOnce);
    if (ids.length === 0) {
      await noteTold(tx, destinationId);
      return 0;
    }
    const rows = await readDeliveries(tx, ids);
    await markSettled(tx, rows.map(carriedBefore));
    await writeEffects(tx, joinEffects(rows.map((row) => carriedEffects(row, file.lastBatchId))));
    return rows.length;
  });
}

const carriedEffects = (row: Delivery, batchId: number): Effects => {
  const pair = { leadId: row.leadId, destinationId: row.destinationId };
  return {
    handovers: [
      {
        entry: 'outcome',
        ...entryNames(row),
        batchId,
        actor: 'planner',
        outcome: 'accepted',
        reason: 'accepted',
        nextStep: 'done',
      },
    ],
    ended: [pair],
    erased: row.action === 'erase' ? [pair] : [],
  };
};

/** The recipient has what it says. */
export const carriedBefore = ({ id, maybeReceived }: Delivery): Settlement => ({
  id,
  state: 'delivered',
  reason: 'accepted',
  afterMs: 0,
  spend: false,
  maybeReceived,
  askFirst: false,
  leaveBatch: true,
});
