// Packs a file piece by piece, compressed, encrypted, or both, and compares it with the recipient's.
// Invariant: a file is recognised by its unpacked content: another host, library version or session key packs the same
// content into other bytes.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Comparing, Content } from '../drop.ts';
import { digestOfFirst } from '../content.ts';

const turns = 30;
const turnMs = 50;

/**
 * Stops waiting for work that may never end: a library that reads noise can wait without end for the rest of it.
 * Counted in turns of the event loop, so that nothing counts as stalled after the process itself was suspended.
 * Returns the result, or 'stalled' after several turns without progress.
 * @param moved a figure that grows with each progress
 */
async function orStalled<T>(work: Promise<T>, moved: () => number): Promise<T | 'stalled'> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<'stalled'>((done) => {
    let [last, still] = [moved(), 0];
    timer = setInterval(() => {
      const now = moved();
      still = now === last ? still + 1 : 0;
      last = now;
      if (still >= turns) done('stalled');
    }, turnMs).unref();
  });
  try {
    return await Promise.race([work, stalled]);
  } finally {
    clearInterval(timer);
  }
}

/** One way to pack. */
export interface Packer {
  readonly pack: (clear: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  /** The unpacked content; throws where it was packed otherwise, was cut off, or cannot be decrypted by us. */
  readonly open: (packed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

interface Measured {
  readonly size: number;
  readonly digest: Buffer;
}

/**
 * @param packers in the order in which they pack
 * @param earlier other ways in which it may have been packed, under an earlier key: each is tried by itself, since a
 * library that is given several keys may take a wrong one for the right one
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
          opening({ clear, packers: way, pieces, found: (standing) => (known = standing) }),
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
  /** Sets the size and digest from now on: those of the recipient's file. */
  readonly found: (standing: Measured) => void;
}

/** One way of opening the recipient's file. `isSame` ends it; `isBeginning` is called afterwards, where no way found the same. */
interface Opening {
  readonly take: Comparing['take'];
  readonly isSame: () => Promise<boolean>;
  readonly isBeginning: () => Promise<boolean>;
}

/** The first match decides; a beginning in one way is no other file in another. */
function anyOf(ways: readonly Opening[]): Comparing {
  return {
    take: async (piece) => {
      await Promise.all(ways.map(async ({ take }) => await take(piece)));
    },
    end: async () => {
      try {
        return await Promise.any(ways.map(sameOnly));
      } catch {
        for (const { isBeginning } of ways) if (await isBeginning()) return 'beginning';
        return 'other';
      }
    },
  };
}

async function sameOnly({ isSame }: Opening): Promise<'same'> {
  if (!(await isSame())) throw new Error('It is not the same.');
  return 'same';
}

function opening({ clear, packers, pieces, found }: Comparison): Opening {
  const raw = createMeter();
  const inside = createMeter();
  const standing = pulled();
  let ended: { readonly whole: boolean; readonly seen: Measured; readonly shown: Measured } | undefined;
  const opened = (async (): Promise<boolean> => {
    const most = await clear.size();
    try {
      for await (const piece of through(standing.pieces, packers, 'open')) {
        inside.take(piece);
        // The content is not ours: a little can unpack to very much.
        if (inside.size() > most) break;
      }
      return true;
    } catch {
      // The reason why it cannot be opened does not matter, and the library's words are dropped.
      return false;
    } finally {
      standing.stop();
    }
  })();
  return {
    take: async (piece) => {
      raw.take(piece);
      if ((await orStalled(standing.take(piece), inside.size)) === 'stalled') standing.stop();
    },
    isSame: async () => {
      standing.end();
      const whole = (await orStalled(opened, inside.size)) === true;
      const [seen, shown] = [inside.end(), raw.end()];
      ended = { whole, seen, shown };
      if (!whole || seen.size !== (await clear.size())) return false;
      if (!timingSafeEqual(seen.digest, await clear.digest())) return false;
      found(shown);
      return true;
    },
    isBeginning: async () => {
      if (ended === undefined || ended.whole) return false;
      const { seen, shown } = ended;
      // Too few bytes to open: they are compared as they are.
      if (seen.size === 0) return timingSafeEqual(shown.digest, await digestOfFirst(pieces, shown.size));
      return (
        seen.size <= (await clear.size()) &&
        timingSafeEqual(seen.digest, await digestOfFirst(clear.pieces, seen.size))
      );
    },
  };
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

interface Pulled {
  readonly take: (piece: Uint8Array) => Promise<void>;
  readonly end: () => void;
  /** Drops everything that is pushed from now on. */
  readonly stop: () => void;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * Connects a writer that pushes pieces to a reader that pulls them. One piece is held at a time; the writer waits
 * until it was taken, or until reading has stopped.
 */
function pulled(): Pulled {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const none = (): void => undefined;
  // No code awaits it: pieces written after the end of the reading are dropped.
  writer.closed.catch(none);
  let stopped = false;
  return {
    take: async (piece) => {
      if (stopped) return;
      await writer.ready.catch(none);
      writer.write(piece).catch(none);
    },
    end: () => void writer.close().catch(none),
    stop: () => {
      stopped = true;
      writer.abort().catch(none);
    },
    pieces: readable,
  };
}
