// A file that leaves packed: compressed, encrypted, or both, piece by piece.
// Invariant: it is known again by what is inside, whatever bytes that was packed into: another host, another version of a library or
// another session key makes others of the same content.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Compared, Comparing, Content } from '../drop.ts';
import { digestOfFirst } from '../content.ts';
import { pulled } from './pulled.ts';
import { orStalled } from './stalled.ts';

/** One way to pack. */
export interface Packer {
  readonly pack: (clear: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  /** What was packed in this way; throws where it was not, was cut off, or cannot be opened by us. */
  readonly open: (packed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

interface Measured {
  readonly size: number;
  readonly digest: Buffer;
}

/**
 * @param packers in the order in which they pack
 * @param earlier other ways in which it may have been packed, under an earlier key: each is tried by itself, since a library that
 * is given several keys may take a wrong one for the right one
 */
export function packed(
  clear: Content,
  packers: readonly Packer[],
  earlier: readonly (readonly Packer[])[] = [],
): Content {
  let known: Measured | undefined;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const meter = createMeter();
    for await (const piece of through(clear.pieces(), packers, 'pack')) {
      meter.take(piece);
      yield piece;
    }
    known = meter.end();
  }
  const measured = async (): Promise<Measured> => {
    if (known === undefined) for await (const piece of pieces()) void piece;
    return known as unknown as Measured;
  };
  return {
    pieces,
    size: async () => (await measured()).size,
    digest: async () => (await measured()).digest,
    isGone: clear.isGone,
    compare: () =>
      anyOf(
        [packers, ...earlier].map((way) =>
          comparing({ clear, packers: way, pieces, found: (standing) => (known = standing) }),
        ),
      ),
  };
}

function through(
  source: AsyncIterable<Uint8Array>,
  packers: readonly Packer[],
  way: keyof Packer,
): AsyncIterable<Uint8Array> {
  const order = way === 'pack' ? packers : packers.toReversed();
  return order.reduce((pieces, packer) => packer[way](pieces), source);
}

interface Comparison {
  readonly clear: Content;
  readonly packers: readonly Packer[];
  readonly pieces: Content['pieces'];
  /** The size and digest that count from now on: those of what stands. */
  readonly found: (standing: Measured) => void;
}

/** The first that is the same decides; a beginning in one way is no other file in another. */
function anyOf(ways: readonly Comparing[]): Comparing {
  return {
    take: async (piece) => {
      await Promise.all(ways.map(async ({ take }) => await take(piece)));
    },
    end: async () => {
      const ends = ways.map(({ end }) => end());
      try {
        return await Promise.any(ends.map(sameOnly));
      } catch {
        return (await Promise.all(ends)).includes('beginning') ? 'beginning' : 'other';
      }
    },
  };
}

async function sameOnly(end: Promise<Compared>): Promise<'same'> {
  if ((await end) !== 'same') throw new Error('It is not the same.');
  return 'same';
}

function comparing({ clear, packers, pieces, found }: Comparison): Comparing {
  const raw = createMeter();
  const inside = createMeter();
  const standing = pulled();
  const opening = (async (): Promise<'whole' | 'cut'> => {
    const most = await clear.size();
    try {
      for await (const piece of through(standing.pieces, packers, 'open')) {
        inside.take(piece);
        // Whatever it is, it is not ours: a little can unpack to very much.
        if (inside.size() > most) break;
      }
      return 'whole';
    } catch {
      // Why it cannot be opened does not matter, and a library's words stay inside.
      return 'cut';
    } finally {
      standing.stop();
    }
  })();
  return {
    take: async (piece) => {
      raw.take(piece);
      if ((await orStalled(standing.take(piece), inside.size)) === 'stalled') standing.stop();
    },
    end: async () => {
      standing.end();
      const ended = await orStalled(opening, inside.size);
      const [seen, shown] = [inside.end(), raw.end()];
      const size = await clear.size();
      if (ended !== 'whole') return (await isBeginning(seen, shown)) ? 'beginning' : 'other';
      if (seen.size !== size || !timingSafeEqual(seen.digest, await clear.digest())) return 'other';
      found(shown);
      return 'same';
    },
  };

  /** Of a few bytes nothing can be opened yet: these are compared as they are. */
  async function isBeginning(seen: Measured, shown: Measured): Promise<boolean> {
    return seen.size === 0
      ? timingSafeEqual(shown.digest, await digestOfFirst(pieces, shown.size))
      : seen.size <= (await clear.size()) &&
          timingSafeEqual(seen.digest, await digestOfFirst(clear.pieces, seen.size));
  }
}

function createMeter() {
  const hash = createHash('sha256');
  let size = 0;
  return {
    take: (piece: Uint8Array): void => {
      hash.update(piece);
      size += piece.length;
    },
    size: () => size,
    end: (): Measured => ({ size, digest: hash.digest() }),
  };
}
