// Sends a parcel as one mail, or tests the mail server without one.
// Invariant: only authorised mailboxes; the server's acceptance proves no reading, and a partial acceptance is no success.
import type { Evidence, Outcome, Parcel, SendContext, Tested } from '../contract.ts';
import { bareHost, startDeadline, textRecords } from '../guard.ts';
import { checkRecord, dkimKeyOf, recordName, signed, type DkimKey } from '../mail/dkim.ts';
import { letterOf, mimeOf, openMailboxes } from './message.ts';
import { pgpKeysOf, type PgpKeys } from '../openpgp.ts';
import { encrypted } from './openpgp.ts';
import { providerHeaders } from '../mail/provider-headers.ts';
import { replyCode, smtpOutcome } from '../mail/reply.ts';
import type { Envelope, Rejected, SmtpSent } from '../mail/session.ts';
import { serverOf, type ResolvedServer } from '../mail/server.ts';
import { mailboxesOf, returnAddress, type EmailSettings } from './settings.ts';
import type { SmtpSessions } from '../mail/smtp.ts';

export async function sendEmail(
  sessions: SmtpSessions,
  parcel: Parcel,
  settings: EmailSettings,
  context: SendContext,
): Promise<Outcome> {
  if (parcel.items.length !== 1) return { kind: 'invalid', reason: 'ONE_ITEM_EXPECTED' };
  const open = openMailboxes(parcel, settings);
  // All remaining mailboxes have it: one that refused it was removed from the file.
  if (open.length === 0) return { kind: 'duplicate' };
  const refused = refusal(open, context);
  if (refused !== undefined) return refused;
  const ready = await readyFor(settings, context);
  if (!ready.ok) return { kind: 'unauthorized', reason: ready.reason };
  const { server, dkim, pgp, at } = ready;
  const letter = letterOf(parcel, settings);
  const clear = await mimeOf(letter, providerHeaders(server.host, letter.messageId));
  const plain = pgp === undefined ? clear : await encrypted(clear, pgp, at);
  const bytes = dkim === undefined ? plain : signed(plain, dkim);
  const deadline = startDeadline({ ...context, totalMs: context.timeouts.totalMs });
  try {
    const envelope = envelopeOf(parcel, settings, context, open);
    const sent = await sessions.send(server, envelope, bytes, context.timeouts, deadline);
    const seen = { host: bareHost(server.host), durationMs: deadline.elapsedMs() };
    return outcomeOf(sent, { open, isRest: open.length < mailboxesOf(settings).length }, seen);
  } finally {
    deadline.clear();
  }
}

type Ready =
  | {
      readonly ok: true;
      readonly server: ResolvedServer;
      readonly dkim: DkimKey | undefined;
      readonly pgp: PgpKeys | undefined;
      readonly at: Date;
    }
  | { readonly ok: false; readonly reason: string };

/** The server and keys of a mail, or the reason why none may be sent. */
async function readyFor(settings: EmailSettings, { secret, now }: SendContext): Promise<Ready> {
  const server = serverOf(settings.smtp, secret);
  if (!server.ok) return server;
  const dkim = dkimKeyOf(settings.dkim, secret);
  if (!dkim.ok) return dkim;
  const at = new Date(now());
  const found = { ok: true, server: server.server, dkim: dkim.key, at } as const;
  if (settings.openpgp === undefined) return { ...found, pgp: undefined };
  const pgp = await pgpKeysOf(settings.openpgp, secret, at);
  return pgp.ok ? { ...found, pgp: pgp.keys } : pgp;
}

function envelopeOf(
  { items: [item] }: Parcel,
  settings: EmailSettings,
  { returnTag }: SendContext,
  to: readonly string[],
): Envelope {
  const tag = item === undefined || returnTag === undefined ? 'none' : returnTag(item);
  return { from: returnAddress(settings, tag), to, reports: settings.returnPath !== undefined };
}

/** Mailboxes it is sent to, in lower case; `isRest`: others took it in an earlier attempt. */
interface Addressed {
  readonly open: readonly string[];
  readonly isRest: boolean;
}

function outcomeOf(sent: SmtpSent, addressed: Addressed, seen: Evidence): Outcome {
  const targets = targetsOf(sent, addressed);
  if (!sent.ok) {
    const evidence = { ...seen, ...targets };
    // Since others have it, a refusal concerns the remaining mailboxes, not the server.
    return addressed.isRest && sent.rejected.length > 0
      ? partly(sent.rejected, evidence)
      : smtpOutcome(sent.error, sent.contentStarted, evidence);
  }
  const status = replyCode(sent.reply);
  const evidence = {
    ...seen,
    ...(status === undefined ? {} : { status }),
    answerBytes: sent.reply.length,
    ...targets,
  };
  return sent.rejected.length > 0 ? partly(sent.rejected, evidence) : { kind: 'unconfirmed', evidence };
}

/** Longest target of a log entry; the mailboxes of a longer list are logged one by one. */
const longestTarget = 200;

/** The result by mailbox, where one outcome does not describe all of them. */
function targetsOf(sent: SmtpSent, { open, isRest }: Addressed): Pick<Evidence, 'targets'> {
  const isPlain = sent.ok
    ? sent.rejected.length === 0 && !isRest && open.join(', ').length <= longestTarget
    : sent.rejected.length === 0 || (open.length === 1 && !isRest);
  if (isPlain) return {};
  const codes = new Map(sent.rejected.map(({ mailbox, code }) => [mailbox.toLowerCase(), code]));
  const status = sent.ok ? replyCode(sent.reply) : undefined;
  return {
    targets: open.map((target) => {
      const code = codes.get(target) ?? status;
      return {
        target,
        taken: sent.ok && !codes.has(target),
        ...(code === undefined ? {} : { status: code }),
      };
    }),
  };
}

/** Connects, logs in, and compares the signing key with the one in DNS. */
export async function testEmail(
  sessions: SmtpSessions,
  settings: EmailSettings,
  context: SendContext,
  nameServers: readonly string[] | undefined,
): Promise<Tested> {
  const refused = refusal(mailboxesOf(settings), context);
  if (refused !== undefined) return refused;
  const ready = await readyFor(settings, context);
  if (!ready.ok) return { kind: 'unauthorized', reason: ready.reason };
  const { server, dkim } = ready;
  const deadline = startDeadline({ ...context, totalMs: context.timeouts.totalMs });
  const seen = (): Evidence => ({ host: bareHost(server.host), durationMs: deadline.elapsedMs() });
  try {
    await sessions.probe(server, context.timeouts, deadline);
    if (dkim === undefined) return { kind: 'accepted', evidence: seen() };
    const { reason, note } = checkRecord(dkim, await textRecords(recordName(dkim), nameServers));
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

/** Some mailboxes have the mail, some do not: the outcome is neither a failure nor a plain success. */
function partly(rejected: readonly Rejected[], evidence: Evidence): Outcome {
  const codes = rejected.map(({ code }) => code);
  const temporary = codes.find((code) => code < 500);
  const reason = `SMTP_${temporary ?? codes[0] ?? 550}_PARTLY`;
  return temporary === undefined
    ? { kind: 'refused', reason, partly: true, evidence }
    : { kind: 'unavailable', reason, partly: true, maybeReceived: true, evidence };
}
