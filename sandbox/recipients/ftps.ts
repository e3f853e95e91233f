// Runs an FTPS server for one account, in this process, that writes into a folder: explicit or implicit TLS, passive data only.
// Invariant: login and data require TLS, and a data connection resumes the session of the commands, as vsftpd requires; a rename never
// replaces; no command can name a path outside the account's folder.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { commanded, secured } from './ftps-folder.ts';
import type { Serving, Session } from './ftps-folder.ts';

export type { FtpsFault, FtpsStep } from './ftps-folder.ts';

export interface FtpsOptions extends Omit<Serving, 'context' | 'log' | 'track'> {
  readonly login: { readonly user: string; readonly password: string };
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly encryption: 'explicit' | 'implicit';
  /** Commands it does not know. */
  readonly unknown?: () => readonly string[];
}

interface Known extends Serving, FtpsOptions {}

export interface SandboxFtps {
  readonly port: number;
  readonly connections: () => number;
  readonly openNow: () => number;
  /** Paths opened for writing and renames, in order. */
  readonly log: string[];
  readonly close: () => Promise<void>;
}

export async function startFtps(options: FtpsOptions): Promise<SandboxFtps> {
  mkdirSync(options.home, { recursive: true });
  const context = createSecureContext({ ...options.certificate, minVersion: 'TLSv1.2' });
  const sockets = new Set<Socket>();
  const log: string[] = [];
  let connections = 0;
  const track = (socket: Socket): void => {
    sockets.add(socket.setNoDelay(true).on('error', () => undefined));
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    connections += 1;
    track(socket);
    const fault = options.fault?.('connect', '');
    if (fault === 'reset') socket.resetAndDestroy();
    else if (fault === 'hang') socket.resume();
    else serve(socket, { ...options, context, log, track });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    openNow: () => sockets.size,
    log,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Serves one session of commands. */
function serve(plain: Socket, serving: Known): void {
  const { context, encryption } = serving;
  const session: Session = {
    control: encryption === 'implicit' ? secured(plain, context) : plain,
    folder: '/',
    user: '',
    isIn: false,
    isPrivate: false,
    from: '',
    passive: undefined,
  };
  let waiting = Promise.resolve();
  const listen = (socket: Socket): void => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      const lines = (rest + String(chunk)).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        waiting = waiting
          .then(() => answered(line, session, serving, listen))
          .catch(() => void socket.destroy());
    });
    // Unsent answers to a client that has left would keep the socket open.
    socket.on('end', () => void socket.destroy());
    socket.on('close', () => session.passive?.close());
  };
  listen(session.control);
  session.control.write('220 ready\r\n');
}

async function answered(
  line: string,
  session: Session,
  serving: Known,
  listen: (socket: Socket) => void,
): Promise<void> {
  const [, word = '', argument = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
  const command = word.toUpperCase();
  const say = (text: string): void => void session.control.write(`${text}\r\n`);
  if (serving.unknown?.().includes(command) === true) return say('502 not implemented');
  if (command === 'AUTH') {
    if (session.control instanceof TLSSocket) return say('503 already');
    say('234 go on');
    const { control } = session;
    control.removeAllListeners('data');
    session.control = secured(control, serving.context);
    listen(session.control);
    return;
  }
  if (command === 'QUIT') return void session.control.end('221 bye\r\n');
  if (!(session.control instanceof TLSSocket)) return say('550 in TLS only');
  if (command === 'USER') {
    session.user = argument;
    return say('331 password');
  }
  if (command === 'PASS') {
    const { user, password } = serving.login;
    session.isIn = session.user === user && argument === password;
    return say(session.isIn ? '230 in' : '530 Bonjour Zoe Martin');
  }
  if (!session.isIn) return say('530 log in first');
  await commanded(command, argument, session, serving);
}
