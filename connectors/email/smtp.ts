// SMTP sessions over guarded sockets: opened, reused, closed. nodemailer speaks the protocol.
// Invariant: it is always known whether the content began to leave. nodemailer's own pool sends a mail again by itself
// when a connection closes and does not tell the step, so sessions are kept here instead.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { NetworkPolicy, Timeouts } from '../contract.ts';
import { guardOf } from '../guard.ts';
import type { Deadline } from '../guard.ts';
import type { ResolvedServer } from './settings.ts';

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

export type Sent =
  | {
      readonly ok: true;
      readonly reply: string;
      /** Reply codes of the recipients that were not taken. */ readonly rejected: readonly number[];
    }
  | { readonly ok: false; readonly error: unknown; readonly contentStarted: boolean };

interface Session {
  readonly connection: SMTPConnection;
  closed: boolean;
  /** Bytes the server has said since the last mail began. */
  heard: number;
  /** Ends the session when nobody has used it. */
  idle?: NodeJS.Timeout;
}

/** All a server may say while it takes one mail: `maxResponseSize` bounds a single reply, not how many blank lines it sends. */
const mostHeard = 256 * 1024;

/** Ends the session of a server that never stops talking, before the protocol's own reader sees more of it. */
function listenTo(socket: Socket, session: Session): void {
  socket.prependListener('data', (chunk: Buffer) => {
    session.heard += chunk.length;
    if (session.heard > mostHeard) socket.destroy(new Error('too long an answer'));
  });
}

/** Kept for each server: as many mails as leave together find a session, or each would cost a handshake and a login. */
const maxIdle = 50;
/** A session nobody uses for so long is closed, ms: servers count connections, and close idle ones after minutes. */
const idleMs = 10_000;

export function createSmtpSessions(network: NetworkPolicy) {
  const idle = new Map<string, Session[]>();
  const open = new Set<Session>();
  const guard = guardOf(network);

  async function start(server: ResolvedServer, timeouts: Timeouts, deadline: Deadline): Promise<Session> {
    const to = {
      host: server.host,
      port: server.port,
      timeoutMs: timeouts.connectMs,
      signal: deadline.signal,
    };
    const socket = server.secure ? await guard.connectTls(to) : await guard.connect(to);
    const connection = new SMTPConnection({
      connection: socket,
      host: server.host,
      port: server.port,
      secure: server.secure,
      secured: server.secure,
      requireTLS: !server.secure && !network.allowPlaintext,
      tls: { secureContext: guard.secureContext(), rejectUnauthorized: true },
      connectionTimeout: timeouts.connectMs,
      greetingTimeout: timeouts.connectMs,
      socketTimeout: timeouts.responseMs,
      // An answer is three digits and a line; nothing needs a megabyte.
      maxResponseSize: 64 * 1024,
      socketCloseTimeout: 0,
      logger: false,
    });
    const session: Session = { connection, closed: false, heard: 0 };
    open.add(session);
    connection.once('end', () => {
      session.closed = true;
      open.delete(session);
    });
    try {
      await deadline.race(
        new Promise<void>((resolve, reject) => {
          connection.on('error', reject);
          connection.connect((error) => (error ? reject(error) : resolve()));
          listenTo(socket, session);
        }),
      );
      // After STARTTLS it speaks through another socket.
      const { _socket: secured } = connection as unknown as { readonly _socket?: Socket };
      if (secured !== undefined && secured !== socket) listenTo(secured, session);
      const { user, password } = server;
      if (user !== undefined) {
        await deadline.race(
          new Promise<void>((resolve, reject) => {
            connection.on('error', reject);
            connection.login(
              { user, pass: password, credentials: { user, pass: password ?? '' } },
              (error) => (error ? reject(error) : resolve()),
            );
          }),
        );
      }
      return session;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async function deliver(
    session: Session,
    envelope: Envelope,
    bytes: Buffer,
    deadline: Deadline,
  ): Promise<Sent> {
    let contentStarted = false;
    session.heard = 0;
    // The connection reads this only after the server's 354.
    const content = new Readable({
      read() {
        contentStarted = true;
        this.push(bytes);
        this.push(null);
      },
    });
    try {
      const info = await deadline.race(
        new Promise<{
          response?: string;
          rejectedErrors?: readonly { responseCode?: number | false | undefined }[];
        }>((resolve, reject) => {
          session.connection.send(
            { from: envelope.from, to: [...envelope.to], size: bytes.length },
            content,
            (error, result) => (error ? reject(error) : resolve(result as never)),
          );
        }),
      );
      return {
        ok: true,
        reply: info.response ?? '',
        rejected: (info.rejectedErrors ?? []).map((one) => one.responseCode || 550),
      };
    } catch (error) {
      session.connection.close();
      return { ok: false, error, contentStarted };
    }
  }

  return {
    async send(
      server: ResolvedServer,
      envelope: Envelope,
      bytes: Buffer,
      timeouts: Timeouts,
      deadline: Deadline,
    ): Promise<Sent> {
      const key = sessionKey(server);
      for (;;) {
        const kept = takeIdle(idle, key);
        let session: Session;
        try {
          session = kept ?? (await start(server, timeouts, deadline));
        } catch (error) {
          return { ok: false, error, contentStarted: false };
        }
        const sent = await deliver(session, envelope, bytes, deadline);
        if (sent.ok && !session.closed) keepIdle(idle, key, session);
        // A kept session may have been closed by the server meanwhile; nothing left, so a new one may try.
        const stale =
          kept !== undefined &&
          !sent.ok &&
          !sent.contentStarted &&
          answerless(sent.error) &&
          deadline.ended() === undefined;
        if (!stale) return sent;
      }
    },
    /** Connects and logs in; throws what went wrong. */
    async probe(server: ResolvedServer, timeouts: Timeouts, deadline: Deadline): Promise<void> {
      (await start(server, timeouts, deadline)).connection.close();
    },
    close(): void {
      for (const session of [...idle.values()].flat()) clearTimeout(session.idle);
      idle.clear();
      for (const session of open) session.connection.close();
    },
  };
}

export type SmtpSessions = ReturnType<typeof createSmtpSessions>;

function takeIdle(idle: Map<string, Session[]>, key: string): Session | undefined {
  const kept = idle.get(key) ?? [];
  // The last one used first: what is not needed grows old and goes.
  for (let session = kept.pop(); session !== undefined; session = kept.pop()) {
    clearTimeout(session.idle);
    if (!session.closed) return session;
  }
  return undefined;
}

function keepIdle(idle: Map<string, Session[]>, key: string, session: Session): void {
  const kept = (idle.get(key) ?? []).filter((one) => !one.closed);
  idle.set(key, kept);
  if (kept.length >= maxIdle) return session.connection.quit();
  kept.push(session);
  session.idle = setTimeout(() => {
    idle.set(
      key,
      (idle.get(key) ?? []).filter((one) => one !== session),
    );
    session.connection.quit();
  }, idleMs).unref();
}

// A rotated password must open a new session; the password itself is no key to keep.
function sessionKey(server: ResolvedServer): string {
  return createHash('sha256').update(JSON.stringify(server)).digest('base64');
}

function answerless(error: unknown): boolean {
  return typeof (error as { responseCode?: unknown } | undefined)?.responseCode !== 'number';
}
