// Sends a long file, or one without any lead: fixes its bytes, logs its departure, and passes it to the connector.
// Invariant: nothing leaves under a lost lease, nor other bytes than those that may have arrived before.
import type { Outcome, LongBytes, Parcel } from '../../../connectors/contract.ts';
import type { FileFrame } from '../../mapping/contract.ts';
import { appendHandovers, type Handover } from '../../store/log/handovers.ts';
import { lockVersionsInForce } from '../../store/destinations/destinations.ts';
import { noteFirstSending, type Whole } from '../../store/files/long-files.ts';
import { extentOf, hasLostBytes, openParts, type Extent } from '../../store/files/file-parts.ts';
import type { Departure, LongFile } from '../trip/attempt.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';
import { reserve } from '../content/parcel.ts';
import { send, type Sent } from '../send/send.ts';
import type { LongAttempt } from './long-parts.ts';
import { foreignCode, RelaisError } from '../../errors.ts';
import type { Lease } from '../claim/lease.ts';
import { fileTrip } from '../content/versions.ts';
import { readBytes } from '../../store/files/kept-bytes.ts';

/**
 * `other`: not the bytes that the recipient may have. `lost`: another worker has it by now. `outdated`: another version is in force than
 * when it was written: it may go to another place, or not at all.
 */
type SentWhole = { readonly sent: Sent } | 'other' | 'lost' | 'outdated';

export async function sendLong(
  needs: TripNeeds,
  trip: Trip,
  whole: Whole,
  attempt: Pick<LongAttempt, 'file' | 'lease'>,
): Promise<SentWhole> {
  const { file, lease } = attempt;
  const extent = await extentOf(needs.database, whole.id);
  file.sequence ??= await reserve(needs.database, file);
  const facts = { sequence: file.sequence, slot: whole.slotAt, rows: extent.rows };
  const frame = trip.content.frame?.(whole.action, facts);
  if (frame === undefined) return 'other';
  const isOther =
    file.firstSentAt !== undefined && (extent.rows !== whole.rows || sizeOf(extent, frame) !== whole.size);
  if (isOther) return 'other';
  const departure = departureOf({ ...needs, holds: lease.renew }, trip, { whole, file, extent, frame });
  const noted = await needs.database.transaction(async (tx) => {
    const inForce = await lockVersionsInForce(tx, [whole.destinationId]);
    if (inForce.get(whole.destinationId) !== trip.inForceId) return 'outdated';
    const held = await noteFirstSending(tx, whole, {
      ...extent,
      size: departure.parcel.body.long?.size ?? 0,
      mediaType: frame.mediaType,
      extension: frame.extension,
      mappingVersionId: trip.versionId,
      fileName: departure.composed.fileName ?? '',
      writtenAt: departure.parcel.writtenAt,
    });
    if (held) await appendHandovers(tx, [departedEntry(whole, departure)]);
    return held ? 'noted' : 'lost';
  });
  if (noted !== 'noted') return noted;
  const sent = await send(needs, { trip, stopped: [], departure }, lease);
  return sent === undefined ? 'lost' : { sent };
}

function departureOf(
  needs: TripNeeds & { readonly holds: () => Promise<boolean> },
  trip: Trip,
  given: {
    readonly whole: Whole;
    readonly file: LongFile;
    readonly extent: Extent;
    readonly frame: FileFrame;
  },
): Departure {
  const { whole, file, extent, frame } = given;
  const long = longBytes(needs, whole.id, extent, frame);
  const named = { ...whole, sequence: file.sequence, writtenAt: whole.writtenAt ?? needs.database.now() };
  const parcel = longParcel(trip, { file: named, action: whole.action, rows: extent.rows, frame, long });
  return {
    parcel,
    ready: [],
    secrets: new Map(),
    keptByAddress: false,
    mappingDigest: undefined,
    composed: trip.connector.compose(parcel, trip.settings, trip.context.secret),
    connector: trip.connector.type,
    mappingVersionId: trip.versionId,
  };
}

const ofFile = ({ clientId, destinationId, id, attempt, action }: Whole): Omit<Handover, 'entry'> => ({
  clientId,
  destinationId,
  batchId: id,
  attempt,
  action,
  actor: 'worker',
});

const departedEntry = (
  whole: Whole,
  { parcel, composed, connector, mappingVersionId }: Departure,
): Handover => ({
  entry: 'file_departed',
  ...ofFile(whole),
  connector,
  mappingVersionId,
  target: composed.target,
  fileName: composed.fileName ?? '',
  bytes: parcel.body.long?.size ?? 0,
});

/** The entry for the outcome of the whole file; each lead in it has its own entry besides. */
export const outcomeOfFile = (whole: Whole, outcome: Outcome, nextStep: string): Handover => ({
  entry: 'file_outcome',
  ...ofFile(whole),
  outcome: outcome.kind,
  reason: 'reason' in outcome ? outcome.reason : '',
  nextStep,
  ...(outcome.evidence?.durationMs === undefined ? {} : { durationMs: outcome.evidence.durationMs }),
});

// Looks up a long file that may have been received: once for all its rows, before any of them is claimed.
// Invariant: while the recipient decides, no row moves and the log gets no entry per row: there may be a million of them.

/** A question that got no answer is put again, ms. */
const askAgainMs = 60_000;

type AskedWhole =
  | { readonly next: 'send' }
  | { readonly next: 'later'; readonly afterMs: number }
  | { readonly next: 'settle'; readonly outcome: Outcome };

export async function askWhole(
  needs: TripNeeds,
  { order, file, lease }: LongAttempt,
  whole: Whole,
): Promise<AskedWhole> {
  if (file.firstSentAt === undefined) return { next: 'send' };
  const trip = await fileTrip(needs, order, whole.action);
  if (trip?.canAsk !== true) return { next: 'send' };
  const answer = await put(needs, trip, whole, lease);
  switch (answer.kind) {
    case 'accepted':
    case 'duplicate':
    case 'unconfirmed':
    case 'refused':
    case 'invalid':
      return { next: 'settle', outcome: answer };
    case 'pending': {
      const { pendingForMs, pendingEveryMs } = trip.mapping.retry;
      const sinceMs = needs.database.now().getTime() - file.firstSentAt.getTime();
      return sinceMs < pendingForMs
        ? { next: 'later', afterMs: pendingEveryMs }
        : { next: 'settle', outcome: answer };
    }
    case 'unauthorized':
    case 'throttled':
    case 'unavailable':
      return { next: 'later', afterMs: askAgainMs };
    case 'absent':
    case 'unknown':
      // Sent again, it has the same name and the same bytes, or is found there.
      return { next: 'send' };
  }
}

async function put(needs: TripNeeds, trip: Trip, whole: Whole, { runs }: Lease): Promise<Outcome> {
  const extent = await extentOf(needs.database, whole.id);
  const facts = { sequence: whole.sequence ?? 0, slot: whole.slotAt, rows: whole.rows };
  const frame = trip.content.frame?.(whole.action, facts);
  if (frame === undefined || trip.connector.lookup === undefined)
    return { kind: 'unknown', reason: 'NO_LOOKUP' };
  // Deleted bytes cannot be compared: the look-up only asks if the file exists.
  const size = (await hasLostBytes(needs.database, whole.id)) ? 0 : whole.size;
  const long = { ...longBytes(needs, whole.id, extent, frame), size };
  const named = { ...whole, writtenAt: whole.writtenAt ?? whole.slotAt };
  const question = longParcel(trip, { file: named, action: whole.action, rows: whole.rows, frame, long });
  try {
    return await trip.connector.lookup(question, trip.settings, { ...trip.context, mayLeave: runs });
  } catch (error) {
    return { kind: 'unavailable', reason: foreignCode(error), maybeReceived: false };
  }
}

// Reads the bytes of a long file, its frame around its parts, from MySQL one part at a time.
// Invariant: the same file gives the same bytes at every reading; a part whose bytes are missing, or a lost lease, ends it.

type Content = Pick<TripNeeds, 'database' | 'masterKeys'> & {
  /** True while this process has the lease of the file. Asked before each part, and before the file is complete. */
  readonly holds?: () => Promise<boolean>;
};

const sizeOf = ({ parts, size }: Extent, { open, between, close }: FileFrame): number =>
  open.length + size + Math.max(0, parts - 1) * between.length + close.length;

function longBytes(content: Content, wholeId: number, extent: Extent, frame: FileFrame): LongBytes {
  return { size: sizeOf(extent, frame), read: () => readParts(content, wholeId, frame) };
}

async function* readParts(
  { database, masterKeys, holds = () => Promise.resolve(true) }: Content,
  wholeId: number,
  { open, between, close }: FileFrame,
): AsyncGenerator<Uint8Array> {
  yield open;
  let first = true;
  for (const part of await openParts(database, wholeId)) {
    if (part.state !== 'written') continue;
    await orLost(wholeId, holds);
    if (!first) yield between;
    first = false;
    const bytes = await readBytes(database, masterKeys, part.id);
    if (bytes === undefined)
      throw new RelaisError('INTERNAL-001', `The bytes of part ${part.id} of a file are not there any more.`);
    yield bytes;
  }
  await orLost(wholeId, holds);
  yield close;
}

/** A later attempt may be sending other bytes under another number: this sending must not complete. */
async function orLost(wholeId: number, holds: () => Promise<boolean>): Promise<void> {
  if (!(await holds()))
    throw new RelaisError('INTERNAL-001', `File ${wholeId} is sent by another process by now.`);
}

interface LongParcel {
  readonly file: LongFile & { readonly slotAt: Date; readonly fileName: string; readonly writtenAt: Date };
  readonly action: Parcel['action'];
  readonly rows: number;
  readonly frame: FileFrame;
  readonly long: LongBytes;
}

function longParcel(
  { mapping }: Pick<Trip, 'mapping'>,
  { file, action, rows, frame, long }: LongParcel,
): Parcel {
  const { fileName } = file;
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action,
    items: [],
    body: { bytes: new Uint8Array(0), mediaType: frame.mediaType, extension: frame.extension, long },
    batch: {
      sequence: file.sequence ?? 0,
      slot: file.slotAt,
      rows,
      ...(fileName === '' ? {} : { fileName }),
    },
    writtenAt: file.writtenAt,
  };
}
