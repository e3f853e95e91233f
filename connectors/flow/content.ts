// Streams the bytes of a file piece by piece, and computes their digest on the way.
// Invariant: a file is never in memory whole; the digest is that of one complete reading.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Body } from '../contract.ts';
import type { Deadline } from '../guard.ts';
import { dropFailure, type Comparing, type Content } from './drop.ts';

const pieceBytes = 262_144;

export function contentOf({ bytes, long }: Pick<Body, 'bytes' | 'long'>): Content {
  return long === undefined
    ? readInPieces({ size: bytes.length, read: () => piecesOf(bytes) })
    : readInPieces(long);
}

export const contentOfText = (text: string): Content => contentOf({ bytes: Buffer.from(text, 'utf8') });

function readInPieces({ size, read }: NonNullable<Body['long']>): Content {
  let known: Buffer | undefined;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for await (const piece of readable(read())) {
      hash.update(piece);
      yield piece;
    }
    known = hash.digest();
  }
  const digest = async (): Promise<Buffer> => {
    if (known === undefined) for await (const piece of pieces()) void piece;
    return known as unknown as Buffer;
  };
  return {
    pieces,
    size: () => Promise.resolve(size),
    digest,
    isGone: size === 0,
    compare: () => comparing({ size, pieces, digest }),
  };
}

/** Every failure of the source becomes CONTENT_LOST: an erasure deleted the bytes, or their store is down. */
async function* readable(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reading = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await reading.next().catch((): never => {
      throw dropFailure('CONTENT_LOST');
    });
    if (next.done === true) return;
    yield next.value;
  }
}

/** Compares byte for byte, by digests. */
function comparing({
  size,
  pieces,
  digest,
}: {
  readonly size: number;
  readonly pieces: Content['pieces'];
  readonly digest: Content['digest'];
}): Comparing {
  const hash = createHash('sha256');
  let seen = 0;
  return {
    take: (piece) => {
      hash.update(piece);
      seen += piece.length;
    },
    end: async () => {
      if (seen > size) return 'other';
      const ours = seen === size ? await digest() : await digestOfFirst(pieces, seen);
      if (!timingSafeEqual(hash.digest(), ours)) return 'other';
      return seen === size ? 'same' : 'beginning';
    },
  };
}

/** SHA-256 of the first `size` bytes. */
export async function digestOfFirst(pieces: Content['pieces'], size: number): Promise<Buffer> {
  const hash = createHash('sha256');
  let left = size;
  if (left > 0)
    for await (const piece of pieces()) {
      hash.update(piece.subarray(0, left));
      left -= piece.length;
      if (left <= 0) break;
    }
  return hash.digest();
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield await Promise.resolve(bytes.subarray(start, start + pieceBytes));
}

/** Counts the bytes sent, and renews the attempt's time with each whole piece after the first: a trickle does not prolong it. */
export function paced(deadline: Pick<Deadline, 'renew'>): (bytes: number) => void {
  let through = 0;
  return (bytes) => {
    const before = Math.floor(through / pieceBytes);
    through += bytes;
    if (Math.floor(through / pieceBytes) > before) deadline.renew();
  };
}

/** Asks for a piece when those before it were sent, and sends it only under the lease. */
export async function* pacedPieces(
  content: Content,
  deadline: Pick<Deadline, 'renew' | 'leave'>,
): AsyncGenerator<Uint8Array> {
  const pace = paced(deadline);
  for await (const piece of content.pieces()) {
    deadline.leave();
    yield piece;
    pace(piece.length);
  }
}
