// Fills a slot with the deliveries that are due. More rows than are rendered at once make one long file, collected part by part, each in a
// transaction of its own.
// Invariant: a slot is taken once all its deliveries are in files; until then the next process continues where the last one stopped.
import type { Action } from '../../../connectors/contract.ts';
import { sendsFiles } from '../../../connectors/index.ts';
import { closedFor } from '../../domain/send-policy.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { discardBatch, openBatch } from '../../store/files/batches.ts';
import type { Sql, Database } from '../../store/database.ts';
import type { Destination } from '../../store/destinations/destinations.ts';
import { anyDue, chooseDue, takeDue, type TakeRoom } from '../../store/deliveries/due-work.ts';
import { addSlot, markTaken, noteCollecting, type DueSlot } from '../../store/files/file-slots.ts';
import { collectedAction, openWhole, startWhole } from '../../store/files/long-files.ts';
import { joinWhole } from '../../store/files/file-parts.ts';
import type { Which } from '../../store/named-rows.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { markSettled, type Settlement } from '../../store/deliveries/delivery-settlements.ts';
import { entryAbout } from '../../store/log/handovers.ts';
import {
  leaveAsTheyWere,
  noteBegun,
  openedForNothingIn,
  readFullFile,
  toldByFile,
  noteTold,
  takeFullFile,
} from '../../store/files/full-files.ts';
import { joinEffects, type Effects, unspent } from '../outcome/effects.ts';
import { writeEffects } from '../outcome/write-outcomes.ts';

export interface OpenedBatch {
  readonly id: number;
  readonly destinationId: string;
}

export interface SlotRun {
  readonly opened: readonly OpenedBatch[];
  /** More of it is to be collected, in another transaction: at once (`part`), or when who holds its rows is done (`held`). */
  readonly more: 'part' | 'held' | undefined;
}

export interface SlotWork {
  readonly slot: DueSlot;
  readonly destination: Destination;
  readonly mapping: CompiledMapping;
  /** Rows that are written at once. */
  readonly partRows: number;
  /** All of them, or without those that break it. */
  readonly which: Which;
}

/** One file says one thing: creations, then changes, then erasures. */
const order = ['create', 'update', 'erase'] as const satisfies readonly Action[];

/** Makes the files of a slot. Outside the hours of its destination only what carries a right leaves; the rest at the opening. */
export async function runSlot(tx: Sql, work: SlotWork): Promise<SlotRun> {
  const { slot, destination, mapping } = work;
  const opened: OpenedBatch[] = [];
  if (sendsFiles(mapping.connector)) {
    const now = tx.now().getTime();
    const closed = closedFor(mapping.limits.hours, now);
    if (closed !== undefined) await addSlot(tx, destination.id, new Date(now + closed.afterMs), 'hours');
    if (closed === undefined || mapping.limits.hours?.rightsWait !== true) {
      const filled = await fillFiles(tx, work, { rightsOnly: closed !== undefined }, opened);
      if (filled !== 'done') return { opened, more: filled };
      if (opened.length === 0 && closed === undefined && isEmptyDue(work))
        opened.push(await openEmpty(tx, work));
    }
  }
  opened.push(...(await startCollected(tx, work)));
  await markTaken(tx, slot);
  return { opened, more: undefined };
}

/** A file without leads is due at its hour, or when a person asks for one; not behind a file that was voided or split. */
const isEmptyDue = ({ mapping, slot }: SlotWork): boolean =>
  mapping.schedule?.empty === 'header' && !['voided', 'too_big'].includes(slot.askedBy);

export async function openEmpty(tx: Sql, work: SlotWork): Promise<OpenedBatch> {
  const id = await openWhole(tx, wholeOf(work, 'create'));
  await startWhole(tx, id);
  return { id, destinationId: work.destination.id };
}

/** The file that is still being collected for the slot leaves with what it has; none, mostly. */
export async function startCollected(
  tx: Sql,
  { slot, destination }: SlotWork,
): Promise<readonly OpenedBatch[]> {
  const { collecting: id } = slot;
  if (id === 0 || (await collectedAction(tx, id)) === undefined) return [];
  await startWhole(tx, id);
  await noteCollecting(tx, slot, 0);
  return [{ id, destinationId: destination.id }];
}

/** Collects what is due. @param which `whole`: creations alone, all of them in one file however few */
export async function fillFiles(
  tx: Sql,
  work: SlotWork,
  which: { readonly rightsOnly: boolean; readonly whole?: boolean },
  opened: OpenedBatch[],
): Promise<'done' | 'part' | 'held'> {
  const { slot, destination, mapping } = work;
  const { rightsOnly, whole: isWhole = false } = which;
  const collected = slot.collecting === 0 ? undefined : await collectedAction(tx, slot.collecting);
  let whole = collected === undefined ? undefined : slot.collecting;
  const first = order.findIndex((action) => action === collected);
  for (const action of isWhole ? (['create'] as const) : order.slice(Math.max(0, first))) {
    for (;;) {
      const filled = await fill(tx, work, { action, rightsOnly });
      if (filled === undefined) break;
      if (typeof filled === 'string') {
        await postpone(tx, slot, whole);
        return filled;
      }
      const { id, more } = filled;
      if (mapping.writePart === undefined || (whole === undefined && !more && !isWhole)) {
        opened.push({ id, destinationId: destination.id });
      } else {
        if (whole === undefined) {
          whole = await openWhole(tx, wholeOf(work, action), isWhole ? 'complete' : 'as_it_is');
          if (isWhole) await noteBegun(tx, destination.id, whole);
        }
        await joinWhole(tx, id, whole);
        if (more) {
          await postpone(tx, slot, whole);
          return 'part';
        }
      }
      if (!more) break;
    }
    if (whole !== undefined) {
      await startWhole(tx, whole);
      opened.push({ id: whole, destinationId: destination.id });
      whole = undefined;
    }
  }
  return 'done';
}

/** The slot remains due, and the next transaction continues it. */
async function postpone(tx: Sql, slot: DueSlot, whole: number | undefined): Promise<void> {
  if (whole !== undefined) await noteCollecting(tx, slot, whole);
}

const wholeOf = ({ destination, slot }: SlotWork, action: Action): Parameters<typeof openWhole>[1] => ({
  clientId: destination.clientId,
  destinationId: destination.id,
  slotAt: slot.slotAt,
  action,
});

async function fill(
  tx: Sql,
  work: SlotWork,
  rows: { readonly action: Action; readonly rightsOnly: boolean },
): Promise<{ readonly id: number; readonly more: boolean } | 'part' | 'held' | undefined> {
  const { slot, destination, which } = work;
  const id = await openBatch(tx, destination.clientId, destination.id, slot.slotAt);
  const most = rowsAtOnce(work);
  const jobs = await takeDue(tx, destination.id, most, roomOf(work), { id, ...rows });
  const left = jobs.length === 0 ? 0 : jobs.length - (await giveBack(tx, work, id));
  // Rows that were locked at this moment were left out: they belong to this hour all the same.
  const more = jobs.length === most || (await anyDue(tx, destination.id, rows, which));
  if (left > 0) return { id, more };
  await discardBatch(tx, id);
  if (!more) return undefined;
  return jobs.length > 0 ? 'part' : 'held';
}

/** Leads opened again for a file that the mapping does not make any more: as new ones, their recipient would have them twice. */
async function giveBack(tx: Sql, { destination, mapping }: SlotWork, batchId: number): Promise<number> {
  if (mapping.full !== undefined || (await readFullFile(tx, destination.id)) === undefined) return 0;
  return leaveAsTheyWere(tx, destination, await openedForNothingIn(tx, batchId), 'planner');
}

const rowsAtOnce = ({ mapping, partRows }: SlotWork): number => Math.min(mapping.maxItems, partRows);
const roomOf = (work: SlotWork): TakeRoom => ({
  replays: rowsAtOnce(work),
  reserved: 0,
  which: work.which,
});

/** The rows that the next step of a slot would take, in the caller's transaction. */
export async function rowsOfSlot(tx: Sql, work: SlotWork): Promise<readonly number[]> {
  const ids: number[] = [];
  for (const action of order) {
    const jobs = await chooseDue(tx, work.destination.id, rowsAtOnce(work), roomOf(work), { action });
    ids.push(...jobs.map((job) => job.deliveryId));
  }
  return ids;
}

// Settles changes and erasures that need no file of their own: a later file of all current leads has carried them to the recipient.
// Invariant: they end once the recipient has accepted such a file that was begun after them, never before.

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
      entryAbout(row, 'outcome', 'planner', {
        batchId,
        outcome: 'accepted',
        reason: 'accepted',
        nextStep: 'done',
      }),
    ],
    ended: [pair],
    erased: row.action === 'erase' ? [pair] : [],
  };
};

/** The recipient has what it says. */
const carriedBefore = (row: Delivery): Settlement => ({
  ...unspent(row, 'delivered', 'accepted'),
  askFirst: false,
});
