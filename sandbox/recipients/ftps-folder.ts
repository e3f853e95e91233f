// Executes the commands of a logged-in FTPS session: on files, and to open data connections.
// Invariant: a rename never replaces; a data connection resumes the TLS session of the commands; no command can name a path outside the
// account's folder.
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';

export type FtpsStep = 'connect' | 'open' | 'stored' | 'rename' | 'renamed' | 'read';

/** A planted fault replaces the step: an answer, a cut connection, or silence. */
export type FtpsFault = number | 'reset' | 'hang' | undefined;

export interface Serving {
  /** Home of the account; created. */
  readonly home: string;
  readonly fault?: (step: FtpsStep, path: string) => FtpsFault;
  /** The answer to PASV; the server implements EPSV only. */
  readonly passive?: () => string | undefined;
  readonly context: SecureContext;
  readonly log: string[];
  readonly track: (socket: Socket) => void;
}

export interface Session {
  control: Socket;
  folder: string;
  user: string;
  isIn: boolean;
  isPrivate: boolean;
  from: string;
  passive: Passive | undefined;
}

export function secured(socket: Socket, secureContext: SecureContext): TLSSocket {
  const wrapped = new TLSSocket(socket, { isServer: true, secureContext });
  const end = (): void => void socket.destroy();
  return wrapped.on('error', end).on('close', end);
}

const replies: Readonly<Record<string, string>> = {
  FEAT: '211-features\r\n SIZE\r\n MDTM\r\n EPSV\r\n UTF8\r\n211 end',
  TYPE: '200 ok',
  STRU: '200 ok',
  OPTS: '200 ok',
  PBSZ: '200 PBSZ=0',
  NOOP: '200 ok',
};

/** Executes one command of a logged-in session. */
export async function commanded(
  command: string,
  argument: string,
  session: Session,
  serving: Serving,
): Promise<void> {
  const say = (text: string): void => void session.control.write(`${text}\r\n`);
  const path = argument.startsWith('/') ? argument : `${session.folder}/${argument}`;
  const named = normalize(path).replace(/^\/|\/$/g, '');
  const file: Named = { named, real: join(serving.home, named) };
  switch (command) {
    case 'PROT':
      session.isPrivate = argument === 'P';
      return say('200 ok');
    case 'PWD':
      return say(`257 "${session.folder}" here`);
    case 'EPSV':
      return say(await offered(session, serving));
    case 'PASV':
      return say(serving.passive?.() ?? '502 not implemented');
    case 'CWD':
      if (!isThere(file.real) || isFile(file.real)) return say('550 no such folder');
      session.folder = `/${named}`;
      return say('250 ok');
    case 'STOR':
    case 'RETR':
      return await moved(command, file, session, serving);
    default:
      return onFile(command, file, session, serving);
  }
}

interface Named {
  readonly named: string;
  readonly real: string;
}

const isThere = (path: string): boolean => existsSync(path);
const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** True when a planted fault took over. */
function planted(step: FtpsStep, { named }: Named, { control }: Session, { fault }: Serving): boolean {
  const planned = fault?.(step, named);
  if (planned === 'reset') control.destroy();
  else if (typeof planned === 'number') control.write(`${planned} Bonjour Zoe Martin\r\n`);
  return planned !== undefined;
}

function onFile(command: string, file: Named, session: Session, serving: Serving): void {
  const say = (text: string): void => void session.control.write(`${text}\r\n`);
  const { real, named } = file;
  const isHere = isFile(real);
  switch (command) {
    case 'SIZE':
      return say(isHere ? `213 ${statSync(real).size}` : '550 no such file');
    case 'MDTM':
      return say(isHere ? '213 20261120120000' : '550 no such file');
    case 'DELE':
      if (isHere) rmSync(real);
      return say(isHere ? '250 gone' : '550 no such file');
    case 'RNFR':
      session.from = real;
      return say(isHere ? '350 to what?' : '550 no such file');
    case 'RNTO':
      serving.log.push(`rename ${named}`);
      if (planted('rename', file, session, serving)) return;
      if (isThere(real)) return say('553 it exists');
      renameSync(session.from, real);
      return planted('renamed', file, session, serving) ? undefined : say('250 renamed');
    default:
      return say(replies[command] ?? '502 not implemented');
  }
}

async function moved(
  command: 'STOR' | 'RETR',
  file: Named,
  session: Session,
  serving: Serving,
): Promise<void> {
  const say = (text: string): void => void session.control.write(`${text}\r\n`);
  const { real, named } = file;
  if (command === 'RETR') {
    if (!isFile(real)) return say('550 no such file');
    return await transferred(session, say, async ({ socket }) => {
      await pipeline(createReadStream(real), socket);
      return planted('read', file, session, serving);
    });
  }
  serving.log.push(`open ${named}`);
  if (planted('open', file, session, serving)) return;
  if (!isThere(join(real, '..'))) return say('553 no such folder');
  await transferred(session, say, async ({ socket, isEmpty }) => {
    await (isEmpty ? writeFile(real, '') : pipeline(socket, createWriteStream(real)));
    return planted('stored', file, session, serving);
  });
}

interface Data {
  readonly socket: TLSSocket;
  readonly isResumed: boolean;
  /** No data came: Node reports the end of such a connection, but not its TLS. */
  readonly isEmpty: boolean;
}

interface Passive {
  readonly taken: Promise<Data>;
  readonly close: () => void;
}

/** Opens a port for one data connection. */
async function offered(session: Session, { context, track }: Serving): Promise<string> {
  if (!session.isPrivate) return '522 PROT P first';
  session.passive?.close();
  const server: Server = createServer();
  const taken = new Promise<Data>((resolve) => {
    server.once('connection', (socket) => {
      track(socket);
      server.close();
      const data = secured(socket, context);
      data.once('secure', () => resolve({ socket: data, isResumed: data.isSessionReused(), isEmpty: false }));
      data.once('end', () => resolve({ socket: data, isResumed: true, isEmpty: true }));
    });
  });
  session.passive = { taken, close: () => server.close() };
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `229 ok (|||${(server.address() as AddressInfo).port}|)`;
}

/** @param work moves the bytes; true where a fault took over */
async function transferred(
  { passive, control }: Session,
  say: (text: string) => void,
  work: (data: Data) => Promise<boolean>,
): Promise<void> {
  if (passive === undefined) return say('425 EPSV first');
  say('150 go on');
  const data = await passive.taken;
  if (!data.isResumed) {
    data.socket.destroy();
    return say('522 resume the session of the commands');
  }
  try {
    if (await work(data)) return;
    say('226 whole');
  } catch {
    if (!control.destroyed) say('426 cut');
  } finally {
    data.socket.destroy();
  }
}
