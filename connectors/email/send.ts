// Sends a parcel as one mail, or reaches the mail server without one.
// Invariant: only authorised mailboxes; a server's yes proves no reading, and a yes to a part is no clean success.
import type { Evidence, Outcome, Parcel, SendContext, Tested } from '../contract.ts';
import { bareHost, startDeadline, textRecords } from '../guard.ts';
import { checkRecord, dkimKeyOf, recordName, signed } from './dkim.ts';
import { letterOf, mimeOf } from './message.ts';
import { replyCode, smtpOutcome } from './reply.ts';
import type { SmtpSent } from './session.ts';
import { serverOf } from './server.ts';
import { bareMailbox, mailboxesOf } from './settings.ts';
import type { EmailSettings } from './settings.ts';
import type { SmtpSessions } from './smtp.ts';

export async function sendEmail(
  sessions: SmtpSessions,
  parcel: Parcel,
  settings: EmailSettings,
  context: SendContext,
): Promise<Outcome> {
  if (parcel.items.length !== 1) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const refused = refusal(mailboxesOf(settings), context);
  if (refused !== undefined) return refused;
  const server = serverOf(settings, context.secret);
  if (!server.ok) return { kind: 'unauthorized', reason: server.reason };
  const dkim = dkimKeyOf(settings.dkim, context.secret);
  if (!dkim.ok) return { kind: 'unauthorized', reason: dkim.reason };
  const letter = letterOf(parcel, settings);
  const plain = await mimeOf(letter);
  const bytes = dkim.key === undefined ? plain : await signed(plain, dkim.key);
  const deadline = startDeadline(context.timeouts.totalMs, context.signal);
  try {
    const envelope = { from: bareMailbox(letter.from), to: [...letter.to, ...letter.cc] };
    const sent = await sessions.send(server.server, envelope, bytes, context.timeouts, deadline);
    return outcomeOf(sent, { host: bareHost(server.server.host), durationMs: deadline.elapsedMs() });
  } finally {
    deadline.clear();
  }
}

function outcomeOf(sent: SmtpSent, seen: Evidence): Outcome {
  if (!sent.ok) return smtpOutcome(sent.error, sent.contentStarted, seen);
  const status = replyCode(sent.reply);
  const evidence = {
    ...seen,
    ...(status === undefined ? {} : { status }),
    answerBytes: sent.reply.length,
  };
  return sent.rejected.length > 0 ? partly(sent.rejected, evidence) : { kind: 'unconfirmed', evidence };
}

/** Connects, logs in, and compares the key that signs with the one in DNS. */
export async function testEmail(
  sessions: SmtpSessions,
  settings: EmailSettings,
  context: SendContext,
  nameServers: readonly string[] | undefined,
): Promise<Tested> {
  const refused = refusal(mailboxesOf(settings), context);
  if (refused !== undefined) return refused;
  const server = serverOf(settings, context.secret);
  if (!server.ok) return { kind: 'unauthorized', reason: server.reason };
  const dkim = dkimKeyOf(settings.dkim, context.secret);
  if (!dkim.ok) return { kind: 'unauthorized', reason: dkim.reason };
  const deadline = startDeadline(context.timeouts.totalMs, context.signal);
  const seen = (): Evidence => ({ host: bareHost(server.server.host), durationMs: deadline.elapsedMs() });
  try {
    await sessions.probe(server.server, context.timeouts, deadline);
    if (dkim.key === undefined) return { kind: 'accepted', evidence: seen() };
    const { reason, note } = checkRecord(dkim.key, await textRecords(recordName(dkim.key), nameServers));
    return reason === undefined
      ? { kind: 'accepted', notes: [note], evidence: seen() }
      : { kind: 'invalid', reason, notes: [note], evidence: seen() };
  } catch (error) {
    return smtpOutcome(error, false, seen());
  } finally {
    deadline.clear();
  }
}

function refusal(mailboxes: readonly string[], context: SendContext): Outcome | undefined {
  const allowed = new Set(context.allowedTargets.map((target) => target.toLowerCase()));
  return mailboxes.every((mailbox) => allowed.has(mailbox))
    ? undefined
    : { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
}

/** Some mailboxes took the mail, some did not: neither silence nor a clean success would be true. */
function partly(rejected: readonly number[], evidence: Evidence): Outcome {
  const temporary = rejected.find((code) => code < 500);
  if (temporary !== undefined)
    return { kind: 'unavailable', reason: `SMTP_${temporary}_PARTLY`, maybeReceived: true, evidence };
  return { kind: 'refused', reason: `SMTP_${rejected[0] ?? 550}_PARTLY`, evidence };
}
