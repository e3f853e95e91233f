// The email connector: one delivery, one mail with a lead sheet, taken by the server or not.
// Invariant: only authorised mailboxes; TLS always, unless the operator allowed plaintext; a server's yes proves no reading.
import { defineConnector } from '../contract.ts';
import type { Evidence, Outcome, Parcel, SendContext } from '../contract.ts';
import { bareHost, startDeadline } from '../guard.ts';
import { emailDrafting } from './draft.ts';
import { composeEmail, letterOf, mimeOf } from './message.ts';
import { replyCode, smtpOutcome } from './reply.ts';
import {
  bareMailbox,
  checkEmailSettings,
  emailPlaces,
  emailSecretNames,
  emailSettingsSchema,
  mailboxesOf,
  serverOf,
} from './settings.ts';
import type { EmailSettings } from './settings.ts';
import { emailSigned } from './sign.ts';
import { createSmtpSessions } from './smtp.ts';
import type { SmtpSessions } from './smtp.ts';
import { emailStandIn } from './stand-in.ts';

export function createEmailConnector() {
  const byPolicy = new Map<string, SmtpSessions>();
  const sessionsFor = (context: SendContext): SmtpSessions => {
    const key = JSON.stringify(context.network);
    const sessions = byPolicy.get(key) ?? createSmtpSessions(context.network);
    byPolicy.set(key, sessions);
    return sessions;
  };

  async function send(parcel: Parcel, settings: EmailSettings, context: SendContext): Promise<Outcome> {
    if (parcel.items.length !== 1) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
    const mailboxes = mailboxesOf(settings);
    const refused = refusal(mailboxes, context);
    if (refused !== undefined) return refused;
    const server = serverOf(settings, context.secret);
    if (!server.ok) return { kind: 'unauthorized', reason: server.reason };
    const letter = letterOf(parcel, settings);
    const bytes = await mimeOf(letter);
    const deadline = startDeadline(context.timeouts.totalMs, context.signal);
    try {
      const envelope = { from: bareMailbox(letter.from), to: [...letter.to, ...letter.cc] };
      const sent = await sessionsFor(context).send(
        server.server,
        envelope,
        bytes,
        context.timeouts,
        deadline,
      );
      const seen: Evidence = { host: bareHost(server.server.host), durationMs: deadline.elapsedMs() };
      if (!sent.ok) return smtpOutcome(sent.error, sent.contentStarted, seen);
      const status = replyCode(sent.reply);
      const evidence = {
        ...seen,
        ...(status === undefined ? {} : { status }),
        answerBytes: sent.reply.length,
      };
      return sent.rejected.length > 0 ? partly(sent.rejected, evidence) : { kind: 'unconfirmed', evidence };
    } finally {
      deadline.clear();
    }
  }

  async function test(settings: EmailSettings, context: SendContext): Promise<Outcome> {
    const refused = refusal(mailboxesOf(settings), context);
    if (refused !== undefined) return refused;
    const server = serverOf(settings, context.secret);
    if (!server.ok) return { kind: 'unauthorized', reason: server.reason };
    const deadline = startDeadline(context.timeouts.totalMs, context.signal);
    try {
      await sessionsFor(context).probe(server.server, context.timeouts, deadline);
      return {
        kind: 'accepted',
        evidence: { host: bareHost(server.server.host), durationMs: deadline.elapsedMs() },
      };
    } catch (error) {
      return smtpOutcome(error, false, {
        host: bareHost(server.server.host),
        durationMs: deadline.elapsedMs(),
      });
    } finally {
      deadline.clear();
    }
  }

  return defineConnector<EmailSettings>({
    type: 'email',
    label: 'Email (SMTP)',
    settingsSchema: emailSettingsSchema,
    settingsKey: 'send',
    addressKey: 'to',
    actions: ['create', 'update', 'erase'],
    maxItems: 1,
    makesCalls: false,
    formats: ['none', 'csv', 'xml', 'json'],
    sheet: true,
    answers: 'connector',
    protocol: 'smtp',
    targetKind: 'mailboxes',
    noFinancial: 'mail',
    check: checkEmailSettings,
    targets: mailboxesOf,
    places: emailPlaces,
    secretNames: emailSecretNames,
    words: emailSigned,
    drafting: emailDrafting,
    standIn: emailStandIn,
    compose: composeEmail,
    send,
    test,
    async close() {
      for (const sessions of byPolicy.values()) sessions.close();
      byPolicy.clear();
      await Promise.resolve();
    },
  });
}

export const email = createEmailConnector();

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
