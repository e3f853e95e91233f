// Collects the due deliveries of a file flow into a batch when its slot comes.
// Invariant: a slot is taken once; after an outage the latest missed slot runs, never each of them.
import { fileConnectors, lastSlotBefore } from '../../../connectors/index.ts';
import type { Reason } from '../../domain/delivery.ts';
import { isStopped, whyFileWaits } from '../../domain/send-policy.ts';
import { RelaisError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Producer } from '../../queue/producer.ts';
import { addSlot, dueSlots, latestSlots, lockSlot, type DueSlot } from '../../store/files/file-slots.ts';
import type { Database, Sql } from '../../store/database.ts';
import {
  destinationsBy,
  findDestination,
  heldStates,
  lockVersionsInForce,
  type Destination,
} from '../../store/destinations/destinations.ts';
import { heldFiles, readFullFile } from '../../store/files/full-files.ts';
import { destinationsWithPlannedWork } from '../../store/deliveries/due-work.ts';
import { relabelWaiting, showHeld } from '../../store/deliveries/held-back.ts';
import { appendHandover } from '../../store/log/handovers.ts';
import type { Which } from '../../store/named-rows.ts';
import {
  quarantineForEach,
  createQuarantine,
  unitOf,
  type Quarantine,
  type Subject,
  type Unit,
} from '../trip/quarantine.ts';
import { settleCarried, type SlotRun, type SlotWork } from './fill.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { makeFiles, rowsOfFiles } from './full.ts';

export interface Files {
  /** Notes the slots that have come since the last look. */
  readonly noteSlots: (now: Date) => Promise<number>;
  /** Opens a batch for each due slot and pushes it. Returns how many; not 0 while a long file has more rows to collect. */
  readonly collect: () => Promise<number>;
  /** Rows that wait for a file say so, and what keeps it back. */
  readonly showWaiting: () => Promise<void>;
}

/** Why a row of a flow waits without being tried. */
const causes = [
  'slot',
  'file_held',
  'destination_suspended',
  'destination_held',
] as const satisfies readonly Reason[];
const shownAtOnce = 10_000;
/** Slots of flows whose mapping cannot be used stay due, and must not hide those behind them. */
const slotsAtOnce = 500;

export interface FilesOptions {
  readonly database: Database;
  readonly published: Published;
  readonly producer: Producer;
  /** Rows of a file that are written at once; a longer one is written in parts. */
  readonly partRows: number;
  readonly log: Log;
}

/** All that the steps need, with a quarantine for each of them. */
interface Filing extends FilesOptions {
  readonly noting: Quarantine;
  readonly collecting: Quarantine;
  /** Rows that break the collecting of a destination's file. */
  readonly rowsOf: (destinationId: string) => Quarantine;
  readonly showing: Quarantine;
}

/** A destination that breaks a step is tried again after this, ms. */
const retryAfterMs = 60_000;

export function createFiles(options: FilesOptions): Files {
  const quarantineIn = (step: string): Quarantine => createQuarantine({ ...options, step, retryAfterMs });
  const filing: Filing = {
    ...options,
    noting: quarantineIn('SCHEDULE'),
    collecting: quarantineIn('FILE'),
    rowsOf: quarantineForEach(() => quarantineIn('FILE')),
    showing: quarantineIn('WAITING'),
  };
  const shown: ShownCauses = new Map();
  return {
    noteSlots: (now) => noteSlots(filing, now),
    collect: () => collect(filing),
    showWaiting: () => showWaiting(filing, shown),
  };
}

async function noteSlots({ database, published, noting }: Filing, now: Date): Promise<number> {
  const destinations = await destinationsBy(database, fileConnectors);
  if (destinations.length === 0) return 0;
  const newest = await latestSlots(database);
  const held = await heldFiles(database);
  return noting.each(
    destinations.filter(({ status }) => !isStopped(status)),
    subjectOf,
    async (destination) => {
      const { schedule, full } = (await published.version(destination.mappingVersionId)) ?? {};
      if (full !== undefined) await settleCarried(database, destination.id);
      // Support looks at its last file: the hours that come meanwhile make none.
      if (schedule === undefined || (full !== undefined && held.has(destination.id))) return 0;
      const last = lastSlotBefore(schedule.cron, schedule.timezone, now);
      const after = newest.get(destination.id) ?? destination.leadsFrom;
      return last !== undefined && last > after && (await addSlot(database, destination.id, last)) ? 1 : 0;
    },
  );
}

const subjectOf = ({ id, clientId }: Destination): Subject => ({ clientId, destinationId: id });

/** Each slot has a transaction of its own: rows that break the file of one destination delay no other file. */
async function collect(filing: Filing): Promise<number> {
  return filing.collecting.each(
    await dueSlots(filing.database, slotsAtOnce),
    ({ destinationId }) => ({ destinationId }),
    (slot) => collectSlot(filing, slot),
  );
}

async function collectSlot(filing: Filing, due: DueSlot): Promise<number> {
  const { database, producer } = filing;
  const undone = { undoIf: () => true };
  const run = await filing.rowsOf(due.destinationId).whole<SlotRun | undefined>({
    run: (which) => database.transaction((tx) => withSlot(tx, filing, due, which, makeFiles)),
    due: (which) =>
      database.transaction(async (tx) => (await withSlot(tx, filing, due, which, unitsOfSlot)) ?? [], undone),
    trial: async (ids) =>
      void (await database.transaction((tx) => withSlot(tx, filing, due, { among: ids }, makeFiles), undone)),
  });
  // Marked in MySQL already: a push that fails is made again when the batch has stood queued too long.
  for (const { destinationId, id } of run?.opened ?? [])
    await producer.push(destinationId, [{ batchId: id, attempt: 0 }]).catch(() => undefined);
  // A part of a long file is a transaction: the next one comes with the next look. Rows that another process has locked delay
  // no other file; they are read again later.
  return (run?.opened.length ?? 0) + (run?.more === 'part' ? 1 : 0);
}

/** Undefined if another process has the slot, or if it remains due until the mapping can be used again: no hour is lost. */
async function withSlot<Done>(
  tx: Sql,
  { published, partRows }: Filing,
  due: DueSlot,
  which: Which,
  work: (tx: Sql, work: SlotWork) => Promise<Done>,
): Promise<Done | undefined> {
  // A publication waits, and gives back what is gathered and collected here. It locks the destination first, too.
  await lockVersionsInForce(tx, [due.destinationId]);
  const slot = await lockSlot(tx, due);
  const destination = await findDestination(tx, due.destinationId);
  const mapping = await published.version(destination?.mappingVersionId ?? 0);
  if (slot === undefined || destination === undefined || mapping === undefined) return undefined;
  return work(tx, { slot, destination, mapping, partRows, which });
}

async function unitsOfSlot(tx: Sql, work: SlotWork): Promise<readonly Unit[]> {
  const { clientId, id: destinationId } = work.destination;
  return (await rowsOfFiles(tx, work)).map((id) => unitOf([{ id, clientId, destinationId }]));
}

/** The cause last shown, by destination. */
type ShownCauses = Map<string, (typeof causes)[number]>;

async function showWaiting({ database, showing }: Filing, shown: ShownCauses): Promise<void> {
  const destinations = await destinationsBy(database, fileConnectors);
  if (destinations.length === 0) return;
  const held = await heldStates(database);
  const heldBack = await heldFiles(database);
  const planned = await destinationsWithPlannedWork(database);
  await showing.each(destinations, subjectOf, async ({ id, status }) => {
    const circuit = held.find((state) => state.destinationId === id)?.circuit;
    const cause = whyFileWaits(status, circuit, heldBack.has(id));
    if (shown.get(id) !== cause) await relabelWaiting(database, id, cause, causes);
    shown.set(id, cause);
    if (planned.has(id)) await showHeld(database, id, cause, shownAtOnce);
    return 1;
  });
}

/** A file now, asked for by a person instead of the schedule. @param also in the same transaction @throws DEST-001 */
export async function requestFile(
  database: Database,
  destination: { readonly id: string; readonly clientId: string },
  actor: string,
  reason: string,
  also: (tx: Sql) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await database.transaction(async (tx) => {
    if ((await readFullFile(tx, destination.id))?.held !== undefined)
      throw new RelaisError('DEST-001', [
        `Le dernier fichier de ${destination.id} est retenu : décidez d’abord s’il part ou s’il est abandonné.`,
        `The last file of ${destination.id} is held back: first decide whether it leaves or is given up.`,
      ]);
    // Twice in one millisecond is one file, and one entry.
    if (!(await addSlot(tx, destination.id, 'now', actor)))
      throw new RelaisError('DEST-001', [
        `Un fichier de ${destination.id} vient d’être demandé à cet instant.`,
        `A file of ${destination.id} was asked for at this moment.`,
      ]);
    await appendHandover(tx, {
      entry: 'file_requested',
      clientId: destination.clientId,
      destinationId: destination.id,
      actor,
      purpose: reason,
    });
    await also(tx);
  });
}
