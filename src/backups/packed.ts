// Writes one file of a backup: compressed (zstd), then encrypted for the operator's age key; and reads it again with the private key.
// Invariant: nothing is on the disk in clear; memory stays the same whatever the size; `age -d FILE | zstd -d` reads it without Relais.
import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { pipeline, Readable, type Duplex } from 'node:stream';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { Decrypter } from 'age-encryption';
import { RelaisError } from '../errors.ts';
import { openSealed, type SealedFile } from '../retention/sealed-files.ts';

/** The second stream, fed by the first; a failure of either ends both, and shows where the result is read. */
export function through<T extends Duplex>(source: Readable, into: T): T {
  pipeline(source, into, () => undefined);
  return into;
}

/** @param path the file's name ends in `.zst.age` */
export async function writePacked(path: string, recipient: string, source: Readable): Promise<SealedFile> {
  const writer = await openSealed(dirname(path), basename(path), [recipient]);
  try {
    const packed = through(source, createZstdCompress());
    for await (const chunk of packed) await writer.write(chunk as Buffer);
    const file = await writer.end();
    await writer.keep();
    return file;
  } catch (error) {
    source.destroy();
    await writer.drop();
    throw error;
  }
}

/** The content of a file that `writePacked` wrote. @throws BACKUP-002 for a private key that does not open it */
export async function readPacked(path: string, identity: string): Promise<Readable> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const encrypted = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  try {
    const plain = await decrypter.decrypt(encrypted);
    return through(Readable.fromWeb(plain as Parameters<typeof Readable.fromWeb>[0]), createZstdDecompress());
  } catch {
    throw new RelaisError('BACKUP-002', `${basename(path)} does not open with this private key.`);
  }
}

/** SHA-256 in hexadecimal. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
