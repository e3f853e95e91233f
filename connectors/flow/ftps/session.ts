// Opens an FTPS session: basic-ftp over sockets of the guard, for commands and for data.
// Invariant: no password and no file is sent before TLS is verified; data connections use the address of the command
// connection, whatever the server names, so that no answer leads us to another machine.
import type { Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Client, FTPError, type FTPContext, type FTPResponse } from 'basic-ftp';
import { identified } from '../../access/tls.ts';
import type { SendContext } from '../../contract.ts';
import { bareHost, connectCodeOf, guardOf, literalAddress, type Deadline } from '../../guard.ts';
import { dropCodeOf, dropFailure, type DropFailure } from '../drop.ts';
import { portOf, type FtpsServer } from './settings.ts';

export interface FtpsLogin {
  readonly user: string;
  readonly password: string;
}

export async function openSession(
  server: FtpsServer,
  login: FtpsLogin,
  context: SendContext,
  deadline: Deadline,
): Promise<Client> {
  const own = identified(server.tls, context);
  if (!own.ok) throw dropFailure(own.reason);
  const guard = guardOf(own.context.network);
  const to = {
    host: server.host,
    port: portOf(server),
    timeoutMs: context.timeouts.connectMs,
    signal: deadline.signal,
  };
  const isImplicit = server.encryption === 'implicit';
  const socket = await (isImplicit ? guard.connectTls(to) : guard.connect(to)).catch((error: unknown) => {
    throw dropFailure(connectCodeOf(error));
  });
  const host = bareHost(server.host);
  const tls: ConnectionOptions = {
    secureContext: guard.secureContext(),
    rejectUnauthorized: true,
    // The verified name: a session is resumed under no other.
    host,
    ...(literalAddress(host) === undefined ? { servername: host } : {}),
  };
  // The attempt's own clock ends slow steps.
  const client = new Client(0);
  client.prepareTransfer = async (ftp) => {
    const answer = await openData(ftp, guard, tls, to);
    // The next request makes the file appear, empty or not.
    deadline.leave();
    return answer;
  };
  try {
    await deadline.race(begun(client, socket, isImplicit ? undefined : tls));
    await deadline.race(loggedIn(client, login));
    return client;
  } catch (error) {
    client.close();
    socket.destroy();
    throw deadline.ended() === undefined ? notOpened(error) : error;
  }
}

/** Reads the greeting, and starts TLS where it is not yet active. */
async function begun(client: Client, socket: Socket, tls: ConnectionOptions | undefined): Promise<void> {
  client.ftp.socket = socket;
  await client.ftp.handle(undefined, (answer, task) => {
    if (answer instanceof Error) task.reject(answer);
    else if (answer.code >= 200 && answer.code < 300) task.resolve(undefined);
    else task.reject(dropFailure('SERVER_FAILURE'));
  });
  if (tls === undefined) return;
  await client.useTLS(tls).catch((error: unknown) => {
    throw error instanceof FTPError ? dropFailure('TLS_REFUSED') : error;
  });
}

async function loggedIn(client: Client, { user, password }: FtpsLogin): Promise<void> {
  await client.login(user, password).catch((error: unknown) => {
    // 421: too many users, shutting down.
    throw error instanceof FTPError && error.code !== 421 && error.code < 600 ? refusedLogin(error) : error;
  });
  await client.useDefaultSettings();
  // The library takes any answer to these two; without them data would travel in clear.
  await client.send('PBSZ 0').catch(inClear);
  await client.send('PROT P').catch(inClear);
}

const refusedLogin = ({ code }: FTPError): DropFailure =>
  dropFailure(code >= 500 ? 'FTPS_AUTH' : 'SERVER_FAILURE');

const inClear = (error: unknown): never => {
  throw error instanceof FTPError ? dropFailure('TLS_REFUSED') : error;
};

/** A connection for one file, to the address of the session: EPSV names a port only, and the address of PASV is ignored. */
async function openData(
  ftp: FTPContext,
  guard: ReturnType<typeof guardOf>,
  tls: ConnectionOptions,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<FTPResponse> {
  const { answer, port } = await passive(ftp);
  const address = ftp.socket.remoteAddress;
  if (address === undefined) throw dropFailure('CONNECTION_LOST');
  const plain = await guard.connect({ host: address, port, timeoutMs, signal });
  const { socket: control } = ftp;
  // Servers take data only from a client that resumes the session of the commands.
  const session = ftp.tlsSessionStore ?? (control as TLSSocket).getSession();
  const data = tlsConnect({ ...tls, socket: plain, ...(session === undefined ? {} : { session }) });
  data.on('session', (next) => (ftp.tlsSessionStore = next));
  ftp.dataSocket = data;
  return answer;
}

async function passive(ftp: FTPContext): Promise<{ readonly answer: FTPResponse; readonly port: number }> {
  const extended = await ftp.request('EPSV').catch((error: unknown) => {
    if (error instanceof FTPError) return undefined;
    throw error;
  });
  const answer = extended ?? (await ftp.request('PASV'));
  const port = extended === undefined ? passivePort(answer.message) : extendedPort(answer.message);
  if (port === undefined || port < 1 || port > 65_535) throw dropFailure('SERVER_FAILURE');
  return { answer, port };
}

/** `229 Entering Extended Passive Mode (|||6446|)` */
const extendedPort = (message: string): number | undefined => {
  const found = /\((.)\1\1(\d{1,5})\1\)/.exec(message)?.[2];
  return found === undefined ? undefined : Number(found);
};

/** `227 Entering Passive Mode (132,235,1,2,24,131)` */
const passivePort = (message: string): number | undefined => {
  const [, high, low] = /\d+,\d+,\d+,\d+,(\d{1,3}),(\d{1,3})/.exec(message) ?? [];
  return high === undefined || low === undefined ? undefined : Number(high) * 256 + Number(low);
};

function notOpened(error: unknown): DropFailure {
  const known = dropCodeOf(error);
  if (known !== undefined) return dropFailure(known);
  if (error instanceof FTPError) return dropFailure('SERVER_FAILURE');
  const code = connectCodeOf(error);
  return dropFailure(code === 'CONNECT_FAILED' ? 'CONNECT_RESET' : code);
}
