// A folder of this machine as a drop.
// Invariant: a file appears under its final name whole and on disk, and never replaces another.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Stats } from 'node:fs';
import { link, open, rm, stat, unlink } from 'node:fs/promises';
import { dropFailure } from './drop.ts';
import type { Content, Drop, DropFailure } from './drop.ts';

export function openLocalDrop(): Drop {
  return {
    isFolder: async (path) => (await found(path))?.isDirectory() ?? false,
    size: async (path) => (await found(path))?.size,
    write: (path, content) => failing(() => writeToDisk(path, content)),
    read: (path, most) => failing(() => readUpTo(path, most)),
    digest: (path, most) => failing(() => digestOf(path, most)),
    moveNew: (from, to) =>
      failing(async () => {
        // rename() would replace silently; link() refuses an existing name in one step.
        await link(from, to);
        await unlink(from);
      }),
    remove: (path) => failing(() => rm(path, { force: true })),
    async close() {
      await Promise.resolve();
    },
  };
}

async function writeToDisk(path: string, content: Content): Promise<void> {
  const file = await open(path, 'w', 0o640);
  try {
    for await (const piece of content.pieces()) await file.writeFile(piece);
    // A crash of the machine must not leave a final name on an empty file.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readUpTo(path: string, most: number): Promise<Buffer | 'longer'> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start: 0, end: most })) chunks.push(chunk as Buffer);
  const read = Buffer.concat(chunks);
  return read.length > most ? 'longer' : read;
}

async function digestOf(path: string, most: number): Promise<Buffer | 'longer'> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of createReadStream(path, { start: 0, end: most })) {
    hash.update(piece as Buffer);
    size += (piece as Buffer).length;
  }
  return size > most ? 'longer' : hash.digest();
}

/** What stands there, or nothing. */
async function found(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failureOf(error);
  }
}

/** An error of the file system becomes one of the drop. */
async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failureOf(error);
  }
}

function failureOf(error: unknown): DropFailure {
  switch (String((error as { code?: unknown }).code)) {
    case 'EEXIST':
      return dropFailure('NAME_TAKEN');
    case 'ENOENT':
    case 'ENOTDIR':
      return dropFailure('FOLDER_MISSING');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return dropFailure('FOLDER_FORBIDDEN');
    case 'ENOSPC':
    case 'EDQUOT':
      return dropFailure('FOLDER_FULL');
    default:
      return dropFailure('SERVER_FAILURE');
  }
}
