// Packs and unpacks gzip, by zlib. The header contains no time and no name.
// Invariant: a missing end is an error, not a shorter content.
import { Readable, pipeline, type Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import type { Packer } from './packed.ts';

export const gzip: Packer = {
  pack: (clear) => throughStream(clear, createGzip()),
  open: (packed) => throughStream(packed, createGunzip()),
};

/** The source's data before a failure comes through first, then its error. */
export async function* throughStream(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array> {
  let failed: { readonly error: unknown } | undefined;
  async function* untilItFails(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      failed = { error };
    }
  }
  const into = Readable.from(untilItFails());
  pipeline(into, transform, () => undefined);
  try {
    for await (const piece of transform) yield piece as Buffer;
  } finally {
    into.destroy();
  }
  if (failed !== undefined) throw failed.error;
}
