// Reads a file named on the command line: a sample, an answer, leads. `-` is standard input, for every command that reads a file.
// Invariant: an unreadable file gives a message with its name, never an internal error.
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RelaisError } from '../errors.ts';
import { maxFileBytes, readNamed, textIn } from '../mapping/document/files.ts';

export const standardInput = '-';

/** @throws USAGE-001 when it is a folder, too large or unreadable */
export function bytesOf(path: string): Uint8Array {
  const read = path === standardInput ? fromStandardInput() : readNamed(path);
  if ('fault' in read) throw new RelaisError('USAGE-001', `${path} ${read.fault}.`);
  return read.bytes;
}

/** The same as UTF-8. @throws USAGE-001 */
export function textOfFile(path: string): string {
  const read = textIn(bytesOf(path));
  if ('fault' in read) throw new RelaisError('USAGE-001', `${path}:${read.line}: ${read.fault[1]}`);
  return read.text;
}

/** True where this name can be read. */
export const isReadable = (path: string): boolean => path === standardInput || existsSync(path);

/** For a file that is read more than once: standard input becomes a file that only this user can read, and that is removed afterwards. */
export async function withFile<T>(path: string, work: (file: string) => Promise<T>): Promise<T> {
  if (path !== standardInput) return work(path);
  const folder = await mkdtemp(join(tmpdir(), 'relais-'));
  try {
    const copy = join(folder, 'standard-input');
    await pipeline(process.stdin, createWriteStream(copy, { mode: 0o600 }));
    return await work(copy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fromStandardInput(): ReturnType<typeof readNamed> {
  const bytes = readFileSync(process.stdin.fd);
  if (bytes.length > maxFileBytes)
    return { fault: `has ${bytes.length} bytes; ${maxFileBytes} are read at most` };
  return { bytes };
}

/** The first secret key of an age identity file. */
export function identityIn(file: string): string {
  const key = /^AGE-SECRET-KEY-1[0-9A-Z]+$/m.exec(textOfFile(file))?.[0];
  if (key === undefined)
    throw new RelaisError('BACKUP-002', `${file} has no age private key (AGE-SECRET-KEY-1...).`);
  return key;
}
