// Reads the acknowledgement of a file line by line at the recipient: it is looked for, read twice with the same content, then applied.
// Invariant: no line counts before the whole piece was read once and was unchanged at a second reading: a file that is still being written,
// cut off or malformed moves nothing. An interrupted reading starts again.
import { createHmac } from 'node:crypto';
import type {
  AckRead,
  Action,
  ItemAnswers,
  Parcel,
  TakeAnswers,
  Outcome,
} from '../../../connectors/contract.ts';
import { derived } from '../../domain/keyed.ts';
import { raiseAlerts, raisedFor, closeAllBroken, type Alert } from '../../store/alerts/alerts.ts';
import {
  batchesOf,
  knownPiece,
  noteLook,
  notePiece,
  endIfAcknowledged,
  isAcknowledged,
  pendAgain,
} from '../../store/files/file-acknowledgements.ts';
import type { Trip, TripNeeds, Order } from '../trip/trip.ts';
import { ackStep, applyLines } from './apply-lines.ts';
import { fileName, type AcknowledgedFile } from './match-lines.ts';
import { defaultBreakerPolicy } from '../../domain/breaker.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Database } from '../../store/database.ts';
import { saveCircuit } from '../../store/destinations/destinations.ts';
import { lockCircuits, moveCircuit } from '../outcome/circuit.ts';
import { joinEffects } from '../outcome/effects.ts';
import { writeEffects } from '../outcome/write-outcomes.ts';
import { type Batch, batchDeliveries, deferBatch, endBatch, isUnderWay } from '../../store/files/batches.ts';
import { readAttempts } from '../../store/deliveries/deliveries.ts';
import { isWithoutRows, openParts } from '../../store/files/file-parts.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { endWhole, lockWhole, putOffWhole, type Whole } from '../../store/files/long-files.ts';
import { fileTrip } from '../content/versions.ts';
import { outcomeOfFile } from './send-long.ts';

/** A piece that was seen once is looked at again after this, ms; sooner where the recipient is asked more often. */
const confirmMs = 30_000;

/** `unread`: no lines are agreed. `soon`: a piece was seen for the first time, or has more to say. `heard`: nothing is left to hear. */
type Looked = 'unread' | 'soon' | 'heard';

const soonMs = ({ mapping }: Pick<Trip, 'mapping'>): number =>
  Math.min(confirmMs, mapping.retry.pendingEveryMs);

/** @param action of all deliveries of the file */
async function readAcknowledgement(
  needs: TripNeeds,
  trip: Trip,
  batch: Batch,
  action: Action,
): Promise<Looked> {
  const { itemAnswers } = trip.connector;
  const namedBy = itemAnswers?.namedBy(trip.settings);
  if (itemAnswers === undefined || namedBy === undefined) return 'unread';
  await noteLook(needs.database, batch.id, action);
  const { id, clientId, destinationId, sequence } = batch;
  const file: AcknowledgedFile = {
    id,
    clientId,
    destinationId,
    sequence,
    namedBy,
    members: await batchesOf(needs.database, batch),
    policy: trip.mapping.retry,
    connector: trip.connector.type,
    mappingVersionId: trip.versionId,
  };
  const reading: Reading = { needs, trip, file, itemAnswers, parcel: questionOf(trip, batch, action) };
  let looked: Looked = 'heard';
  for (let piece = 1; piece <= itemAnswers.pieces(trip.settings); piece += 1) {
    const read = await readPiece(reading, piece);
    if (read === 'nothing') break;
    if (read === 'soon') looked = 'soon';
  }
  return looked;
}

interface Reading {
  readonly needs: TripNeeds;
  readonly trip: Trip;
  readonly file: AcknowledgedFile;
  readonly itemAnswers: ItemAnswers<unknown>;
  readonly parcel: Parcel;
}

const takeNothing: TakeAnswers = () => Promise.resolve();

async function readPiece(reading: Reading, piece: number): Promise<'nothing' | 'soon' | 'heard'> {
  const { needs, file } = reading;
  const seen = await readOnce(reading, piece, takeNothing);
  // Where it could not be looked for, the question about the file itself says why.
  if (seen.kind === 'nothing' || seen.kind === 'failed') return 'nothing';
  const digest = digestOf(reading, seen);
  const known = await knownPiece(needs.database, file.id, piece);
  if (known?.digest.equals(digest) !== true) {
    await notePiece(needs.database, file.id, piece, { digest, state: 'seen' });
    return 'soon';
  }
  if (known.state !== 'seen') return 'heard';
  if (seen.kind === 'unreadable') {
    await tell(reading, 'ack_unreadable', `${nameOf(reading, piece)}.${seen.code}`);
    await notePiece(needs.database, file.id, piece, { digest, state: 'unreadable' });
    return 'heard';
  }
  return hear(reading, piece, digest);
}

async function hear(reading: Reading, piece: number, digest: Buffer): Promise<'soon' | 'heard'> {
  const { needs, file } = reading;
  const sum = { unmatched: 0, unread: 0, busy: 0 };
  const word: LineCounts = { taken: [], refused: [] };
  const heard = await readOnce(reading, piece, async (answers) => {
    const applied = await applyLines({ ...needs, random: Math.random }, file, answers);
    sum.unmatched += applied.unmatched;
    sum.unread += applied.unread;
    sum.busy += applied.busy;
    addCounts(word, applied);
  });
  await moveByLines(needs.database, file, word);
  if (sum.unmatched > 0) await tell(reading, 'ack_lines_unknown', nameOf(reading, piece));
  if (sum.unread > 0) await tell(reading, 'ack_lines_unknown', `${nameOf(reading, piece)}.STATUS`);
  const isWhole = heard.kind === 'read' && digestOf(reading, heard).equals(digest);
  if (!isWhole || sum.busy > 0) return 'soon';
  await notePiece(needs.database, file.id, piece, { digest, state: 'read' });
  // A line that breaks raises its alert again at the next reading of its file.
  await closeAllBroken(needs.database, file.destinationId, ackStep);
  return 'heard';
}

const readOnce = (
  { trip, itemAnswers, parcel }: Reading,
  piece: number,
  take: TakeAnswers,
): Promise<AckRead> =>
  itemAnswers.read(parcel, trip.settings, { ...trip.context, mayLeave: () => true }, { piece, take });

/** Keyed: the content of a short file could be guessed from a bare digest. */
function digestOf({ needs }: Reading, read: Extract<AckRead, { readonly bytes: number }>): Buffer {
  return createHmac('sha256', derived(needs.masterKeys.current().bytes, 'acknowledgement'))
    .update(read.kind === 'read' ? read.digest : `${read.code}:${read.bytes}`)
    .digest();
}

const nameOf = ({ itemAnswers, trip, file }: Reading, piece: number): string =>
  itemAnswers.pieces(trip.settings) === 1 ? fileName(file) : `${fileName(file)}.${piece}`;

async function tell({ needs, file }: Reading, kind: Alert['kind'], reason: string): Promise<void> {
  const { clientId, destinationId } = file;
  const alert: Alert = { kind, clientId, destinationId, reason };
  if (!(await raisedFor(needs.database, alert))) await raiseAlerts(needs.database, [alert]);
}

function questionOf({ mapping }: Trip, batch: Batch, action: Action): Parcel {
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action,
    items: [],
    body: { bytes: new Uint8Array(), mediaType: batch.mediaType, extension: batch.extension },
    batch: {
      sequence: batch.sequence ?? 0,
      slot: batch.slotAt,
      rows: batch.rows,
      fileName: batch.fileName,
    },
    writtenAt: batch.writtenAt ?? batch.slotAt,
  };
}

// Moves the circuit by the lines of an acknowledgement: a destination that refuses lead after lead, and accepts none, is held.
// Invariant: the piece counts as a whole: the order of its lines does not matter.

/** Deliveries that a piece settled; of each kind no more than the circuit counts. */
interface LineCounts {
  readonly taken: number[];
  readonly refused: number[];
}

function addCounts(word: LineCounts, more: { readonly [Kind in keyof LineCounts]: readonly number[] }): void {
  for (const kind of ['taken', 'refused'] as const)
    word[kind].push(...more[kind].slice(0, defaultBreakerPolicy.rejectionLimit - word[kind].length));
}

async function moveByLines(
  database: Database,
  { clientId, destinationId }: Pick<AcknowledgedFile, 'clientId' | 'destinationId'>,
  { taken, refused }: LineCounts,
): Promise<void> {
  const [one] = taken;
  if (one === undefined && refused.length === 0) return;
  const outcome: Outcome =
    one === undefined ? { kind: 'refused', reason: 'NO_REASON' } : { kind: 'accepted' };
  const signal = one === undefined ? ('rejection' as const) : ('success' as const);
  const verdict: Verdict = { next: 'done', reason: '' };
  const decisions = new Map((one === undefined ? refused : [one]).map((id) => [id, { signal, verdict }]));
  const evidence = { rows: [{ clientId, destinationId }], outcome, startedAt: performance.now() };
  await database.transaction(async (tx) => {
    const circuit = (await lockCircuits(tx, [{ attempted: evidence }])).get(destinationId);
    if (circuit === undefined) return;
    const { effects } = moveCircuit(circuit, evidence, decisions);
    await writeEffects(tx, joinEffects([effects]));
    if (circuit.changed) await saveCircuit(tx, destinationId, circuit.now);
  });
}

// Continues a file after the lines of its acknowledgement were applied: it ends, is checked again soon, or is sent on with the deliveries
// that no line named.
// Invariant: a file that its recipient acknowledged in part has arrived, whatever the outcome of its leads: it ends as sent.

/** The rest of the order: deliveries that no line named. Undefined: none, for now or for good. */
export async function applyAcknowledgement(needs: TripNeeds, order: Order): Promise<Order | undefined> {
  const { batch } = order;
  if (batch === undefined || batch.state === 'open') return order;
  const [job] = order.jobs;
  const [row] = job === undefined ? [] : await readAttempts(needs.database, [job.deliveryId]);
  // Nobody speaks of what has not left.
  if (isUnderWay(batch) && row?.maybeReceived !== true) return order;
  const action = row?.action ?? batch.action;
  const trip = await fileTrip(needs, order, action);
  if (trip === undefined) return order;
  const looked = await readAcknowledgement(needs, trip, { ...batch, sequence: batch.sequence }, action);
  if (looked === 'unread') return order;
  if (!isUnderWay(batch)) return undefined;
  const jobs = (await batchDeliveries(needs.database, batch.id)).map((left) => ({
    deliveryId: left.id,
    run: left.run,
    attempt: left.attempt + 1,
  }));
  if (jobs.length === 0) {
    await needs.database.transaction((tx) => endIfAcknowledged(tx, batch.id));
    return undefined;
  }
  if (looked === 'heard') return { ...order, jobs };
  await pendAgain(needs.database, batch.id);
  await deferBatch(needs.database, batch, soonMs(trip));
  return undefined;
}

/** The lines about a long file, whose lease this attempt has. `on`: it continues as if there were no lines. */
export async function applyLongAcknowledgement(
  needs: TripNeeds,
  order: Order,
  whole: Whole,
): Promise<'on' | 'done'> {
  if (whole.firstSentAt === undefined) return 'on';
  const trip = await fileTrip(needs, order, whole.action);
  if (trip === undefined) return 'on';
  const looked = await readAcknowledgement(needs, trip, whole, whole.action);
  if (looked === 'unread') return 'on';
  if (await isWithoutRows(needs.database, whole.id)) {
    if (!(await isAcknowledged(needs.database, whole.id))) return 'on';
    await endAcknowledgedParts(needs.database, whole);
    await endSent(needs.database, whole);
    return 'done';
  }
  if (looked === 'heard') return 'on';
  await putOffWhole(needs.database, whole, soonMs(trip));
  return 'done';
}

/** Parts of which every row has its line; the others keep their bytes until their rows end. */
export async function endAcknowledgedParts(database: Database, { id }: Pick<Whole, 'id'>): Promise<void> {
  if (!(await isAcknowledged(database, id))) return;
  for (const part of await openParts(database, id))
    if ((await batchDeliveries(database, part.id)).length === 0)
      await database.transaction((tx) => endBatch(tx, part.id, 'sent'));
}

const endSent = (database: Database, whole: Whole): Promise<void> =>
  database.transaction(async (tx) => {
    if (!(await lockWhole(tx, whole))) return;
    await appendHandovers(tx, [outcomeOfFile(whole, { kind: 'accepted' }, 'done')]);
    await endWhole(tx, whole.id, 'sent');
  });
