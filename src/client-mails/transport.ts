// One letter through the operator's mail server, over a guarded socket; nodemailer speaks the protocol.
// Invariant: TLS always, unless the operator allowed plaintext; of what the server says only its code is kept.
import type SMTPTransport from 'nodemailer/lib/smtp-transport';
import type { NetworkPolicy } from '../../connectors/contract.ts';
import { connectFailureOf, guardOf } from '../../connectors/guard.ts';
import type { Letter } from './letter.ts';

export type MailResult =
  | { readonly sent: true; readonly bytes: number }
  /** `server`: it speaks of the mail server, not of this mail. */
  | { readonly sent: false; readonly reason: string; readonly server: boolean };

/** All of connecting, logging in and sending; less than the lease of a mail. */
const totalMs = 45_000;
const connectMs = 10_000;

export async function sendLetter(
  smtpUrl: string,
  letter: Letter,
  network: NetworkPolicy,
): Promise<MailResult> {
  // A planner begins without it, and most have no mail to send.
  const { createTransport } = await import('nodemailer');
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (secure ? 465 : 587);
  const guard = guardOf(network);
  const signal = AbortSignal.timeout(totalMs);
  const auth = {
    user: decodeURIComponent(url.username),
    pass: decodeURIComponent(url.password),
  };
  const options: SMTPTransport.Options = {
    host,
    port,
    secure,
    ...(auth.user === '' ? {} : { auth }),
    requireTLS: !secure && !network.allowPlaintext,
    tls: { secureContext: guard.secureContext(), rejectUnauthorized: true },
    greetingTimeout: connectMs,
    socketTimeout: totalMs,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_options, done) => {
      const to = { host, port, timeoutMs: connectMs, signal };
      (secure ? guard.connectTls(to) : guard.connect(to)).then(
        (connection) => done(null, { connection, secured: secure }),
        (error: unknown) => done(error instanceof Error ? error : new Error('connection'), false),
      );
    },
  };
  try {
    const { headers, ...rest } = { ...letter, headers: automatic };
    const sent = await createTransport(options).sendMail({
      ...rest,
      attachments: [...letter.attachments],
      headers,
      newline: 'win',
      ...({ signal } as object),
    });
    return { sent: true, bytes: sent.messageSize ?? 0 };
  } catch (error) {
    return { sent: false, ...failureOf(error) };
  }
}

/** No automatic answer is wanted. */
const automatic = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' };

function failureOf(error: unknown): { readonly reason: string; readonly server: boolean } {
  const guarded = connectFailureOf(error);
  if (guarded !== undefined) return { reason: guarded, server: true };
  const { responseCode, command, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly responseCode?: unknown;
    readonly command?: unknown;
    readonly code?: unknown;
  };
  const ofMail = command === 'RCPT TO' || command === 'DATA' || code === 'EENVELOPE' || code === 'EMESSAGE';
  if (typeof responseCode === 'number') return { reason: `SMTP_${responseCode}`, server: !ofMail };
  return {
    reason: typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'NOT_SENT',
    server: !ofMail,
  };
}
