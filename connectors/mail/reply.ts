// Turns an SMTP server's reply, or a broken session, into an outcome. Pure.
// Invariant: only the three digits are kept, never the server's text; without a reply after the content began to be sent,
// the outcome is unknown.
import type { Evidence, Outcome } from '../contract.ts';
import { connectCodeOf, connectFailureOf, endingOf, needsRepair } from '../guard.ts';

interface SmtpError {
  readonly code?: unknown;
  readonly responseCode?: unknown;
  readonly command?: unknown;
  /** The server's reply. */
  readonly response?: unknown;
}

export function replyCode(text: unknown): number | undefined {
  const digits = typeof text === 'string' ? /^(\d{3})/.exec(text)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

export function smtpOutcome(error: unknown, contentStarted: boolean, seen: Evidence): Outcome {
  const { code, responseCode, command, response } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as SmtpError;
  if (typeof responseCode === 'number' && responseCode >= 400 && responseCode < 600) {
    return refusal(responseCode, stepOf(code, command, contentStarted), { ...seen, status: responseCode });
  }
  if (contentStarted) return { kind: 'unknown', reason: endingOf(error) ?? lostReason(code), evidence: seen };
  const guarded = connectFailureOf(error);
  if (guarded !== undefined) return unreached(guarded, seen);
  const ending = endingOf(error);
  if (ending !== undefined)
    return { kind: 'unavailable', reason: ending, maybeReceived: false, evidence: seen };
  switch (code) {
    case 'EAUTH':
      return { kind: 'unauthorized', reason: 'SMTP_AUTH', evidence: seen };
    // Reported before sending: the message is larger than the server takes.
    case 'EMESSAGE':
      return { kind: 'invalid', reason: 'MESSAGE_TOO_LARGE', evidence: seen };
    case 'EENVELOPE':
      // The server sent text that is no reply: the fault is the server's, not the mailboxes'.
      if (typeof response === 'string' && response !== '')
        return { kind: 'unavailable', reason: 'ANSWER_UNREADABLE', maybeReceived: false, evidence: seen };
      return { kind: 'invalid', reason: 'ENVELOPE_MALFORMED', evidence: seen };
    case 'ETIMEDOUT':
      return { kind: 'unavailable', reason: 'RESPONSE_TIMEOUT', maybeReceived: false, evidence: seen };
    default:
      return unreached(connectCodeOf(error), seen);
  }
}

function unreached(code: ReturnType<typeof connectCodeOf>, seen: Evidence): Outcome {
  if (needsRepair(code)) return { kind: 'unauthorized', reason: code, evidence: seen };
  return { kind: 'unavailable', reason: code, maybeReceived: false, evidence: seen };
}

type Step = 'greeting' | 'tls' | 'login' | 'sender' | 'recipient' | 'content';

function stepOf(code: unknown, command: unknown, contentStarted: boolean): Step {
  if (code === 'EAUTH') return 'login';
  if (contentStarted || command === 'DATA') return 'content';
  if (command === 'STARTTLS') return 'tls';
  if (command === 'MAIL FROM') return 'sender';
  return command === 'RCPT TO' ? 'recipient' : 'greeting';
}

function refusal(status: number, step: Step, evidence: Evidence): Outcome {
  const reason = `SMTP_${status}`;
  // A temporary refusal: the server has not taken the mail.
  if (status < 500) return { kind: 'unavailable', reason, maybeReceived: false, evidence };
  if ([530, 534, 535, 538].includes(status)) return { kind: 'unauthorized', reason, evidence };
  switch (step) {
    case 'login':
      return { kind: 'unauthorized', reason, evidence };
    case 'tls':
      // The server has no STARTTLS: continuing in clear is not permitted.
      return { kind: 'unauthorized', reason: 'TLS_REFUSED', evidence };
    case 'greeting':
      return { kind: 'unavailable', reason, maybeReceived: false, evidence };
    case 'sender':
      // 552: the announced size. Any other refusal here would apply to every mail of this destination.
      return status === 552
        ? { kind: 'invalid', reason, evidence }
        : { kind: 'unauthorized', reason, evidence };
    case 'recipient':
      return { kind: 'refused', reason, evidence };
    case 'content':
      return status === 552 || status === 554
        ? { kind: 'invalid', reason, evidence }
        : { kind: 'refused', reason, evidence };
  }
}

function lostReason(code: unknown): string {
  return code === 'ETIMEDOUT' ? 'RESPONSE_TIMEOUT' : 'CONNECTION_RESET';
}
