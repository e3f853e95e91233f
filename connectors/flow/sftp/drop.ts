// Puts files into an SFTP folder: ssh2-sftp-client over a guarded socket.
// Invariant: nothing is sent, not even the password, before the host key was found among the pinned ones.
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import SftpClient from 'ssh2-sftp-client';
import type { ReadStreamOptions } from 'ssh2-sftp-client';
import type { NetworkPolicy, Timeouts } from '../../contract.ts';
import { connectCodeOf, connectFailureOf, guardOf, type Deadline } from '../../guard.ts';
import { paced, pacedPieces } from '../content.ts';
import { dropFailure, upTo, type Drop, type DropFailure, type Given } from '../drop.ts';

export interface SftpServer {
  readonly host: string;
  readonly port?: number;
  readonly user: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
  readonly hostKey: string | readonly string[];
}

export interface SftpLogin {
  readonly user: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
}

export async function openSftpDrop(
  server: SftpServer,
  login: SftpLogin,
  network: NetworkPolicy,
  timeouts: Timeouts,
  deadline: Deadline,
): Promise<Drop> {
  const sock = await guardOf(network)
    .connect({
      host: server.host,
      port: server.port ?? 22,
      timeoutMs: timeouts.connectMs,
      signal: deadline.signal,
    })
    .catch((error: unknown) => {
      throw dropFailure(connectCodeOf(error));
    });
  const none = (): void => undefined;
  const client = new SftpClient('relais', { error: none, end: none, close: none });
  let hostKeyRefused = false;
  // The library keeps only message and code; the level, which shows a refused login, is only available here.
  let level: string | undefined;
  client.on('error', (error: { level?: string }) => (level ??= error.level));
  const close = async (): Promise<void> => {
    // Only while there is time: a silent server will not close the session properly either.
    if (deadline.ended() === undefined) {
      await Promise.race([
        client.end().catch(none),
        new Promise((resolve) => setTimeout(resolve, 500).unref()),
      ]);
    }
    sock.destroy();
  };
  try {
    await deadline.race(
      client.connect({
        sock,
        username: login.user,
        ...(login.password === undefined ? {} : { password: login.password }),
        ...(login.privateKey === undefined ? {} : { privateKey: login.privateKey }),
        ...(login.passphrase === undefined ? {} : { passphrase: login.passphrase }),
        readyTimeout: timeouts.connectMs,
        hostVerifier: (key: Buffer): boolean => {
          hostKeyRefused = !isPinned(key, server.hostKey);
          return !hostKeyRefused;
        },
      }),
    );
  } catch (error) {
    const failure = deadline.ended() === undefined ? connectFailed(error, hostKeyRefused, level) : error;
    await close();
    throw failure;
  }
  // The library's streams do not notice that the connection is lost.
  const lost = once(sock, 'close').then(() => {
    throw dropFailure('CONNECTION_LOST');
  });
  lost.catch(none);
  return dropOver(client, deadline, { lost, close });
}

function dropOver(
  client: SftpClient,
  deadline: Deadline,
  { lost, close }: { readonly lost: Promise<never>; readonly close: () => Promise<void> },
): Drop {
  const step = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await deadline.race(Promise.race([work, lost]));
    } catch (error) {
      throw deadline.ended() === undefined ? operationFailed(error) : error;
    }
  };
  const statOf = async (
    path: string,
  ): Promise<{ readonly size: number; readonly isDirectory: boolean } | undefined> =>
    await step(
      client.stat(path).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw error;
      }),
    );
  return {
    isFolder: async (path) => (await statOf(path))?.isDirectory === true,
    size: async (path) => (await statOf(path))?.size,
    async write(path, content) {
      deadline.leave();
      const into = client.createWriteStream(path, { flags: 'w', mode: 0o640 }) as Writable;
      try {
        // Read before the server opened the file, a piece would wait here, and be sent whatever happened meanwhile.
        await step(once(into, 'open'));
        await step(pipeline(pacedPieces(content, deadline), into));
        if (!into.closed) await step(once(into, 'close'));
      } finally {
        into.destroy();
      }
    },
    each: (path, most, take) => eachPiece(client, path, upTo(most, take), { most, deadline, step }),
    async moveNew(from, to) {
      // Plain rename, not posix-rename, which replaces. Servers that replace nevertheless were asked before.
      if ((await statOf(to)) !== undefined) throw dropFailure('NAME_TAKEN');
      deadline.leave();
      await step(client.rename(from, to));
    },
    async remove(path) {
      await step(client.delete(path, true));
    },
    close,
  };
}

type Step = <T>(work: Promise<T>) => Promise<T>;

async function eachPiece(
  client: SftpClient,
  path: string,
  given: Given,
  { most, deadline, step }: { readonly most: number; readonly deadline: Deadline; readonly step: Step },
): Promise<'whole' | 'longer'> {
  // One byte more reveals a longer file; `end` is the index of the last byte.
  const readStreamOptions = { start: 0, end: most } as ReadStreamOptions;
  const pace = paced(deadline);
  const into = new Writable({
    write(piece: Buffer, _encoding, done) {
      pace(piece.length);
      given.take(piece).then(() => done(), done);
    },
  });
  try {
    await step(client.get(path, into, { readStreamOptions }));
  } catch (error) {
    // The library's error hides that our side broke off.
    throw given.untaken() ?? error;
  }
  return given.isLonger() ? 'longer' : 'whole';
}

function isPinned(key: Buffer, pinned: string | readonly string[]): boolean {
  const shown = createHash('sha256').update(key).digest();
  return (typeof pinned === 'string' ? [pinned] : pinned).some((text) => {
    const expected = Buffer.from(text.replace(/^SHA256:/, ''), 'base64');
    return expected.length === shown.length && timingSafeEqual(expected, shown);
  });
}

const isAbsent = (error: unknown): boolean => {
  const { code } = error as { code?: unknown };
  return code === 2 || code === 'ENOENT';
};

function connectFailed(error: unknown, hostKeyRefused: boolean, level: string | undefined): DropFailure {
  if (hostKeyRefused) return dropFailure('HOST_KEY_MISMATCH');
  const { message } = error as { message?: unknown };
  const said = typeof message === 'string' ? message : '';
  if (level === 'client-authentication' || /authentication methods failed/i.test(said))
    return dropFailure('SFTP_AUTH');
  if (/cannot parse privatekey|bad passphrase|encrypted.*private key|invalid private key/i.test(said))
    return dropFailure('SECRET_MALFORMED');
  if (level === 'client-timeout') return dropFailure('CONNECT_TIMEOUT');
  return dropFailure(
    connectFailureOf(error) ??
      (connectCodeOf(error) === 'CONNECT_FAILED' ? 'CONNECT_RESET' : connectCodeOf(error)),
  );
}

function operationFailed(error: unknown): DropFailure {
  if ((error as { dropCode?: unknown }).dropCode !== undefined) return error as DropFailure;
  switch ((error as { code?: unknown }).code) {
    case 2:
    case 'ENOENT':
      return dropFailure('FOLDER_MISSING');
    case 3:
    case 'EACCES':
      return dropFailure('FOLDER_FORBIDDEN');
    case 14:
    case 15:
      return dropFailure('FOLDER_FULL');
    case 11:
      return dropFailure('NAME_TAKEN');
    case 4:
    case 5:
    case 8:
      return dropFailure('SERVER_FAILURE');
    default:
      return dropFailure('CONNECTION_LOST');
  }
}
