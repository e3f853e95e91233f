// Slots and batches of file flows: when a file is due, its deliveries are collected into one.
// Invariant: a slot is taken once; after an outage the latest missed slot runs, never each of them.
import { lastSlotBefore } from '../../connectors/index.ts';
import type { Job } from '../queue/jobs.ts';
import type { Producer } from '../queue/producer.ts';
import { addSlot, discardBatch, latestSlots, openBatch, takeSlots } from '../store/batches.ts';
import type { Database, Sql } from '../store/database.ts';
import { allDestinations, findDestination } from '../store/destinations.ts';
import { takeDue } from '../store/dispatching.ts';
import { appendHandovers } from '../store/handovers.ts';
import type { Published } from './published.ts';

export interface Files {
  /** Notes the slots that have come since the last look. */
  readonly noteSlots: (now: Date) => Promise<number>;
  /** Opens a batch for each due slot and pushes it. Returns how many. */
  readonly collect: () => Promise<number>;
}

export function createFiles(options: {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
}): Files {
  const { database, published, producer } = options;

  const fill = async (
    tx: Sql,
    destinationId: string,
    slotAt: Date,
    action: string,
  ): Promise<{ id: number; full: boolean } | undefined> => {
    const destination = await findDestination(tx, destinationId);
    const mapping = await published.version(destination?.mappingVersionId ?? 0);
    if (destination === undefined || mapping === undefined || destination.status !== 'active')
      return undefined;
    const id = await openBatch(tx, destination.clientId, destinationId, slotAt);
    const jobs = await takeDue(tx, destinationId, mapping.maxItems, mapping.maxItems, { id, action });
    if (jobs.length > 0) return { id, full: jobs.length === mapping.maxItems };
    await discardBatch(tx, id);
    return undefined;
  };

  return {
    noteSlots: async (now) => {
      const taken = await latestSlots(database);
      let noted = 0;
      for (const destination of await allDestinations(database)) {
        if (destination.connector !== 'flow' || destination.status !== 'active') continue;
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
        for (const { destinationId, slotAt } of await takeSlots(tx, 20)) {
          // One file says one thing: creations, then changes, then erasures.
          for (const action of ['create', 'update', 'erase']) {
            for (;;) {
              const batch = await fill(tx, destinationId, slotAt, action);
              if (batch === undefined) break;
              batches.push({ destinationId, job: { batchId: batch.id, attempt: 0 } });
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
    await addSlot(tx, destination.id, new Date(), actor);
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
