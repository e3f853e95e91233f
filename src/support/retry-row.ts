// A row that was set aside through no fault of its own is handed to the intake once more, by support.
// Invariant: only what Relais itself gave up (SET_ASIDE, INTERNAL); a row that broke the contract is corrected by whoever sent it.
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { lockRefusedRow, retryRefusedRow } from '../store/refused-rows.ts';
import { forgetDeaths } from '../store/takings.ts';
import type { Actor } from './replay.ts';

/** Refusals that may have a fault of our own for their cause. */
const ownRefusals: readonly string[] = ['SET_ASIDE', 'INTERNAL'];

/**
 * @param row number of the row, as digits
 * @throws FIND-001 when no refused row has the number, LEAD-005 when the row itself has to be corrected
 */
export async function retryRow(database: Database, row: string, by: Actor): Promise<void> {
  await database.transaction(async (tx) => {
    const refused = await lockRefusedRow(tx, row);
    if (refused === undefined) throw new RelaisError('FIND-001', `No refused row has the number ${row}.`);
    if (!refused.codes.every((code) => ownRefusals.includes(code)))
      throw new RelaisError('LEAD-005', `Row ${row} was refused as ${refused.codes.join(', ')}.`);
    await forgetDeaths(tx, 'intake', row);
    await retryRefusedRow(tx, row);
    await appendHandovers(tx, [
      {
        entry: 'reopened',
        // What names no client may be anything, a person included.
        clientId: (await findClient(tx, refused.clientId))?.id ?? '',
        actor: by.actor,
        purpose: by.reason,
        reason: `intake_row:${row}`,
      },
    ]);
  });
}
