// Sends a long file, or one without any lead: fixes its bytes, logs its departure, and passes it to the connector.
// Invariant: nothing leaves under a lost lease, nor other bytes than those that may have arrived before.
import type { Outcome } from '../../../connectors/contract.ts';
import type { FileFrame } from '../../mapping/file-contract.ts';
import { appendHandovers, type Handover } from '../../store/handovers.ts';
import { noteFirstSending, type Whole } from '../../store/long-files.ts';
import { extentOf, type Extent } from '../../store/file-parts.ts';
import type { Departure, LongFile } from '../trip/attempt.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';
import { reserve } from '../content/parcel.ts';
import { send, type Sent } from '../send/send.ts';
import { longBytes, longParcel, sizeOf } from './long-content.ts';
import type { LongAttempt } from './long-parts.ts';

/** `other`: not the bytes that the recipient may have. `lost`: another worker has it by now. */
export type SentWhole = { readonly sent: Sent } | 'other' | 'lost';

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
    return held;
  });
  if (!noted) return 'lost';
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
