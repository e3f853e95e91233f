// A folder of this machine as a drop.
// Invariant: a file appears under its final name whole and on disk, and never replaces another.
import { createReadStream } from 'node:fs';
import { link, open, rm, stat, unlink } from 'node:fs/promises';
import { dropFailure } from './drop.ts';
import type { Drop, DropFailure } from './drop.ts';

export function openLocalDrop(): Drop {
  return {
    async isFolder(path) {
      try {
        return (await stat(path)).isDirectory();
      } catch (error) {
        return absentOr(error, false);
      }
    },
    async size(path) {
      try {
        return (await stat(path)).size;
      } catch (error) {
        return absentOr(error, undefined);
      }
    },
    async write(path, bytes) {
      try {
        const file = await open(path, 'w', 0o640);
        try {
          await file.writeFile(bytes);
          // A crash of the machine must not leave a final name on an empty file.
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (error) {
        throw failureOf(error);
      }
    },
    async read(path, most) {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of createReadStream(path, { start: 0, end: most }))
          chunks.push(chunk as Buffer);
        const read = Buffer.concat(chunks);
        return read.length > most ? 'longer' : read;
      } catch (error) {
        throw failureOf(error);
      }
    },
    async moveNew(from, to) {
      try {
        // rename() would replace silently; link() refuses an existing name in one step.
        await link(from, to);
        await unlink(from);
      } catch (error) {
        throw failureOf(error);
      }
    },
    async remove(path) {
      try {
        await rm(path, { force: true });
      } catch (error) {
        throw failureOf(error);
      }
    },
    async close() {
      await Promise.resolve();
    },
  };
}

function absentOr<T>(error: unknown, absent: T): T {
  const { code } = error as { code?: string };
  if (code === 'ENOENT' || code === 'ENOTDIR') return absent;
  throw failureOf(error);
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
