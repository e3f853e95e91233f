// Writes files that only the holders of named age keys can open, piece by piece: in bounded memory, never in clear.
// Invariant: under its name a file is whole and on the disk; an interrupted writing leaves no file.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Encrypter } from 'age-encryption';
import { RelaisError } from '../errors.ts';

export interface SealedFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the encrypted file: it reveals nothing of a person. */
  readonly digest: Buffer;
}

export interface SealedWriter {
  readonly write: (part: string | Uint8Array) => Promise<void>;
  /** All of it is on the disk, under a temporary name until `keep`. */
  readonly end: () => Promise<SealedFile>;
  readonly keep: () => Promise<void>;
  readonly drop: () => Promise<void>;
}

/** Loads age, a megabyte of code, only where something is encrypted. @throws USAGE-001 for a text that is no age recipient */
export async function encrypterFor(recipients: readonly string[]): Promise<Encrypter> {
  const age = await import('age-encryption');
  const encrypter = new age.Encrypter();
  if (recipients.length === 0) throw new RelaisError('USAGE-001', 'Name whose age key opens the files.');
  for (const recipient of recipients)
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // A secret key typed by mistake must not be repeated on the screen.
      throw new RelaisError(
        'USAGE-001',
        'A recipient is the public key of age, age1..., as `age-keygen` prints it.',
      );
    }
  return encrypter;
}

export async function openSealed(
  folder: string,
  name: string,
  recipients: readonly string[],
): Promise<SealedWriter> {
  const path = join(folder, name);
  const part = `${path}.part`;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const encrypted = await (await encrypterFor(recipients)).encrypt(readable);
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      bytes += chunk.length;
      done(undefined, chunk);
    },
  });
  const written = pipeline(
    Readable.fromWeb(encrypted as Parameters<typeof Readable.fromWeb>[0]),
    counted,
    createWriteStream(part, { mode: 0o600, flush: true }),
  );
  // Errors of the disk are reported where the caller awaits the write. A race against `written` would keep every write until the end.
  let failed: (error: unknown) => void = () => undefined;
  written.catch((error: unknown) => failed(error));
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  return {
    write: (part) =>
      new Promise((done, refuse) => {
        failed = refuse;
        writer.write(Buffer.from(part)).then(done, refuse);
      }),
    end: async () => {
      await Promise.race([writer.close(), written]);
      await written;
      return { name, bytes, digest: hash.digest() };
    },
    keep: () => rename(part, path),
    drop: async () => {
      await writer.abort().catch(() => undefined);
      await written.catch(() => undefined);
      await rm(part, { force: true });
    },
  };
}

/** The names too are on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const place = await open(folder, 'r');
  try {
    await place.sync();
  } finally {
    await place.close();
  }
}
