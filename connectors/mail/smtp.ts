// Keeps SMTP sessions: opens one on demand, reuses it for the next mail, closes it when idle.
// Invariant: a mail is sent again only where nothing of it was sent. nodemailer's own pool sends a mail again by itself
// when a connection closes and does not report the step, so sessions are kept here instead.
import { createHash } from 'node:crypto';
import type { NetworkPolicy, Timeouts } from '../contract.ts';
import type { Deadline } from '../guard.ts';
import { openSession, sendThrough, type Envelope, type SmtpSent, type Session } from './session.ts';
import type { ResolvedServer } from './server.ts';

/** Sessions kept for each server: as many as mails are sent at once, or each mail would cost a handshake and a login. */
const maxIdle = 50;
/** Idle time after which a session is closed, ms: servers count connections, and close idle ones after minutes. */
const idleMs = 10_000;

export function createSmtpSessions(network: NetworkPolicy) {
  const idle = new Map<string, Session[]>();
  const open = new Set<Session>();
  const start = (server: ResolvedServer, timeouts: Timeouts, deadline: Deadline): Promise<Session> =>
    openSession({ server, network, timeouts, deadline }, (session) => {
      open.add(session);
      session.connection.once('end', () => open.delete(session));
    });

  return {
    async send(
      server: ResolvedServer,
      envelope: Envelope,
      bytes: Buffer,
      timeouts: Timeouts,
      deadline: Deadline,
    ): Promise<SmtpSent> {
      const key = sessionKey(server);
      for (;;) {
        const kept = takeIdle(idle, key);
        let session: Session;
        try {
          session = kept ?? (await start(server, timeouts, deadline));
        } catch (error) {
          return { ok: false, error, contentStarted: false, rejected: [] };
        }
        const sent = await sendThrough(session, envelope, bytes, deadline);
        if (sent.ok && !session.closed) keepIdle(idle, key, session);
        // The server may have closed a kept session meanwhile; nothing was sent, so a new session may try.
        const stale =
          kept !== undefined &&
          !sent.ok &&
          !sent.contentStarted &&
          answerless(sent.error) &&
          deadline.ended() === undefined;
        if (!stale) return sent;
      }
    },
    /** Connects and logs in; throws the failure. */
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
  // The last used first: superfluous sessions become idle and are closed.
  for (let session = kept.pop(); session !== undefined; session = kept.pop()) {
    clearTimeout(session.idle);
    if (!session.closed) return session;
  }
  return undefined;
}

function keepIdle(idle: Map<string, Session[]>, key: string, session: Session): void {
  const kept = (idle.get(key) ?? []).filter((other) => !other.closed);
  idle.set(key, kept);
  if (kept.length >= maxIdle) return session.connection.quit();
  kept.push(session);
  session.idle = setTimeout(() => {
    idle.set(
      key,
      (idle.get(key) ?? []).filter((other) => other !== session),
    );
    session.connection.quit();
  }, idleMs).unref();
}

// A rotated password must open a new session; the password itself is not kept as a key.
function sessionKey(server: ResolvedServer): string {
  return createHash('sha256').update(JSON.stringify(server)).digest('base64');
}

function answerless(error: unknown): boolean {
  return typeof (error as { responseCode?: unknown } | undefined)?.responseCode !== 'number';
}

/** Sessions for each network policy: a process has one or two. */
export function createMailCarrier() {
  const byPolicy = new Map<string, SmtpSessions>();
  return {
    sessions(network: NetworkPolicy): SmtpSessions {
      const key = JSON.stringify(network);
      const known = byPolicy.get(key) ?? createSmtpSessions(network);
      byPolicy.set(key, known);
      return known;
    },
    close(): void {
      for (const sessions of byPolicy.values()) sessions.close();
      byPolicy.clear();
    },
  };
}
