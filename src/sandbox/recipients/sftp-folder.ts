// The SFTP protocol over one folder: what an uploading client needs, and no more.
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

export function serveFolder(sftp: SFTPWrapper, home: string): void {
  const handles = new Map<number, { readonly fd: number; readonly path: string; listed: boolean }>();
  let next = 0;
  const real = (path: string): string => join(home, normalize(`/${path}`));
  const opened = (
    handle: Buffer,
  ): { readonly fd: number; readonly path: string; listed: boolean } | undefined =>
    handles.get(handle.readUInt32BE(0));
  const open = (id: number, fd: number, path: string): void => {
    next += 1;
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(next);
    handles.set(next, { fd, path, listed: false });
    sftp.handle(id, handle);
  };
  const stat = (id: number, path: string): void => {
    if (existsSync(real(path))) sftp.attrs(id, attributesOf(real(path)));
    else sftp.status(id, NO_SUCH_FILE);
  };
  sftp.on('REALPATH', (id, path) =>
    sftp.name(id, [{ filename: normalize(`/${path}`), longname: '', attrs: attributesOf(home) }]),
  );
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('FSTAT', (id, handle) => stat(id, opened(handle)?.path ?? '\0'));
  sftp.on('SETSTAT', (id) => sftp.status(id, OK));
  sftp.on('FSETSTAT', (id) => sftp.status(id, OK));
  sftp.on('OPENDIR', (id, path) => {
    if (existsSync(real(path))) open(id, -1, path);
    else sftp.status(id, NO_SUCH_FILE);
  });
  sftp.on('READDIR', (id, handle) => {
    const known = opened(handle);
    if (known === undefined || known.listed) return sftp.status(id, EOF);
    known.listed = true;
    sftp.name(
      id,
      readdirSync(real(known.path)).map((filename) => ({
        filename,
        longname: filename,
        attrs: attributesOf(join(real(known.path), filename)),
      })),
    );
  });
  sftp.on('OPEN', (id, path, flags) => {
    try {
      open(id, openSync(real(path), ssh2.utils.sftp.flagsToString(flags) ?? 'r'), path);
    } catch {
      sftp.status(id, NO_SUCH_FILE);
    }
  });
  sftp.on('WRITE', (id, handle, offset, data) => {
    const known = opened(handle);
    if (known === undefined) return sftp.status(id, FAILURE);
    writeSync(known.fd, data, 0, data.length, offset);
    sftp.status(id, OK);
  });
  sftp.on('READ', (id, handle, offset, length) => {
    const known = opened(handle);
    if (known === undefined) return sftp.status(id, FAILURE);
    const buffer = Buffer.alloc(length);
    const read = readSync(known.fd, buffer, 0, length, offset);
    if (read === 0) sftp.status(id, EOF);
    else sftp.data(id, buffer.subarray(0, read));
  });
  sftp.on('CLOSE', (id, handle) => {
    const known = opened(handle);
    if (known !== undefined && known.fd >= 0) closeSync(known.fd);
    handles.delete(handle.readUInt32BE(0));
    sftp.status(id, OK);
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
  // A client killed in mid-upload leaves its handles open.
  sftp.on('close', () => {
    for (const { fd } of handles.values()) if (fd >= 0) closeSync(fd);
    handles.clear();
  });
}

function attributesOf(path: string): Attributes {
  const { mode, uid, gid, size, atimeMs, mtimeMs } = statSync(path);
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) };
}
