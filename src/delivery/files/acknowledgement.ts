// Reads the acknowledgement of a file line by line at the recipient: it is looked for, read twice with the same content, then applied.
// Invariant: no line counts before the whole piece was read once and was unchanged at a second reading: a file that is still being written,
// cut off or malformed moves nothing. An interrupted reading starts again.
import { createHmac } from 'node:crypto';
import type { AckRead, Action, ItemAnswers, Parcel, TakeAnswers } from '../../../connectors/contract.ts';
import { derived } from '../../domain/keyed.ts';
import { raiseAlerts, raisedFor, type Alert } from '../../store/alerts.ts';
import type { Batch } from '../../store/batches.ts';
import { closeAllBroken } from '../../store/broken-alerts.ts';
import { batchesOf, knownPiece, noteLook, notePiece } from '../../store/file-acknowledgements.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';
import { ackStep, applyLines } from './apply-lines.ts';
import { fileName, type AcknowledgedFile } from './match-lines.ts';
import { moveByLines, addCounts, type LineCounts } from './lines-and-circuit.ts';

/** A piece that was seen once is looked at again after this, ms; sooner where the recipient is asked more often. */
const confirmMs = 30_000;

/** `unread`: no lines are agreed. `soon`: a piece was seen for the first time, or has more to say. `heard`: nothing is left to hear. */
export type Looked = 'unread' | 'soon' | 'heard';

export const soonMs = ({ mapping }: Pick<Trip, 'mapping'>): number =>
  Math.min(confirmMs, mapping.retry.pendingEveryMs);

/** @param action of all deliveries of the file */
export async function readAcknowledgement(
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
