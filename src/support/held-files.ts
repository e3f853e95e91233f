// Releases or gives up a full file that was withheld for missing leads, for support.
// Invariant: the file itself no longer exists; a new one leaves with the present leads, at least as many as in the shown one.
import { RelaisError } from '../errors.ts';
import { unknownDestination } from '../errors/unknown.ts';
import type { Database, Sql } from '../store/database.ts';
import { findDestination } from '../store/destinations.ts';
import { addSlot, passDue } from '../store/file-slots.ts';
import { endHold, lockFullFile, type HeldFile } from '../store/full-files.ts';
import { appendHandovers } from '../store/handovers.ts';
import { closeAlertsWith } from '../store/tasks.ts';
import type { Actor } from './replay.ts';

/** Returns the withheld file. @param seenFile the shown file; absent: any withheld one. @throws FIND-001, DEST-001 */
export const decideHeldFile = (database: Database, ...asked: Decided): Promise<HeldFile> =>
  database.transaction((tx) => decideHeldFileIn(tx, ...asked));

type Decided = readonly [destination: string, decision: 'release' | 'discard', by: Actor, seenFile?: number];

/** The same in a transaction of the caller's. */
export async function decideHeldFileIn(
  tx: Sql,
  ...[destinationId, decision, by, seenFile]: Decided
): Promise<HeldFile> {
  const destination = await findDestination(tx, destinationId);
  if (destination === undefined) throw unknownDestination(destinationId);
  const held = (await lockFullFile(tx, destinationId))?.held;
  if (held === undefined)
    throw new RelaisError('DEST-001', [
      `Aucun fichier de ${destinationId} n’est retenu.`,
      `No file of ${destinationId} is held back.`,
    ]);
  if (seenFile !== undefined && held.batchId !== seenFile)
    throw new RelaisError('DEST-001', [
      `C’est un autre fichier de ${destinationId} qui est retenu à présent : regardez-le.`,
      `Another file of ${destinationId} is held back by now: look at it.`,
    ]);
  await endHold(tx, destinationId, decision === 'release' ? held.rows : undefined);
  // Given up is the hour with its file: the next one of the schedule is looked at as any other.
  if (decision === 'release') await addSlot(tx, destinationId, 'now', by.actor);
  else await passDue(tx, destinationId);
  await closeAlertsWith(tx, 'file_held', heldCode(held), destinationId);
  await appendHandovers(tx, [
    {
      entry: decision === 'release' ? 'file_released' : 'file_discarded',
      clientId: destination.clientId,
      destinationId,
      batchId: held.batchId,
      actor: by.actor,
      purpose: by.reason,
      reason: heldCode(held),
    },
  ]);
  return held;
}

const heldCode = ({ rows, missing }: HeldFile): string => `ROWS_${rows}.MISSING_${missing}`;
