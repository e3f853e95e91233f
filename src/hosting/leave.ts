// The former place of a client that moves (C36): nothing leaves any more, then the contract ends here as at any end of one.
// Invariant: each step is a transaction that can be repeated; what the new place must restore is kept with the closing.
import { civilDate } from '../domain/civil-date.ts';
import { movingAway } from '../domain/hosting.ts';
import { RelaisError } from '../errors.ts';
import { endAccess, endDestinations, requireDay, requireInstruction } from '../retention/closing.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import type { Database, ReadOnlySql } from '../store/database.ts';
import { destinationsOfClients, readStates, setStatus } from '../store/destinations/destinations.ts';
import { underWayOf, type StatusBefore } from '../store/hosting/moves.ts';
import { dropRequests } from '../store/hosting/moved-secrets.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { logPosition } from '../store/people/proofs.ts';
import { lockClients } from '../store/client-locks.ts';
import { isInStatistics } from '../store/statistics/counting.ts';
import {
  findClosing,
  heldRows,
  insertClosing,
  noteReturned,
  type Closing,
  type HeldBefore,
} from '../store/retention/closings.ts';

/** By the client's instruction about its hosting; its data is deleted in the former place on that day. */
export type MoveOrder = Pick<Closing, 'clientId' | 'instruction' | 'deleteOn' | 'reason' | 'actor'>;

interface HeldForMove extends HeldBefore {
  readonly statuses: readonly StatusBefore[];
}

/** How the destinations were before the move. */
export const statusesBefore = ({ held }: Closing): readonly StatusBefore[] =>
  (JSON.parse(held) as HeldForMove).statuses;

/** @throws FIND-001, USAGE-001, RETENTION-001, INSTANCE-001, CLIENT-001 */
export async function freezeClient(database: Database, order: MoveOrder): Promise<void> {
  const { clientId, instruction, deleteOn, reason, actor } = order;
  await database.transaction(async (tx) => {
    if (!(await lockClients(tx, [clientId], 'alone', 'taken')).has(clientId))
      throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
    const closing = await findClosing(tx, clientId);
    if (closing?.state === 'moving') return;
    if (closing !== undefined)
      throw new RelaisError('CLIENT-001', `The contract of ${clientId} has ended here.`);
    requireDay(deleteOn, civilDate(tx.now()));
    await requireInstruction(tx, clientId, instruction, 'hosting');
    const { files } = await underWayOf(tx, clientId);
    if (files > 0)
      throw new RelaisError(
        'INSTANCE-001',
        `${clientId} has ${files} files under way: they end before it moves. Nothing was changed.`,
      );
    const destinations = await destinationsOfClients(tx, [clientId]);
    const held: HeldForMove = {
      rows: await heldRows(tx, clientId),
      log: await logPosition(tx),
      statuses: destinations.map(({ id, status, statusReason }) => ({ id, status, reason: statusReason })),
    };
    await insertClosing(
      tx,
      { clientId, instruction, deleteOn, reason, actor, held: JSON.stringify(held) },
      'moving',
    );
    // A claim under way ends first, and every later one finds its destination archived.
    await readStates(
      tx,
      destinations.map(({ id }) => id),
      true,
    );
    for (const { id, status } of destinations)
      if (status !== 'archived') await setStatus(tx, id, 'archived', movingAway);
    await appendHandover(tx, {
      entry: 'client_moving',
      clientId,
      actor,
      purpose: reason,
      reason: `#${instruction} delete:${deleteOn} leads:${held.rows['leads'] ?? 0}`,
    });
  });
}

/** Returns what still has to end, as a sentence; undefined when nothing has. */
export async function unquiet(sql: ReadOnlySql, clientId: string): Promise<string | undefined> {
  const { sending, changes } = await underWayOf(sql, clientId);
  return sending + changes === 0
    ? undefined
    : `${sending} deliveries are being sent and ${changes} changes are not planned yet`;
}

/** The client has arrived: its contract ends here, and everything counts as returned. */
export async function endHere(
  { database, keysSchema }: { readonly database: Database; readonly keysSchema: string },
  clientId: string,
  arrived: { readonly place: string; readonly rows: number; readonly digest: Buffer; readonly actor: string },
): Promise<void> {
  const { place, rows, digest, actor } = arrived;
  await database.transaction(async (tx) => {
    await lockClients(tx, [clientId], 'alone', 'taken');
    const closing = await findClosing(tx, clientId);
    if (closing?.state !== 'moving') return;
    const waits = await unquiet(tx, clientId);
    if (waits !== undefined) throw new RelaisError('INSTANCE-001', `${waits}. Run the command again.`);
    await endDestinations(tx, clientId, actor, 'moved');
    await endAccess(tx, clientId, actor);
    await dropRequests(tx, keysSchema, clientId);
    if (await isInStatistics(tx, clientId))
      await raiseAlerts(tx, [{ kind: 'statistics_withdrawn', clientId }]);
    await noteReturned(tx, clientId, { name: place, bytes: 0, digest });
    await appendHandover(tx, {
      entry: 'client_moved',
      clientId,
      actor,
      purpose: closing.reason,
      fileName: place,
      digest,
      reason: `rows:${rows}`,
    });
  });
}
