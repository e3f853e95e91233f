// Sends one letter through the operator's mail server, over the shared mail session.
// Invariant: TLS always, unless the operator allowed plaintext; no content leaves under a lost lease; of the server's answer
// only the code is kept.
import type { NetworkPolicy } from '../../connectors/contract.ts';
import { connectFailureOf, endingOf, startDeadline } from '../../connectors/guard.ts';
import { bareMailbox } from '../../connectors/mail/addresses.ts';
import { mailBytes, type Mail } from '../../connectors/mail/mime.ts';
import { serverOf } from '../../connectors/mail/server.ts';
import { createSmtpSessions } from '../../connectors/mail/smtp.ts';

export type MailResult =
  | { readonly sent: true; readonly bytes: number }
  /** `server`: the failure is the mail server's, not this mail's. */
  | { readonly sent: false; readonly reason: string; readonly server: boolean };

/** Limit for connecting, logging in and sending; less than the lease of a mail. */
const totalMs = 45_000;
const timeouts = { connectMs: 10_000, responseMs: totalMs, totalMs };

/** @param mayLeave called right before the first byte of the content, after every wait */
export async function sendLetter(
  smtpUrl: string,
  letter: Mail,
  network: NetworkPolicy,
  mayLeave: () => boolean,
): Promise<MailResult> {
  const resolved = serverOf(smtpUrl, () => undefined);
  if (!resolved.ok) return { sent: false, reason: resolved.reason, server: true };
  const bytes = await mailBytes(letter);
  const envelope = { from: bareMailbox(letter.from), to: letter.to.map(bareMailbox) };
  const sessions = createSmtpSessions(network);
  const deadline = startDeadline({ totalMs, signal: new AbortController().signal, mayLeave });
  try {
    const sent = await sessions.send(resolved.server, envelope, bytes, timeouts, deadline);
    return sent.ok ? { sent: true, bytes: bytes.length } : { sent: false, ...failureOf(sent.error) };
  } finally {
    deadline.clear();
    sessions.close();
  }
}

function failureOf(error: unknown): { readonly reason: string; readonly server: boolean } {
  const ending = endingOf(error);
  if (ending !== undefined) return { reason: ending, server: ending !== 'LEASE_LOST' };
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
