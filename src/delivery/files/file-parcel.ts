// The parcel of a file flow: many deliveries, one sequence number, bytes fixed once.
// Invariant: a sequence that may have left is sent again byte for byte, or voided; it never gets other content.
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Parcel } from '../../../connectors/contract.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { giveSequence, type Batch } from '../../store/batches.ts';
import { readBytes } from '../../store/kept-bytes.ts';
import type { Database } from '../../store/database.ts';
import { takeSequence } from '../../store/destinations.ts';
import type { Ready, Stopped } from '../attempt/render.ts';
import { itemOf } from '../attempt/parcel.ts';

export interface FileParcel {
  readonly parcel: Parcel;
  /** The bytes are new and must be kept at departure. */
  readonly keep: boolean;
}

/** A batch whose number may still be given; a part takes that of its whole. */
export type FileBatch = Omit<Batch, 'sequence'> & {
  sequence: number | undefined;
  readonly whole?: LongFile;
};

/** What a part needs to know of its whole. */
export interface LongFile {
  readonly id: number;
  readonly destinationId: string;
  sequence: number | undefined;
  /** Once it may have been received, a part is sent again as it was, or the whole is voided. */
  readonly firstSentAt: Date | undefined;
  /** When the last of its rows expires, and with it all of them. */
  expiresAt?: Date | undefined;
}

export async function fileParcel(
  batch: FileBatch,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
  trip: { readonly content: CompiledMapping },
  store: { readonly database: Database; readonly masterKeys: KeyRing },
): Promise<FileParcel | 'voided' | undefined> {
  const [first] = ready;
  const numbered = batch.whole ?? batch;
  // The version in force writes no parts any more: its rows leave in other files.
  if (batch.whole !== undefined && trip.content.writePart === undefined) return 'voided';
  if (batch.state === 'written' && (batch.whole === undefined || batch.whole.firstSentAt !== undefined)) {
    const kept = await readBytes(store.database, store.masterKeys, batch.id);
    if (kept === undefined || first === undefined || stopped.length > 0) return 'voided';
    const again = assembled(
      batch,
      numbered.sequence ?? 0,
      ready,
      trip.content,
      batch.writtenAt ?? batch.slotAt,
    );
    // A right exercised since (consent taken back, erasure) makes other bytes: this sequence may not leave again.
    if (!Buffer.from(again.body.bytes).equals(kept)) return 'voided';
    const facts = { ...(again.batch as NonNullable<Parcel['batch']>), fileName: batch.fileName };
    return { parcel: { ...again, body: { ...again.body, bytes: kept }, batch: facts }, keep: false };
  }
  if (first === undefined) return undefined;
  const sequence = numbered.sequence ?? (await reserve(store.database, numbered));
  // The loop that writes again after a change keeps the number it has.
  numbered.sequence = sequence;
  return { parcel: assembled(batch, sequence, ready, trip.content, store.database.now()), keep: true };
}

/** A number of its own transaction: a file that fails to be written afterwards leaves a gap the log explains. */
export async function reserve(
  database: Database,
  batch: Pick<LongFile, 'id' | 'destinationId'>,
): Promise<number> {
  return database.transaction(async (tx) => {
    const sequence = await takeSequence(tx, batch.destinationId);
    await giveSequence(tx, batch.id, sequence);
    return sequence;
  });
}

function assembled(
  batch: FileBatch,
  sequence: number,
  ready: readonly Ready[],
  mapping: CompiledMapping,
  writtenAt: Date,
): Parcel {
  const [first] = ready as readonly [Ready];
  const facts = { sequence, slot: batch.slotAt, rows: ready.length };
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action: first.row.action,
    items: ready.map((prepared) => itemOf(prepared.row, prepared.lead.reference)),
    body: bodyOf(batch, ready, mapping, facts),
    batch: facts,
    writtenAt,
  };
}

/** The bytes of a file, or those of a part without its frame. */
function bodyOf(
  batch: FileBatch,
  ready: readonly Ready[],
  mapping: CompiledMapping,
  facts: NonNullable<Parcel['batch']>,
): Parcel['body'] {
  const [first] = ready as readonly [Ready];
  const { action } = first.row;
  const records = ready.map((prepared) => prepared.record);
  const { frame, writePart } = mapping;
  if (batch.whole === undefined || frame === undefined || writePart === undefined)
    return mapping.write(records, action, facts);
  const { mediaType, extension } = frame(action, facts);
  return { bytes: writePart(records, action, facts), mediaType, extension };
}

/** Bytes of a file at most: they are held in memory several times over while it is written, encrypted and sent. */
const maxFileBytes = 8_000_000;

/** Rows of a new file that stay below the limit, by their average size; a file that may have left is never cut. */
export function rowsThatFit(
  { keep, parcel }: { readonly keep: boolean; readonly parcel: Pick<Parcel, 'body'> },
  rows: number,
): number {
  const size = parcel.body.bytes.length;
  return !keep || size <= maxFileBytes ? rows : Math.max(1, Math.floor((rows * maxFileBytes) / size / 1.1));
}
