// Writes a zip archive of one file by yazl, which supports sizes beyond 4 GB; zlib reads our own archive again.
// Invariant: a missing end is an error, not a shorter content.
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { ZipFile } from 'yazl';
import { throughStream } from './gzip.ts';
import type { Packer } from './packed.ts';

/** @param name of the file inside */
export const zip = (name: string, at: Date): Packer => ({
  pack: (clear) => archive(clear, name, at),
  open: inflate,
});

async function* archive(
  clear: AsyncIterable<Uint8Array>,
  name: string,
  at: Date,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(clear);
  const file = new ZipFile();
  const out = file.outputStream as Readable;
  file.on('error', (error: Error) => out.destroy(error));
  source.once('error', (error) => out.destroy(error));
  file.addReadStream(source, name, { mtime: at, mode: 0o100640 });
  file.end();
  try {
    for await (const piece of out) yield piece as Buffer;
  } finally {
    source.destroy();
  }
}

const localHead = { size: 30, signature: 0x04034b50, deflated: 8 } as const;
const endRecord = { size: 22, signature: 0x06054b50 } as const;

async function* inflate(archived: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let tail = Buffer.alloc(0);
  async function* content(): AsyncGenerator<Uint8Array> {
    let head: Buffer | undefined = Buffer.alloc(0);
    for await (const piece of archived) {
      tail = Buffer.concat([tail, piece.subarray(-endRecord.size)]).subarray(-endRecord.size);
      if (head === undefined) {
        yield piece;
        continue;
      }
      head = Buffer.concat([head, piece]);
      const begins = contentBegins(head);
      if (begins === undefined || head.length <= begins) continue;
      yield head.subarray(begins);
      head = undefined;
    }
  }
  yield* throughStream(content(), createInflateRaw());
  if (tail.length < endRecord.size || tail.readUInt32LE(0) !== endRecord.signature)
    throw new Error('The archive has no end.');
}

/** Offset of the content; undefined while the header is incomplete. */
function contentBegins(head: Buffer): number | undefined {
  if (head.length < localHead.size) return undefined;
  if (head.readUInt32LE(0) !== localHead.signature || head.readUInt16LE(8) !== localHead.deflated)
    throw new Error('This is no archive of ours.');
  return localHead.size + head.readUInt16LE(26) + head.readUInt16LE(28);
}
