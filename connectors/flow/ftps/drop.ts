// Puts files into a folder on an FTPS server.
// Invariant: a file counts as absent only when both SIZE and MDTM report so, because RNTO replaces.
import { Readable, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { FTPError, type Client } from 'basic-ftp';
import type { SendContext } from '../../contract.ts';
import { connectCodeOf, connectFailureOf, needsRepair, type Deadline } from '../../guard.ts';
import { paced, pacedPieces } from '../content.ts';
import {
  dropCodeOf,
  dropFailure,
  upTo,
  type Content,
  type Drop,
  type DropFailure,
  type Given,
} from '../drop.ts';
import { openSession, type FtpsLogin } from './session.ts';
import type { FtpsServer } from './settings.ts';

export async function openFtpsDrop(
  server: FtpsServer,
  login: FtpsLogin,
  context: SendContext,
  deadline: Deadline,
): Promise<Drop> {
  const client = await openSession(server, login, context, deadline);
  return dropOver(client, deadline);
}

type Step = <T>(work: Promise<T>) => Promise<T>;

function dropOver(client: Client, deadline: Deadline): Drop {
  const step: Step = async (work) => {
    try {
      return await deadline.race(work);
    } catch (error) {
      throw deadline.ended() === undefined ? operationFailed(error) : error;
    }
  };
  const size = (path: string): Promise<number | undefined> => step(sizeOf(client, path));
  return {
    isFolder: (path) => step(isFolder(client, path)),
    size,
    write: (path, content) => write(client, path, content, { deadline, step }),
    each: (path, most, take) => eachPiece(client, path, upTo(most, take), { most, deadline, step }),
    async moveNew(from, to) {
      if ((await size(to)) !== undefined) throw dropFailure('NAME_TAKEN');
      await step(client.send(`RNFR ${from}`));
      deadline.leave();
      try {
        await step(client.send(`RNTO ${to}`));
      } catch (error) {
        // A server that never replaces refuses in the same words as one that forbids renaming.
        if (dropCodeOf(error) === 'FOLDER_FORBIDDEN' && (await size(to)) !== undefined)
          throw dropFailure('NAME_TAKEN');
        throw error;
      }
    },
    async remove(path) {
      await step(client.remove(path).catch(ifAbsent));
    },
    async close() {
      client.close();
      await Promise.resolve();
    },
  };
}

async function isFolder(client: Client, path: string): Promise<boolean> {
  const home = await client.pwd();
  const entered = await client.cd(path).then(() => true, ifAbsent);
  if (entered === undefined) return false;
  await client.cd(home);
  return true;
}

async function sizeOf(client: Client, path: string): Promise<number | undefined> {
  const size = await client.size(path).catch((error: unknown) => {
    if (isUnknownCommand(error)) throw dropFailure('SIZE_UNTOLD');
    return ifAbsent(error);
  });
  if (size !== undefined) return size;
  // Some servers refuse SIZE in the same way for a file whose size they do not report.
  const stands = await client.send(`MDTM ${path}`).then(
    () => true,
    (error: unknown) => (isUnknownCommand(error) ? undefined : ifAbsent(error)),
  );
  if (stands === undefined) return undefined;
  throw dropFailure('SIZE_UNTOLD');
}

async function write(
  client: Client,
  path: string,
  content: Content,
  { deadline, step }: { readonly deadline: Deadline; readonly step: Step },
): Promise<void> {
  const source = Readable.from(endedGently(pacedPieces(content, deadline)), { objectMode: false });
  let unread: unknown;
  source.on('error', (error) => (unread = error));
  try {
    await step(client.uploadFrom(source, path));
  } catch (error) {
    // The library's error hides that our side broke off.
    throw dropCodeOf(unread) === undefined ? error : unread;
  } finally {
    source.destroy();
  }
}

/**
 * Ending an empty marker right with the handshake breaks it off: vsftpd drops the session when its last messages are not
 * read. No event reports when all of them are.
 */
async function* endedGently(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const piece of pieces) {
    isEmpty = false;
    yield piece;
  }
  if (isEmpty) await setTimeout(100);
}

async function eachPiece(
  client: Client,
  path: string,
  given: Given,
  { most, deadline, step }: { readonly most: number; readonly deadline: Deadline; readonly step: Step },
): Promise<'whole' | 'longer'> {
  const pace = paced(deadline);
  let left = most;
  const into = new Writable({
    write(piece: Buffer, _encoding, done) {
      pace(piece.length);
      left -= piece.length;
      given.take(piece).then(() => done(left < 0 ? new Error('enough') : null), done);
    },
  });
  try {
    await step(client.downloadTo(into, path));
  } catch (error) {
    const untaken = given.untaken();
    if (untaken !== undefined) throw untaken;
    if (!given.isLonger() || deadline.ended() !== undefined) throw error;
    // FTP has no way to stop the server: the session is closed.
    client.close();
  }
  return given.isLonger() ? 'longer' : 'whole';
}

const isUnknownCommand = (error: unknown): boolean =>
  error instanceof FTPError && [500, 501, 502, 504].includes(error.code);

/** 550 is "no such file", and other things besides. */
function ifAbsent(error: unknown): undefined {
  if (error instanceof FTPError && error.code === 550) return undefined;
  throw error;
}

function operationFailed(error: unknown): DropFailure {
  const known = dropCodeOf(error) ?? connectFailureOf(error);
  if (known !== undefined) return dropFailure(known);
  if (!(error instanceof FTPError)) {
    const code = connectCodeOf(error);
    return dropFailure(needsRepair(code) ? code : 'CONNECTION_LOST');
  }
  switch (error.code) {
    case 421:
    case 425:
    case 426:
      return dropFailure('CONNECTION_LOST');
    case 452:
    case 552:
      return dropFailure('FOLDER_FULL');
    case 530:
    case 532:
    case 550:
    case 553:
      return dropFailure('FOLDER_FORBIDDEN');
    default:
      return dropFailure('SERVER_FAILURE');
  }
}
