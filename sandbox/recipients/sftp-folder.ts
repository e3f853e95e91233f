// Serves the SFTP protocol over one folder: the part that an uploading client needs.
// Invariant: paths are normalised below the home folder; a missing file is "no such file", an existing name stops a rename.
import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join, normalize } from 'node:path';
import ssh2 from 'ssh2';
import type { Attributes, SFTPWrapper } from 'ssh2';

const { OK, FAILURE, NO_SUCH_FILE, EOF } = ssh2.utils.sftp.STATUS_CODE;

interface OpenFile {
  /** -1 for a folder. */
  readonly fd: number;
  readonly path: string;
  /** A folder is listed once. */
  listed: boolean;
}

/** A session over the folder: its open files, by handle. */
interface Session {
  readonly sftp: SFTPWrapper;
  readonly home: string;
  readonly real: (path: string) => string;
  readonly fileOf: (handle: Buffer) => OpenFile | undefined;
  readonly open: (id: number, fd: number, path: string) => void;
  readonly close: (handle: Buffer) => void;
}

export function serveFolder(sftp: SFTPWrapper, home: string): void {
  const session = openSession(sftp, home);
  answerFacts(session);
  answerFolders(session);
  answerFiles(session);
}

function openSession(sftp: SFTPWrapper, home: string): Session {
  const files = new Map<number, OpenFile>();
  let next = 0;
  // A client killed in mid-upload leaves its handles open.
  sftp.on('close', () => {
    for (const { fd } of files.values()) if (fd >= 0) closeSync(fd);
    files.clear();
  });
  return {
    sftp,
    home,
    real: (path) => join(home, normalize(`/${path}`)),
    fileOf: (handle) => files.get(handle.readUInt32BE(0)),
    open: (id, fd, path) => {
      next += 1;
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(next);
      files.set(next, { fd, path, listed: false });
      sftp.handle(id, handle);
    },
    close: (handle) => {
      const file = files.get(handle.readUInt32BE(0));
      if (file !== undefined && file.fd >= 0) closeSync(file.fd);
      files.delete(handle.readUInt32BE(0));
    },
  };
}

/** Answers requests for paths and attributes. */
function answerFacts({ sftp, home, real, fileOf }: Session): void {
  const stat = (id: number, path: string): void => {
    if (existsSync(real(path))) sftp.attrs(id, attributesOf(real(path)));
    else sftp.status(id, NO_SUCH_FILE);
  };
  sftp.on('REALPATH', (id, path) =>
    sftp.name(id, [{ filename: normalize(`/${path}`), longname: '', attrs: attributesOf(home) }]),
  );
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('FSTAT', (id, handle) => stat(id, fileOf(handle)?.path ?? '\0'));
  sftp.on('SETSTAT', (id) => sftp.status(id, OK));
  sftp.on('FSETSTAT', (id) => sftp.status(id, OK));
}

/** Answers listing, renaming, removing. */
function answerFolders({ sftp, real, fileOf, open }: Session): void {
  sftp.on('OPENDIR', (id, path) => {
    if (existsSync(real(path))) open(id, -1, path);
    else sftp.status(id, NO_SUCH_FILE);
  });
  sftp.on('READDIR', (id, handle) => {
    const folder = fileOf(handle);
    if (folder === undefined || folder.listed) return sftp.status(id, EOF);
    folder.listed = true;
    const path = real(folder.path);
    sftp.name(
      id,
      readdirSync(path).map((filename) => ({
        filename,
        longname: filename,
        attrs: attributesOf(join(path, filename)),
      })),
    );
  });
  sftp.on('REMOVE', (id, path) => {
    if (!existsSync(real(path))) return sftp.status(id, NO_SUCH_FILE);
    unlinkSync(real(path));
    sftp.status(id, OK);
  });
  sftp.on('RENAME', (id, from, to) => {
    if (!existsSync(real(from))) return sftp.status(id, NO_SUCH_FILE);
    if (existsSync(real(to))) return sftp.status(id, FAILURE);
    renameSync(real(from), real(to));
    sftp.status(id, OK);
  });
}

/** Answers opening, writing, reading, closing. */
function answerFiles({ sftp, real, fileOf, open, close }: Session): void {
  sftp.on('OPEN', (id, path, flags) => {
    try {
      open(id, openSync(real(path), ssh2.utils.sftp.flagsToString(flags) ?? 'r'), path);
    } catch {
      sftp.status(id, NO_SUCH_FILE);
    }
  });
  sftp.on('WRITE', (id, handle, offset, data) => {
    const file = fileOf(handle);
    if (file === undefined) return sftp.status(id, FAILURE);
    writeSync(file.fd, data, 0, data.length, offset);
    sftp.status(id, OK);
  });
  sftp.on('READ', (id, handle, offset, length) => {
    const file = fileOf(handle);
    if (file === undefined) return sftp.status(id, FAILURE);
    const buffer = Buffer.alloc(length);
    const read = readSync(file.fd, buffer, 0, length, offset);
    if (read === 0) sftp.status(id, EOF);
    else sftp.data(id, buffer.subarray(0, read));
  });
  sftp.on('CLOSE', (id, handle) => {
    close(handle);
    sftp.status(id, OK);
  });
}

function attributesOf(path: string): Attributes {
  const { mode, uid, gid, size, atimeMs, mtimeMs } = statSync(path);
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) };
}
