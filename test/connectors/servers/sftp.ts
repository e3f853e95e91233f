// An SFTP recipient on loopback (ssh2) that writes into a folder and behaves like OpenSSH: a rename over an existing
// name fails, a missing folder is "no such file".
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join, normalize } from 'node:path';
import ssh2 from 'ssh2';
import type { Connection, SFTPWrapper } from 'ssh2';

export const sftpUser = { user: 'relais', password: 'mot-de-passe-sftp' };

export type SftpStep = 'open' | 'write' | 'rename' | 'renamed';

export interface SftpRecipient {
  readonly port: number;
  /** Fingerprint to pin. */
  readonly hostKey: string;
  readonly connections: () => number;
  /** Connections open now. */
  readonly openNow: () => Promise<number>;
  /** Paths opened for writing and renames, in order. */
  readonly log: string[];
  /** Called at each step: a status code to answer, `reset` or `hang`; undefined goes on. */
  fault: (step: SftpStep, path: string) => number | 'reset' | 'hang' | undefined;
  /** Loses this many bytes of every write, as a full disk with a lying server does. */
  loseBytes: number;
  /** Files under this folder never end, whatever size they announce. */
  endless?: string;
  /** Bytes read from endless files. */
  endlessBytes: number;
  /** As some servers do: opening for writing keeps what was there; a rename replaces. */
  careless: boolean;
  /** Cuts every connection before SSH begins; or says nothing. */
  atConnect: 'serve' | 'reset' | 'hang';
  readonly close: () => Promise<void>;
}

const { OK, FAILURE, NO_SUCH_FILE, EOF } = ssh2.utils.sftp.STATUS_CODE;
const { OPEN_MODE, flagsToString } = {
  OPEN_MODE: ssh2.utils.sftp.OPEN_MODE,
  flagsToString: ssh2.utils.sftp.flagsToString,
};

export async function startSftpRecipient(root: string): Promise<SftpRecipient> {
  // One of RSA takes a twentieth of a second, and of those of Ed25519 ssh2 cannot read three in a thousand that it makes.
  const { private: privateKey } = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const hostKey = `SHA256:${createHash('sha256').update(parsed.getPublicSSH()).digest('base64').replace(/=+$/, '')}`;
  let connections = 0;
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [privateKey] }, (client: Connection) => {
    client.on('error', () => undefined);
    client.on('authentication', (login) => {
      if (
        login.method === 'password' &&
        login.username === sftpUser.user &&
        login.password === sftpUser.password
      )
        login.accept();
      else login.reject(['password']);
    });
    client.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => serve(acceptSftp(), root, recipient, sockets));
    });
  });
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (recipient.atConnect === 'reset') socket.resetAndDestroy();
    else if (recipient.atConnect === 'hang') socket.resume();
    else (ssh as unknown as { injectSocket: (socket: Socket) => void }).injectSocket(socket.setNoDelay(true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const recipient: SftpRecipient = {
    port: (server.address() as AddressInfo).port,
    hostKey,
    connections: () => connections,
    openNow: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    log: [],
    fault: () => undefined,
    loseBytes: 0,
    endlessBytes: 0,
    careless: false,
    atConnect: 'serve',
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return recipient;
}

function serve(
  sftp: SFTPWrapper,
  root: string,
  recipient: SftpRecipient,
  sockets: ReadonlySet<Socket>,
): void {
  const handles = new Map<number, { readonly fd: number; readonly path: string }>();
  let next = 0;
  const real = (path: string): string => join(root, normalize(`/${path}`));
  /** True when a planted fault took over. */
  const planted = (step: SftpStep, path: string, id: number): boolean => {
    const fault = recipient.fault(step, path);
    if (fault === 'reset') for (const socket of sockets) socket.destroy();
    if (typeof fault === 'number') sftp.status(id, fault, 'Bonjour Zoe Martin');
    return fault !== undefined;
  };
  const stat = (id: number, path: string): void => {
    if (!existsSync(real(path))) return sftp.status(id, NO_SUCH_FILE);
    const { mode, uid, gid, size, atimeMs, mtimeMs } = statSync(real(path));
    sftp.attrs(id, {
      mode,
      uid,
      gid,
      size,
      atime: Math.floor(atimeMs / 1000),
      mtime: Math.floor(mtimeMs / 1000),
    });
  };
  sftp.on('REALPATH', (id, path) =>
    sftp.name(id, [{ filename: normalize(`/${path}`), longname: '', attrs: {} as never }]),
  );
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('FSTAT', (id, handle) => stat(id, handles.get(handle.readUInt32BE(0))?.path ?? ''));
  sftp.on('FSETSTAT', (id) => sftp.status(id, OK));
  sftp.on('SETSTAT', (id) => sftp.status(id, OK));
  sftp.on('OPEN', (id, path, flags) => {
    if ((flags & OPEN_MODE.WRITE) !== 0) {
      recipient.log.push(`open ${path}`);
      if (planted('open', path, id)) return;
    }
    try {
      const writing = recipient.careless && existsSync(real(path)) ? 'r+' : flagsToString(flags);
      const fd = openSync(real(path), writing ?? 'r');
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(++next, 0);
      handles.set(next, { fd, path });
      sftp.handle(id, handle);
    } catch {
      sftp.status(id, NO_SUCH_FILE);
    }
  });
  sftp.on('WRITE', (id, handle, offset, data) => {
    const known = handles.get(handle.readUInt32BE(0));
    if (known === undefined) return sftp.status(id, FAILURE);
    if (planted('write', known.path, id)) return;
    writeSync(known.fd, data, 0, Math.max(0, data.length - recipient.loseBytes), offset);
    sftp.status(id, OK);
  });
  sftp.on('READ', (id, handle, offset, length) => {
    const known = handles.get(handle.readUInt32BE(0));
    if (known === undefined) return sftp.status(id, FAILURE);
    if (recipient.endless !== undefined && known.path.startsWith(recipient.endless)) {
      recipient.endlessBytes += length;
      return sftp.data(id, Buffer.alloc(length, '"success":true '));
    }
    const buffer = Buffer.alloc(length);
    const read = readSync(known.fd, buffer, 0, length, offset);
    if (read === 0) sftp.status(id, EOF);
    else sftp.data(id, buffer.subarray(0, read));
  });
  sftp.on('CLOSE', (id, handle) => {
    const known = handles.get(handle.readUInt32BE(0));
    if (known !== undefined) closeSync(known.fd);
    handles.delete(handle.readUInt32BE(0));
    sftp.status(id, OK);
  });
  sftp.on('REMOVE', (id, path) => {
    if (!existsSync(real(path))) return sftp.status(id, NO_SUCH_FILE);
    unlinkSync(real(path));
    sftp.status(id, OK);
  });
  sftp.on('RENAME', (id, from, to) => {
    recipient.log.push(`rename ${from} ${to}`);
    if (planted('rename', to, id)) return;
    if (existsSync(real(to)) && !recipient.careless) return sftp.status(id, FAILURE);
    renameSync(real(from), real(to));
    if (planted('renamed', to, id)) return;
    sftp.status(id, OK);
  });
}
