// Suspends and resumes a destination, and decides about a withheld file, for support.
// Invariant: one change, one entry with actor and reason; the claim obeys the row, whatever Redis contains.
import { isFetched } from '../../connectors/index.ts';
import { probeNow, untriedNow, type Circuit } from '../domain/breaker.ts';
import type { DestinationStatus } from '../domain/destination.ts';
import { RelaisError } from '../errors.ts';
import { unknownDestination } from '../errors/unknown.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import type { Database, Sql } from '../store/database.ts';
import {
  lockDestination,
  readStates,
  saveCircuit,
  setStatus,
  findDestination,
} from '../store/destinations/destinations.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { bringThrottledForward } from '../store/deliveries/support-writes.ts';
import type { Actor } from './replay.ts';
import { destinationWords } from './words.ts';
import { addSlot, passDue } from '../store/files/file-slots.ts';
import { endHold, lockFullFile, type HeldFile } from '../store/files/full-files.ts';
import { closeAlertsWith } from '../store/alerts/tasks.ts';

/** Suspends or resumes a destination. Resuming also lets a held one probe at once. @param also in the same transaction */
export async function setDestinationStatus(
  database: Database,
  destinationId: string,
  status: Extract<DestinationStatus, 'active' | 'suspended'>,
  by: Actor,
  also: (tx: Sql) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await database.transaction(async (tx) => {
    // A closing client waits for our lock, or we find it archived (C55). Locked in publishing's order: we see its committed state.
    const destination = await lockDestination(tx, destinationId);
    const state = (await readStates(tx, [destinationId], true)).get(destinationId);
    if (destination === undefined) throw unknownDestination(destinationId);
    if (destination.status === 'archived')
      throw new RelaisError('DEST-001', [
        `La destination ${destinationId} est archivée.`,
        `Destination ${destinationId} is archived.`,
      ]);
    const free = state === undefined || isFree(state.circuit, state.now);
    if (destination.status === status && (status === 'suspended' || free)) {
      throw new RelaisError('DEST-001', [
        `La destination ${destinationId} est déjà ${destinationWords[status]}.`,
        `Destination ${destinationId} is ${status} already.`,
      ]);
    }
    await setStatus(tx, destinationId, status, status === 'suspended' ? by.reason : '');
    if (status === 'active' && state !== undefined) {
      const probed = probeNow(state.circuit, state.now);
      // A fetched destination is never dialled: it needs no probe.
      await saveCircuit(tx, destinationId, isFetched(destination.connector) ? probed : untriedNow(probed));
      await bringThrottledForward(tx, destinationId);
    }
    await appendHandovers(tx, [
      {
        entry: status === 'suspended' ? 'suspended' : 'resumed',
        clientId: destination.clientId,
        destinationId,
        actor: by.actor,
        purpose: by.reason,
      },
    ]);
    await also(tx);
  });
}

/** True where resuming would lift nothing: a destination that sends one at a time opens up by itself. */
const isFree = (circuit: Circuit, now: number): boolean =>
  circuit.state === 'closed' && (circuit.quietUntil ?? 0) <= now;

// Releases or gives up a full file that was withheld for missing leads, for support.
// Invariant: the file itself no longer exists; a new one leaves with the present leads, at least as many as in the shown one.

type Decided = readonly [destination: string, decision: 'release' | 'discard', by: Actor, seenFile?: number];

/** Returns the withheld file. @param seenFile the shown file; absent: any withheld one. @throws FIND-001, DEST-001 */
export async function decideHeldFileIn(
  tx: Sql,
  published: Published,
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
  const mapping = await published.version(destination.mappingVersionId);
  const isOther = mapping !== undefined && mapping.full === undefined;
  if (isOther && decision === 'release')
    throw new RelaisError('DEST-001', [
      `Le format de ${destinationId} n’écrit plus tous les leads dans chaque fichier : abandonnez celui qui est retenu.`,
      `The mapping of ${destinationId} no longer writes all leads into each file: give the held one up.`,
    ]);
  await endHold(tx, destinationId, decision === 'release' ? held.rows : undefined);
  // Given up is the hour with its file: the next one of the schedule is looked at as any other. Hours of other files are not its own.
  if (decision === 'release') await addSlot(tx, destinationId, 'now', by.actor);
  else if (!isOther) await passDue(tx, destinationId);
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
