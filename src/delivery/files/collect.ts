// Slots and batches of file flows: when a file is due, its deliveries are collected into one.
// Invariant: a slot is taken once; after an outage the latest missed slot runs, never each of them.
import type { Action } from '../../../connectors/contract.ts';
import { fileConnectors, lastSlotBefore, sendsFiles } from '../../../connectors/index.ts';
import type { Reason } from '../../domain/delivery.ts';
import { closedFor, isStopped, whyFileWaits } from '../../domain/send-policy.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Producer } from '../../queue/producer.ts';
import { discardBatch, openBatch } from '../../store/batches.ts';
import { addSlot, dueSlots, latestSlots, markTaken, type DueSlot } from '../../store/file-slots.ts';
import type { Database, Sql } from '../../store/database.ts';
import { destinationsBy, findDestination, heldStates, type Destination } from '../../store/destinations.ts';
import { destinationsWithPlannedWork, takeDue } from '../../store/due-work.ts';
import { relabelWaiting, showHeld } from '../../store/held-back.ts';
import { appendHandovers } from '../../store/handovers.ts';
import type { Published } from '../mapping-cache.ts';

export interface Files {
  /** Notes the slots that have come since the last look. */
  readonly noteSlots: (now: Date) => Promise<number>;
  /** Opens a batch for each due slot and pushes it. Returns how many. */
  readonly collect: () => Promise<number>;
  /** Rows that wait for a file say so, and what keeps it back. */
  readonly showWaiting: () => Promise<void>;
}

/** Why a row of a flow waits without being tried. */
const causes = ['slot', 'destination_suspended', 'destination_held'] as const satisfies readonly Reason[];
const shownAtOnce = 10_000;
/** Slots of flows whose mapping cannot be used stay due, and must not hide those behind them. */
const slotsAtOnce = 500;

/** What every step needs. */
interface Filing {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
}

export function createFiles(filing: Filing): Files {
  const shown: ShownCauses = new Map();
  return {
    noteSlots: (now) => noteSlots(filing, now),
    collect: () => collect(filing),
    showWaiting: () => showWaiting(filing, shown),
  };
}

async function noteSlots({ database, published }: Filing, now: Date): Promise<number> {
  const destinations = await destinationsBy(database, fileConnectors);
  if (destinations.length === 0) return 0;
  const newest = await latestSlots(database);
  let noted = 0;
  for (const destination of destinations) {
    if (isStopped(destination.status)) continue;
    const schedule = (await published.version(destination.mappingVersionId))?.schedule;
    if (schedule === undefined) continue;
    const last = lastSlotBefore(schedule.cron, schedule.timezone, now);
    const after = newest.get(destination.id) ?? destination.leadsFrom;
    if (last !== undefined && last > after && (await addSlot(database, destination.id, last))) noted += 1;
  }
  return noted;
}

async function collect({ database, published, producer }: Filing): Promise<number> {
  const opened = await database.transaction(async (tx) => {
    const batches: OpenedBatch[] = [];
    for (const slot of await dueSlots(tx, slotsAtOnce)) {
      const destination = await findDestination(tx, slot.destinationId);
      const mapping = await published.version(destination?.mappingVersionId ?? 0);
      // The slot stays due until the mapping can be used again: no hour is lost.
      if (destination === undefined || mapping === undefined) continue;
      batches.push(...(await runSlot(tx, slot, destination, mapping)));
    }
    return batches;
  });
  // Marked in MySQL already: a push that fails is made again when the batch has stood queued too long.
  for (const { destinationId, id } of opened)
    await producer.push(destinationId, [{ batchId: id, attempt: 0 }]).catch(() => undefined);
  return opened.length;
}

/** The cause last shown, by destination. */
type ShownCauses = Map<string, (typeof causes)[number]>;

async function showWaiting({ database }: Filing, shown: ShownCauses): Promise<void> {
  const destinations = await destinationsBy(database, fileConnectors);
  if (destinations.length === 0) return;
  const held = await heldStates(database);
  const planned = await destinationsWithPlannedWork(database);
  for (const { id, status } of destinations) {
    const cause = whyFileWaits(status, held.find((state) => state.destinationId === id)?.circuit);
    if (shown.get(id) !== cause) await relabelWaiting(database, id, cause, causes);
    shown.set(id, cause);
    if (planned.has(id)) await showHeld(database, id, cause, shownAtOnce);
  }
}

interface OpenedBatch {
  readonly id: number;
  readonly destinationId: string;
}

/** Makes the files of a slot. Outside the hours of its destination only what carries a right leaves; the rest at the opening. */
async function runSlot(
  tx: Sql,
  slot: DueSlot,
  destination: Destination,
  mapping: CompiledMapping,
): Promise<readonly OpenedBatch[]> {
  await markTaken(tx, slot);
  if (!sendsFiles(mapping.connector)) return [];
  const now = tx.now().getTime();
  const closed = closedFor(mapping.limits.hours, now);
  if (closed !== undefined) await addSlot(tx, destination.id, new Date(now + closed.afterMs), 'hours');
  if (closed !== undefined && mapping.limits.hours?.rightsWait === true) return [];
  const batches: OpenedBatch[] = [];
  // One file says one thing: creations, then changes, then erasures.
  for (const action of ['create', 'update', 'erase'] as const) {
    const which = { action, rightsOnly: closed !== undefined, most: mapping.maxItems };
    for (;;) {
      const batch = await fill(tx, destination, slot.slotAt, which);
      if (batch === undefined) break;
      batches.push({ id: batch.id, destinationId: destination.id });
      if (!batch.isFull) break;
    }
  }
  return batches;
}

async function fill(
  tx: Sql,
  destination: Destination,
  slotAt: Date,
  which: { readonly action: Action; readonly rightsOnly: boolean; readonly most: number },
): Promise<{ readonly id: number; readonly isFull: boolean } | undefined> {
  const id = await openBatch(tx, destination.clientId, destination.id, slotAt);
  const room = { replays: which.most, reserved: 0 };
  const jobs = await takeDue(tx, destination.id, which.most, room, { id, ...which });
  if (jobs.length > 0) return { id, isFull: jobs.length === which.most };
  await discardBatch(tx, id);
  return undefined;
}

/** A file now, asked for by a person instead of the schedule. */
export async function requestFile(
  database: Database,
  destination: { readonly id: string; readonly clientId: string },
  actor: string,
  reason: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    await addSlot(tx, destination.id, 'now', actor);
    await appendHandovers(tx, [
      {
        entry: 'file_requested',
        clientId: destination.clientId,
        destinationId: destination.id,
        actor,
        purpose: reason,
      },
    ]);
  });
}
