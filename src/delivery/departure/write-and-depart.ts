// Renders claimed rows and commits their departure; a lead that changes meanwhile is rendered again, in another round.
// Invariant: one round reads, renders and departs. Nothing leaves before its departure is committed. A row that breaks the departure of its
// file is set aside, and the other rows leave.
import type { Composed } from '../../../connectors/contract.ts';
import type { BrokenUnit } from '../../domain/bisect.ts';
import { reasonWith } from '../../domain/delivery.ts';
import { foreignCode, isRelaisError } from '../../errors.ts';
import { waitUndeparted } from '../../store/deliveries/broken-deliveries.ts';
import { isStoreTrouble, SqlFailure } from '../../store/database.ts';
import type { ClaimedDelivery, Departure, FileBatch, Ready, Stopped } from '../trip/attempt.ts';
import { mayHaveLeft, quarantineDelivery } from '../claim/quarantine.ts';
import { readAcceptedOptIns } from '../content/accepted-opt-ins.ts';
import { blocksOf } from '../content/inputs.ts';
import { fileParcel, isCovered, parcelOf, rowsThatFit } from '../content/parcel.ts';
import { renderAll } from '../content/render.ts';
import { carriesRight } from '../content/rights.ts';
import { endOf, voidingOf } from '../outcome/file-end.ts';
import { manualTaskFor } from '../outcome/follow-ups.ts';
import { bisectRows, isOfNoRow, unitsOf, type RowSet } from '../trip/quarantine.ts';
import type { DelivererOptions, Departed, Trip, TripNeeds } from '../trip/trip.ts';
import { tryDeparture } from './departure.ts';

/** Times a lead may change under our hands before this attempt is put off. */
const maxRounds = 8;

/** Rows that may still leave, and what could not so far. */
interface Remaining {
  readonly rows: readonly ClaimedDelivery[];
  readonly stopped: readonly Stopped[];
}

type RoundEnd =
  | { readonly next: 'departed'; readonly departed: Departed }
  | { readonly next: 'again'; readonly left: Remaining }
  | { readonly next: 'ended' };

const again = (rows: readonly ClaimedDelivery[], stopped: readonly Stopped[]): RoundEnd => ({
  next: 'again',
  left: { rows, stopped },
});

const ended: RoundEnd = { next: 'ended' };

/** Undefined: nothing leaves; what became of the rows is recorded. */
export async function writeAndDepart(
  needs: TripNeeds,
  trip: Trip,
  rows: readonly ClaimedDelivery[],
): Promise<Departed | undefined> {
  let left: Remaining = { rows, stopped: [] };
  for (let round = 1; round <= maxRounds; round += 1) {
    const end = await writeRound(needs, trip, left, round);
    if (end.next === 'departed') return end.departed;
    if (end.next === 'ended') return undefined;
    left = end.left;
  }
  // A lead that changes faster than we can write it waits a little; nothing has left.
  const { batch } = trip;
  await needs.record({
    stopped: left.stopped,
    released: left.rows,
    ...(batch?.whole === undefined ? endOf(batch) : voidingOf(batch)),
    ...(batch === undefined ? {} : { anotherFile: { destinationId: batch.destinationId } }),
  });
  return undefined;
}

async function writeRound(needs: TripNeeds, trip: Trip, left: Remaining, round: number): Promise<RoundEnd> {
  const [inputs, told] = await Promise.all([
    needs.reader(left.rows, blocksOf(trip.mapping, trip.content)),
    readAcceptedOptIns(needs, left.rows, trip.content),
  ]);
  const rendered = await renderAll(needs, left.rows, { ...inputs, told }, trip);
  const ready = rendered.filter((result): result is Ready => 'record' in result);
  const stopped = [...left.stopped, ...rendered.filter((result): result is Stopped => 'state' in result)];
  const assembled = await catchBug(() => assemble(needs, trip, ready, stopped));
  if (!assembled.ok) return failAsBug(needs, trip, ready, stopped, assembled.code);
  if (assembled.value === undefined) return endWithoutLeaving(needs, trip, stopped);
  if (assembled.value === 'voided') return voidFile(needs, trip, ready, stopped);
  const { parcel, keep } = assembled.value;
  // A file of all leads is never split: each half would lack the other's leads.
  const isCut = trip.batch !== undefined && trip.mapping.full === undefined;
  const most = isCut ? rowsThatFit({ keep, parcel }, ready.length) : ready.length;
  if (most < ready.length) return splitFile(needs, ready, stopped, most);
  const composed = await catchBug(() =>
    trip.connector.compose(parcel, ready[0]?.call?.settings ?? trip.settings, trip.context.secret),
  );
  if (!composed.ok) return failAsBug(needs, trip, ready, stopped, composed.code);
  const covered = ready.filter((prepared) => isCovered(prepared, composed.value));
  if (covered.length < ready.length) return withoutUncovered(needs, trip, ready, covered, stopped);
  const departure: Departure = {
    ready,
    parcel,
    composed: composed.value,
    connector: trip.connector.type,
    actor: needs.actor,
    mappingVersionId: trip.versionId,
    keptByAddress: trip.content.blocks.has('refusedAtAddress'),
    mappingDigest: await needs.mappingDigests(trip.versionId),
    secrets: inputs.secrets,
    ...(keep && trip.batch !== undefined ? { keep: keptOf(trip.batch, composed.value) } : {}),
  };
  return departOnce(needs, trip, departure, stopped, round);
}

const keptOf = ({ id, whole }: FileBatch, { fileName = '' }: Composed): NonNullable<Departure['keep']> => ({
  batchId: id,
  fileName,
  expiresAt: whole?.expiresAt,
});

/** Undefined: nothing is left to write. */
async function assemble(
  needs: TripNeeds,
  { batch, content, progress, reached }: Trip,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
): Promise<{ readonly parcel: Departure['parcel']; readonly keep: boolean } | 'voided' | undefined> {
  if (batch !== undefined) return fileParcel(batch, ready, stopped, { content }, needs);
  if (ready.length === 0) return undefined;
  return { parcel: parcelOf(ready, content, { captured: progress?.captured, reached }), keep: false };
}

async function departOnce(
  needs: TripNeeds,
  trip: Trip,
  departure: Departure,
  stopped: readonly Stopped[],
  round: number,
): Promise<RoundEnd> {
  const { destinationId } = trip.mapping;
  // Stopped rows leave the file before its departure: if this worker dies, the departed rows are exactly those in the file.
  const isRecordedNow = trip.batch !== undefined && stopped.length > 0;
  if (isRecordedNow) await needs.record({ stopped });
  const still = isRecordedNow ? [] : stopped;
  if (round === 1) await needs.step('written', destinationId);
  const answer = await needs.depart(departure).catch((error: unknown) => {
    if (trip.batch === undefined || isStoreTrouble(error)) throw error;
    return quarantineUndeparted(needs, trip.batch, departure, error);
  });
  if (typeof answer === 'object')
    return again(
      departure.ready.map((prepared) => prepared.row).filter(({ id }) => !answer.has(id)),
      still,
    );
  if (answer === 'lost') return ended;
  if (answer === 'changed')
    return again(
      departure.ready.map((prepared) => prepared.row),
      still,
    );
  return { next: 'departed', departed: { trip, departure, stopped: still } };
}

/** The remaining rows leave in another file, at once. */
async function splitFile(
  needs: TripNeeds,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
  most: number,
): Promise<RoundEnd> {
  const [first] = ready as readonly [Ready];
  await needs.record({
    released: ready.slice(most).map((prepared) => prepared.row),
    anotherFile: { destinationId: first.row.destinationId },
  });
  return again(
    ready.slice(0, most).map((prepared) => prepared.row),
    stopped,
  );
}

/** No authorisation covers these rows at this target. */
async function withoutUncovered(
  needs: TripNeeds,
  trip: Trip,
  ready: readonly Ready[],
  covered: readonly Ready[],
  stopped: readonly Stopped[],
): Promise<RoundEnd> {
  const now = needs.database.now();
  const uncovered = ready
    .filter((prepared) => !covered.includes(prepared))
    .map(({ row, lead }): Stopped => ({
      row,
      ...(carriesRight(row, lead, now)
        ? manualTaskFor(row)
        : { state: 'withheld' as const, reason: 'recipient_not_authorised' }),
      fields: [],
    }));
  const all = [...stopped, ...uncovered];
  if (covered.length === 0) return endWithoutLeaving(needs, trip, all);
  return again(
    covered.map((prepared) => prepared.row),
    all,
  );
}

/** A bug of ours in the writing of the whole: nothing has left, and the same again would break again, lease after lease. */
async function failAsBug(
  needs: TripNeeds,
  trip: Trip,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
  code: string,
): Promise<RoundEnd> {
  needs.log.error('delivery.broken', {
    destination: trip.mapping.destinationId,
    ...(trip.batch === undefined ? { delivery: ready[0]?.row.id ?? 0 } : { batch: trip.batch.id }),
    code,
  });
  const reason = reasonWith('invalid', 'BROKEN');
  const failed = ready.map(({ row }): Stopped => ({ row, state: 'failed', reason, fields: [] }));
  return endWithoutLeaving(needs, trip, [...stopped, ...failed]);
}

async function endWithoutLeaving(
  needs: TripNeeds,
  { batch }: Trip,
  stopped: readonly Stopped[],
): Promise<RoundEnd> {
  await needs.record({ stopped, ...endOf(batch) });
  logStopped(needs, stopped);
  return ended;
}

async function voidFile(
  needs: TripNeeds,
  { batch }: Trip,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
): Promise<RoundEnd> {
  await needs.record({ stopped, released: ready.map((prepared) => prepared.row), ...voidingOf(batch) });
  logStopped(needs, stopped);
  return ended;
}

function logStopped({ log }: TripNeeds, stopped: readonly Stopped[]): void {
  for (const { row, reason, state } of stopped)
    log.info('delivery.withheld', {
      destination: row.destinationId,
      delivery: row.id,
      reason,
      verdict: state,
    });
}

type Caught<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string };

/** @throws whatever is no bug of ours: errors of the catalogue, failures of the database */
async function catchBug<T>(work: () => T | Promise<T>): Promise<Caught<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (isRelaisError(error) || error instanceof SqlFailure) throw error;
    return { ok: false, code: foreignCode(error) };
  }
}

/**
 * Takes the rows that break the departure out of their file. A file that may have left would differ without them: it waits, with an
 * alert.
 * @throws the error if the file may not leave without them
 */
async function quarantineUndeparted(
  needs: TripNeeds,
  batch: FileBatch,
  departure: Departure,
  error: unknown,
): Promise<ReadonlySet<number>> {
  const isFixed = mayHaveLeft(batch);
  const out = new Set<number>();
  for (const { unit, error: own } of await findBreakingRows(needs, departure, error)) {
    const { id, leaseToken } = unit.row;
    let isOut = !isFixed;
    await quarantineDelivery(needs, id, { step: 'DEPARTURE', error: own }, (tx, wait) =>
      isFixed
        ? Promise.resolve(true)
        : waitUndeparted(tx, { id, leaseToken, batchId: batch.id }, wait).catch((failure: unknown) => {
            isOut = false;
            throw failure;
          }),
    );
    if (!isOut) throw error;
    out.add(id);
  }
  return out;
}

/**
 * Finds the rows that break the departure of the others, in trials that are rolled back.
 * @throws the error if no row breaks it by itself, or if all of them do
 */
async function findBreakingRows(
  { database, masterKeys }: Pick<DelivererOptions, 'database' | 'masterKeys'>,
  { keep: _keep, ...departure }: Departure,
  error: unknown,
): Promise<readonly BrokenUnit<RowSet & { readonly row: ClaimedDelivery }>[]> {
  const bisected = await bisectRows(unitsOf(departure.ready.map((prepared) => prepared.row)), async (ids) => {
    const ready = departure.ready.filter(({ row }) => ids.includes(row.id));
    await tryDeparture(database, masterKeys, { ...departure, ready });
    return [];
  });
  if (isOfNoRow(bisected)) throw error;
  return bisected.broken;
}
