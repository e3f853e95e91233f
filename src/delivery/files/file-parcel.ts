// The parcel of a file flow: many deliveries, one sequence number, bytes fixed once.
// Invariant: a sequence that may have left is sent again byte for byte, or voided; it never gets other content.
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Parcel } from '../../../connectors/contract.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { giveSequence, readBytes, type Batch } from '../../store/batches.ts';
import type { Database } from '../../store/database.ts';
import { takeSequence } from '../../store/destinations.ts';
import type { Ready, Stopped } from '../attempt/render.ts';
import { itemOf } from '../attempt/parcel.ts';

export interface FileParcel {
  readonly parcel: Parcel;
  /** The bytes are new and must be kept at departure. */
  readonly keep: boolean;
}

/** A batch whose number may still be given. */
export type FileBatch = Omit<Batch, 'sequence'> & { sequence: number | undefined };

export async function fileParcel(
  batch: FileBatch,
  ready: readonly Ready[],
  stopped: readonly Stopped[],
  trip: { readonly content: CompiledMapping },
  store: { readonly database: Database; readonly masterKeys: KeyRing },
): Promise<FileParcel | 'voided' | undefined> {
  const [first] = ready;
  if (batch.state === 'written') {
    const kept = await readBytes(store.database, store.masterKeys, batch.id);
    if (kept === undefined || first === undefined || stopped.length > 0) return 'voided';
    const again = assembled(batch, batch.sequence ?? 0, ready, trip.content, batch.writtenAt ?? batch.slotAt);
    // A right exercised since (consent taken back, erasure) makes other bytes: this sequence may not leave again.
    if (!Buffer.from(again.body.bytes).equals(kept)) return 'voided';
    const facts = { ...(again.batch as NonNullable<Parcel['batch']>), fileName: batch.fileName };
    return { parcel: { ...again, body: { ...again.body, bytes: kept }, batch: facts }, keep: false };
  }
  if (first === undefined) return undefined;
  const sequence = batch.sequence ?? (await reserve(store.database, batch));
  // The loop that writes again after a change keeps the number it has.
  batch.sequence = sequence;
  return { parcel: assembled(batch, sequence, ready, trip.content, store.database.now()), keep: true };
}

/** A number of its own transaction: a file that fails to be written afterwards leaves a gap the log explains. */
async function reserve(database: Database, batch: FileBatch): Promise<number> {
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
    body: mapping.write(
      ready.map((prepared) => prepared.record),
      first.row.action,
      facts,
    ),
    batch: facts,
    writtenAt,
  };
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
