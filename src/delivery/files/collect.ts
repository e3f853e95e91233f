// Slots and batches of file flows: when a file is due, its deliveries are collected into one.
// Invariant: a slot is taken once; after an outage the latest missed slot runs, never each of them.
import { fileConnectors, lastSlotBefore, sendsFiles } from '../../../connectors/index.ts';
import type { Reason } from '../../domain/delivery.ts';
import { isStopped, whyFileWaits } from '../../domain/send-policy.ts';
import type { Job } from '../../queue/jobs.ts';
import type { Producer } from '../../queue/producer.ts';
import { discardBatch, openBatch } from '../../store/batches.ts';
import { addSlot, dueSlots, latestSlots, markTaken } from '../../store/slots.ts';
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

export function createFiles(options: {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
}): Files {
  const { database, published, producer } = options;
  const shown = new Map<string, (typeof causes)[number]>();

  const fill = async (
    tx: Sql,
    destination: Destination,
    slotAt: Date,
    action: string,
    most: number,
  ): Promise<{ id: number; full: boolean } | undefined> => {
    const id = await openBatch(tx, destination.clientId, destination.id, slotAt);
    const jobs = await takeDue(tx, destination.id, most, { replays: most, reserved: 0 }, { id, action });
    if (jobs.length > 0) return { id, full: jobs.length === most };
    await discardBatch(tx, id);
    return undefined;
  };

  return {
    noteSlots: async (now) => {
      const destinations = await destinationsBy(database, fileConnectors);
      if (destinations.length === 0) return 0;
      const taken = await latestSlots(database);
      let noted = 0;
      for (const destination of destinations) {
        if (isStopped(destination.status)) continue;
        const mapping = await published.version(destination.mappingVersionId);
        if (mapping?.schedule === undefined) continue;
        const last = lastSlotBefore(mapping.schedule.cron, mapping.schedule.timezone, now);
        const after = taken.get(destination.id) ?? destination.leadsFrom;
        if (last !== undefined && last > after && (await addSlot(database, destination.id, last))) noted += 1;
      }
      return noted;
    },
    collect: async () => {
      const opened = await database.transaction(async (tx) => {
        const batches: { destinationId: string; job: Job }[] = [];
        for (const slot of await dueSlots(tx, slotsAtOnce)) {
          const destination = await findDestination(tx, slot.destinationId);
          const mapping = await published.version(destination?.mappingVersionId ?? 0);
          // The slot stays due until the mapping can be used again: no hour is lost.
          if (destination === undefined || mapping === undefined) continue;
          await markTaken(tx, slot);
          if (!sendsFiles(mapping.connector)) continue;
          // One file says one thing: creations, then changes, then erasures.
          for (const action of ['create', 'update', 'erase']) {
            for (;;) {
              const batch = await fill(tx, destination, slot.slotAt, action, mapping.maxItems);
              if (batch === undefined) break;
              batches.push({ destinationId: destination.id, job: { batchId: batch.id, attempt: 0 } });
              if (!batch.full) break;
            }
          }
        }
        return batches;
      });
      // Marked in MySQL already: a push that fails is made again when the batch has stood queued too long.
      for (const { destinationId, job } of opened)
        await producer.push(destinationId, [job]).catch(() => undefined);
      return opened.length;
    },
    showWaiting: async () => {
      const destinations = await destinationsBy(database, fileConnectors);
      if (destinations.length === 0) return;
      const [held, planned] = [await heldStates(database), await destinationsWithPlannedWork(database)];
      for (const { id, status } of destinations) {
        const cause = whyFileWaits(status, held.find((state) => state.destinationId === id)?.circuit);
        if (shown.get(id) !== cause) await relabelWaiting(database, id, cause, causes);
        shown.set(id, cause);
        if (planned.has(id)) await showHeld(database, id, cause, shownAtOnce);
      }
    },
  };
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
