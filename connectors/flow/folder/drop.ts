// Puts files into a folder of this machine.
// Invariant: a file appears under its final name whole and on disk, and never replaces another.
import { createReadStream, type Stats } from 'node:fs';
import { link, open, rm, stat, unlink } from 'node:fs/promises';
import { endingOf, type Deadline } from '../../guard.ts';
import { pacedPieces } from '../content.ts';
import { dropFailure, upTo, type Content, type Drop, type DropFailure, type Given } from '../drop.ts';

export function openLocalDrop(deadline: Deadline): Drop {
  return {
    isFolder: async (path) => (await found(path))?.isDirectory() ?? false,
    size: async (path) => (await found(path))?.size,
    write: (path, content) => failing(() => writeToDisk(path, content, deadline)),
    each: (path, most, take) => eachPiece(path, most, upTo(most, take)),
    moveNew: (from, to) =>
      failing(async () => {
        deadline.leave();
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

async function writeToDisk(path: string, content: Content, deadline: Deadline): Promise<void> {
  const file = await open(path, 'w', 0o640);
  try {
    // The reader is in the folder's group, and the service's umask is 0077. Some mounted file systems have no modes and refuse.
    await file.chmod(0o640).catch(() => undefined);
    for await (const piece of pacedPieces(content, deadline)) await file.writeFile(piece);
    // A crash of the machine must not leave a final name on an empty file.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function eachPiece(path: string, most: number, given: Given): Promise<'whole' | 'longer'> {
  try {
    // One byte more reveals a longer file; `end` is the index of the last byte.
    for await (const piece of createReadStream(path, { start: 0, end: most }))
      await given.take(piece as Buffer);
  } catch (error) {
    throw given.untaken() ?? failureOf(error);
  }
  return given.isLonger() ? 'longer' : 'whole';
}

/** Facts of the file, or undefined where there is none. */
async function found(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failureOf(error);
  }
}

/** Turns an error of the file system into one of the drop. */
async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw endingOf(error) === undefined ? failureOf(error) : error;
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
