// Opens one SMTP session over a guarded socket, logs in, and sends a mail. nodemailer speaks the protocol.
// Invariant: it is always known if the content may have been taken: it is sent piece by piece under the lease, and without
// its end no server takes it. An endless server is cut off.
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { NetworkPolicy, Timeouts } from '../contract.ts';
import { guardOf, type Deadline } from '../guard.ts';
import type { ResolvedServer } from './server.ts';

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** Returns are read: the server is asked for reports, with headers only. */
  readonly reports?: boolean;
  /** All mailboxes or none: after one refusal nothing of the content is sent. */
  readonly allOrNone?: boolean;
}

export type SmtpSent =
  | {
      readonly ok: true;
      readonly reply: string;
      readonly rejected: readonly Rejected[];
    }
  | {
      readonly ok: false;
      readonly error: unknown;
      readonly contentStarted: boolean;
      readonly rejected: readonly Rejected[];
    };

/** A mailbox that was refused. */
export interface Rejected {
  /** As it was in the envelope. */
  readonly mailbox: string;
  readonly code: number;
}

export interface Session {
  readonly connection: SMTPConnection;
  closed: boolean;
  /** Bytes the server has sent since the last mail began. */
  heard: number;
  /** Lines among them. */
  lines: number;
  /** Closes the session when it is idle. */
  idle?: NodeJS.Timeout;
}

const pieceBytes = 65_536;

/** Most bytes a server may send while it takes one mail: `maxResponseSize` limits a single reply, not the number of blank lines. */
const mostHeard = 256 * 1024;
/** Most lines: nodemailer spends a turn of the loop on each blank one. A mailbox is answered by one line, a greeting by some twenty. */
const mostLines = 4_096;
const lineFeed = 10;

/** Ends the session of an endless server, and drops the lines that nodemailer has: it would go on with them after the end. */
function listenTo(socket: Socket, session: Session): void {
  socket.prependListener('data', (chunk: Buffer) => {
    session.heard += chunk.length;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) session.lines += 1;
    if (session.heard <= mostHeard && session.lines <= mostLines) return;
    socket.destroy(new Error('too long an answer'));
    // It still gets this chunk.
    queueMicrotask(() => {
      (session.connection as unknown as { _responseQueue: string[] })._responseQueue = [];
    });
  });
}

export interface Opening {
  readonly server: ResolvedServer;
  readonly network: NetworkPolicy;
  readonly timeouts: Timeouts;
  readonly deadline: Deadline;
}

/** Throws the failure; no mail was sent then. @param opened called with a session as soon as it has a socket */
export async function openSession(opening: Opening, opened: (session: Session) => void): Promise<Session> {
  const { server, network, timeouts, deadline } = opening;
  const { default: Connection } = await import('nodemailer/lib/smtp-connection');
  const guard = guardOf(network);
  const to = { host: server.host, port: server.port, timeoutMs: timeouts.connectMs, signal: deadline.signal };
  const socket = server.secure ? await guard.connectTls(to) : await guard.connect(to);
  const session: Session = {
    connection: new Connection(optionsFor(socket, opening)),
    closed: false,
    heard: 0,
    lines: 0,
  };
  opened(session);
  const { connection } = session;
  connection.once('end', () => {
    session.closed = true;
  });
  try {
    await deadline.race(
      new Promise<void>((resolve, reject) => {
        connection.on('error', reject);
        connection.connect((error) => (error ? reject(error) : resolve()));
        listenTo(socket, session);
      }),
    );
    // After STARTTLS it uses another socket.
    const { _socket: secured } = connection as unknown as { readonly _socket?: Socket };
    if (secured !== undefined && secured !== socket) listenTo(secured, session);
    await logIn(session, server, deadline);
    return session;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function optionsFor(socket: Socket, { server, network, timeouts }: Opening): SMTPConnection.Options {
  return {
    connection: socket,
    host: server.host,
    port: server.port,
    secure: server.secure,
    secured: server.secure,
    requireTLS: !server.secure && !network.allowPlaintext,
    tls: { secureContext: guardOf(network).secureContext(), rejectUnauthorized: true },
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.connectMs,
    socketTimeout: timeouts.responseMs,
    // A reply is three digits and a line; none needs a megabyte.
    maxResponseSize: 64 * 1024,
    socketCloseTimeout: 0,
    logger: false,
  };
}

async function logIn({ connection }: Session, server: ResolvedServer, deadline: Deadline): Promise<void> {
  const { user, password } = server;
  if (user === undefined) return;
  await deadline.race(
    new Promise<void>((resolve, reject) => {
      connection.on('error', reject);
      connection.login({ user, pass: password, credentials: { user, pass: password ?? '' } }, (error) =>
        error ? reject(error) : resolve(),
      );
    }),
  );
}

export async function sendThrough(
  session: Session,
  envelope: Envelope,
  bytes: Buffer,
  deadline: Deadline,
): Promise<SmtpSent> {
  let contentStarted = false;
  let refused: readonly MailboxError[] = [];
  session.heard = 0;
  session.lines = 0;
  let at = 0;
  // The connection reads this only after the server's 354, and each piece when those before it were sent.
  const content = new Readable({
    read() {
      if (at === 0 && envelope.allOrNone === true) refused = refusedOf(session.connection);
      // A server that does not receive the end of the content delivers nothing (RFC 5321, 4.1.1.10).
      if (refused.length > 0) return void this.destroy(new Error('a mailbox was refused'));
      contentStarted = deadline.mayLeave();
      if (!contentStarted) return void this.destroy(new Error('the lease is lost'));
      const piece = bytes.subarray(at, at + pieceBytes);
      at += pieceBytes;
      this.push(piece.length > 0 ? piece : null);
    },
  });
  try {
    const info = await deadline.race(
      new Promise<{ response?: string }>((resolve, reject) => {
        session.connection.send(
          {
            from: envelope.from,
            to: [...envelope.to],
            size: bytes.length,
            ...(envelope.reports === true
              ? { dsn: { ret: 'HDRS' as const, notify: ['FAILURE' as const] } }
              : {}),
          },
          content,
          (error, result) => (error ? reject(error) : resolve(result)),
        );
      }),
    );
    return {
      ok: true,
      reply: info.response ?? '',
      rejected: rejectedOf(info),
    };
  } catch (error) {
    session.connection.close();
    const [first] = refused;
    if (first === undefined) return { ok: false, error, contentStarted, rejected: rejectedOf(error) };
    const told = refused.find(({ responseCode }) => Number(responseCode) < 500) ?? first;
    return {
      ok: false,
      error: told,
      contentStarted: false,
      rejected: rejectedOf({ rejectedErrors: refused }),
    };
  }
}

interface MailboxError {
  readonly recipient?: string;
  readonly responseCode?: number | false;
}

/** Refused mailboxes of the current mail; nodemailer reports them only once it is sent. */
const refusedOf = (connection: SMTPConnection): readonly MailboxError[] =>
  (connection as unknown as { readonly _envelope?: { readonly rejectedErrors?: readonly MailboxError[] } })
    ._envelope?.rejectedErrors ?? [];

/** nodemailer puts them into the result of a sent mail, and into the error where every mailbox was refused. */
function rejectedOf(told: unknown): readonly Rejected[] {
  const { rejectedErrors } = (typeof told === 'object' && told !== null ? told : {}) as {
    readonly rejectedErrors?: readonly MailboxError[];
  };
  return (rejectedErrors ?? []).map(({ recipient, responseCode }) => ({
    mailbox: recipient ?? '',
    code: responseCode || 550,
  }));
}
