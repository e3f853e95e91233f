// Collects a file of all current leads: leads of earlier files are reopened, step by step, and collected with the new ones into one file,
// however long.
// Invariant: no such file leaves before all its leads are collected, nor while an earlier one is under way or held back.
import { closedFor } from '../../domain/send-policy.ts';
import { mayLeave, type FullGuard } from '../../domain/full-file.ts';
import { hasFileUnderWay } from '../../store/files/batches.ts';
import type { Sql, Database } from '../../store/database.ts';
import { addSlot, isDue, isOutrun, markTaken, passDue } from '../../store/files/file-slots.ts';
import {
  bringWaiting,
  endedOfStep,
  endOfStep,
  openForFile,
  abandonGathering,
  hasExpiredSince,
  beginGathering,
  endGathering,
  noteBegun,
  noteGathered,
  readFullFile,
  takeFullFile,
  holdFile,
  lockFullFile,
  returningRows,
  type GatherStep,
  type FullFile,
  type HeldFile,
} from '../../store/files/full-files.ts';
import { appendHandovers, appendHandover } from '../../store/log/handovers.ts';
import { inactiveAmong } from '../../store/retention/retention-candidates.ts';
import { closeAlertsOf } from '../../store/alerts/tasks.ts';
import {
  fillFiles,
  openEmpty,
  rowsOfSlot,
  runSlot,
  startCollected,
  type OpenedBatch,
  type SlotRun,
  type SlotWork,
} from './fill.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import { extentOf, hasPart } from '../../store/files/file-parts.ts';
import type { Whole } from '../../store/files/long-files.ts';

type FullWork = SlotWork & { readonly guard: FullGuard };

const later = { opened: [], more: 'held' } as const satisfies SlotRun;
const again = { opened: [], more: 'part' } as const satisfies SlotRun;
const nothing = { opened: [], more: undefined } as const satisfies SlotRun;

/** Makes the files of a slot, or continues them. */
export async function makeFiles(tx: Sql, work: SlotWork): Promise<SlotRun> {
  const guard = work.mapping.full;
  if (guard !== undefined) return runFullSlot(tx, { ...work, guard });
  return (await giveUpGathered(tx, work)) ?? runSlot(tx, work);
}

/** A file of all leads that is being gathered or collected, and that the mapping does not make any more: its leads may end meanwhile. */
async function giveUpGathered(tx: Sql, work: SlotWork): Promise<SlotRun | undefined> {
  const file = await readFullFile(tx, work.destination.id);
  if (file === undefined) return undefined;
  if (file.slotAt !== undefined || file.releasedRows !== undefined)
    await abandonGathering(tx, work.destination.id);
  const opened = file.batchId === work.slot.collecting ? await startCollected(tx, work) : [];
  return opened.length > 0 ? { opened, more: 'part' } : undefined;
}

async function runFullSlot(tx: Sql, work: FullWork): Promise<SlotRun> {
  const { slot, destination } = work;
  const file = await takeFullFile(tx, destination.id);
  if (file === undefined || file.held !== undefined) return later;
  const isOther = file.slotAt?.getTime() !== slot.slotAt.getTime();
  // Left behind by a mapping that made other files meanwhile.
  if (file.slotAt === undefined || (isOther && !(await isDue(tx, { ...slot, slotAt: file.slotAt }))))
    return beginSlot(tx, work, file);
  if (isOther) return later;
  return file.isGathered ? collect(tx, work, file) : gather(tx, work, file);
}

async function beginSlot(tx: Sql, work: FullWork, file: FullFile): Promise<SlotRun> {
  const { slot, destination, mapping } = work;
  // Begun for a mapping that made other files: it need not wait for the leads that it lacks.
  const opened = await startCollected(tx, work);
  if (opened.length > 0) return { opened, more: 'part' };
  // A lead in a file on its way cannot be in this one.
  if (!file.isTold || (await hasFileUnderWay(tx, destination.id))) return later;
  // One that is due by now holds all that this one would.
  if (await isOutrun(tx, slot)) {
    await markTaken(tx, slot);
    return nothing;
  }
  const now = tx.now().getTime();
  const closed = closedFor(mapping.limits.hours, now);
  if (closed !== undefined) {
    await addSlot(tx, destination.id, new Date(now + closed.afterMs), 'hours');
    await markTaken(tx, slot);
    return nothing;
  }
  // An earlier one that was passed over while its lock was taken would make the same file again.
  await passDue(tx, destination.id, slot.slotAt);
  await beginGathering(tx, destination.id, slot.slotAt);
  return again;
}

const stepOf = ({ destination, partRows }: FullWork, file: FullFile): GatherStep => ({
  destinationId: destination.id,
  after: file.gatheredTo,
  limit: partRows,
  mappingVersionId: destination.mappingVersionId,
});

async function gather(tx: Sql, work: FullWork, file: FullFile): Promise<SlotRun> {
  const { destination, mapping, slot, which } = work;
  const step = stepOf(work, file);
  const last = await endOfStep(tx, step);
  if (last === undefined) {
    await noteGathered(tx, destination.id, { to: file.gatheredTo, opened: 0, isLast: true });
    await appendHandover(tx, {
      entry: 'file_gathered',
      clientId: destination.clientId,
      destinationId: destination.id,
      actor: 'planner',
      purpose: `${file.gathered} leads again, for the file of ${slot.slotAt.toISOString()}`,
    });
    return again;
  }
  const ended = await endedOfStep(tx, step, last, which);
  const inactive = await inactiveAmong(tx, ended);
  const wanted = ended.filter(({ id }) => !inactive.has(id));
  await closeAlertsOf(
    tx,
    wanted.filter(({ state }) => state === 'failed').map(({ deliveryId }) => deliveryId),
  );
  const ids = wanted.map(({ deliveryId }) => deliveryId);
  const opened = await openForFile(tx, ids, mapping.maxAgeMs);
  await bringWaiting(tx, step, last);
  await noteGathered(tx, destination.id, { to: last, opened, isLast: false });
  return again;
}

async function collect(tx: Sql, work: FullWork, file: FullFile): Promise<SlotRun> {
  const { slot, destination } = work;
  const opened: OpenedBatch[] = [];
  const filled = await fillFiles(tx, work, { rightsOnly: false, whole: true }, opened);
  if (filled !== 'done') return { opened, more: filled };
  const isWanted = work.mapping.schedule?.empty === 'header' || file.releasedRows !== undefined;
  const isEmpty = opened.length === 0;
  if (isEmpty && (await hasExpiredSince(tx, destination.id, slot.slotAt)))
    await addSlot(tx, destination.id, 'now', 'voided');
  else if (isEmpty && !(await isHeldEmpty(tx, work, file)) && isWanted) {
    const empty = await openEmpty(tx, work);
    await noteBegun(tx, destination.id, empty.id);
    opened.push(empty);
  }
  await endGathering(tx, destination.id);
  await markTaken(tx, slot);
  return { opened, more: undefined };
}

/** Nobody is left to stand in it. */
async function isHeldEmpty(tx: Sql, { destination, guard }: FullWork, file: FullFile): Promise<boolean> {
  const { lastRows, releasedRows } = file;
  const verdict = mayLeave({ rows: 0, returning: 0, lastRows, releasedRows }, guard);
  if (verdict.leaves) return false;
  await holdBack(tx, destination, { batchId: 0, rows: 0, missing: verdict.missing });
  return true;
}

/** The rows that the next step of a slot would take, in the caller's transaction. */
export async function rowsOfFiles(tx: Sql, work: SlotWork): Promise<readonly number[]> {
  const guard = work.mapping.full;
  if (guard === undefined) return rowsOfSlot(tx, work);
  const file = await takeFullFile(tx, work.destination.id);
  if (file === undefined || file.slotAt === undefined || file.isGathered) return rowsOfSlot(tx, work);
  const step = stepOf({ ...work, guard }, file);
  const last = await endOfStep(tx, step);
  if (last === undefined) return [];
  return (await endedOfStep(tx, step, last, work.which)).map(({ deliveryId }) => deliveryId);
}

// Checks a file of all current leads before its first byte leaves, and holds back one with far fewer leads than the last file sent.
// Invariant: the check counts the leads that are rendered into it, not those that were collected. A held file raises one alert, and no
// further file is collected for its destination until support has decided.

/**
 * True if the mapping makes other files than when this one was begun: its recipient would take every lead of a full file for a new one,
 * or every lead that a file of new ones lacks for deleted. So it would with a full file whose gathering was given up.
 */
export const isOfOtherMode = async (
  database: Database,
  mapping: Pick<CompiledMapping, 'full'>,
  { id, destinationId }: Pick<Whole, 'id' | 'destinationId'>,
): Promise<boolean> => hasOtherMode(await readFullFile(database, destinationId), id, mapping.full);

const hasOtherMode = (file: FullFile | undefined, batchId: number, guard: FullGuard | undefined): boolean =>
  guard === undefined
    ? file?.batchId === batchId
    : file?.batchId !== batchId || file.slotAt !== undefined || !file.isGathered;

/** True if the file may not leave: it is of the other mode, or lost too many leads and is held back until support decides. */
export async function isHeldBack(
  database: Database,
  { full: guard }: Pick<CompiledMapping, 'full'>,
  {
    id: batchId,
    clientId,
    destinationId,
    slotAt,
  }: Pick<Whole, 'id' | 'clientId' | 'destinationId' | 'slotAt'>,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const file = await lockFullFile(tx, destinationId);
    if (hasOtherMode(file, batchId, guard)) return true;
    if (file === undefined || guard === undefined) return false;
    if (file.held !== undefined) return true;
    // Leads of a voided part, or that grew too old, leave in another file, and this one would lack them.
    if (await hasPart(tx, batchId, 'voided')) return true;
    if (await hasExpiredSince(tx, destinationId, slotAt)) return true;
    const { rows } = await extentOf(tx, batchId);
    const returning = await returningRows(tx, batchId);
    const verdict = mayLeave({ ...file, rows, returning }, guard);
    if (!verdict.leaves)
      await holdBack(tx, { id: destinationId, clientId }, { batchId, rows, missing: verdict.missing });
    return !verdict.leaves;
  });
}

async function holdBack(
  tx: Sql,
  { id: destinationId, clientId }: { readonly id: string; readonly clientId: string },
  file: Omit<HeldFile, 'at'>,
): Promise<void> {
  if (!(await holdFile(tx, destinationId, file))) return;
  const { batchId, rows, missing } = file;
  const reason = `ROWS_${rows}.MISSING_${missing}`;
  await appendHandovers(tx, [
    { entry: 'file_held', clientId, destinationId, batchId, actor: 'worker', reason },
  ]);
  await raiseAlerts(tx, [{ kind: 'file_held', clientId, destinationId, reason }]);
}
