// Reads the bytes of a long file, its frame around its parts, from MySQL one part at a time.
// Invariant: the same file gives the same bytes at every reading; a part whose bytes are missing, or a lost lease, ends it.
import type { LongBytes, Parcel } from '../../../connectors/contract.ts';
import { RelaisError } from '../../errors.ts';
import type { FileFrame } from '../../mapping/file-contract.ts';
import { readBytes } from '../../store/kept-bytes.ts';
import { openParts, type Extent } from '../../store/file-parts.ts';
import type { LongFile } from '../trip/attempt.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';

type Content = Pick<TripNeeds, 'database' | 'masterKeys'> & {
  /** True while this process has the lease of the file. Asked before each part, and before the file is complete. */
  readonly holds?: () => Promise<boolean>;
};

export const sizeOf = ({ parts, size }: Extent, { open, between, close }: FileFrame): number =>
  open.length + size + Math.max(0, parts - 1) * between.length + close.length;

export function longBytes(content: Content, wholeId: number, extent: Extent, frame: FileFrame): LongBytes {
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
    throw new RelaisError('INTERNAL-001', `File ${wholeId} is sent by somebody else by now.`);
}

export interface LongParcel {
  readonly file: LongFile & { readonly slotAt: Date; readonly fileName: string; readonly writtenAt: Date };
  readonly action: Parcel['action'];
  readonly rows: number;
  readonly frame: FileFrame;
  readonly long: LongBytes;
}

export function longParcel(
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
