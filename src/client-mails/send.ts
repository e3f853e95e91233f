// Sends queued client mails one after the other, until the mail server has accepted each.
// Invariant: a mail is claimed before it leaves, leaves under that claim's lease alone, and is settled after; only a crash between the
// two can send it again, under the same Message-ID. An unsent mail raises an alert.
import type { NetworkPolicy } from '../../connectors/contract.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import {
  claimClientMail,
  clientMailFailed,
  clientMailLeaseSeconds,
  clientMailSent,
  takeUnsent,
  type ClaimedMail,
} from '../store/alerts/client-mails.ts';
import { isStoreTrouble, type Database } from '../store/database.ts';
import { findClient } from '../store/destinations/destinations.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { closeAlertsWith } from '../store/alerts/tasks.ts';
import { isMailbox } from './queue.ts';
import { connectFailureOf, endingOf, startDeadline } from '../../connectors/guard.ts';
import { bareMailbox } from '../../connectors/mail/addresses.ts';
import { type Mail, mailBytes } from '../../connectors/mail/mime.ts';
import { serverOf } from '../../connectors/mail/server.ts';
import { createSmtpSessions } from '../../connectors/mail/smtp.ts';

export interface ClientMailOptions {
  readonly database: Database;
  /** Undefined: no mail can leave, and waiting mails raise an alert. */
  readonly mail: MailSettings | undefined;
  readonly network: NetworkPolicy;
  readonly log: Log;
  /** Minutes that a mail may stay unsent before the alert. */
  readonly unsentMinutes?: number;
}

const mostARound = 50;
const defaultUnsentMinutes = 60;

/** Returns how many were sent. */
export async function sendClientMails(options: ClientMailOptions): Promise<number> {
  const { database, mail } = options;
  await alertUnsent(options);
  if (mail === undefined) return 0;
  const domain = mail.from.replace(/^.*@([^<>@\s]+)>?\s*$/, '$1');
  let count = 0;
  for (let round = 0; round < mostARound; round += 1) {
    const startedAt = performance.now();
    const claimed = await database.transaction((tx) => claimClientMail(tx, domain));
    if (claimed === undefined) break;
    const result = await sendClaimed(options, mail, claimed, startedAt);
    if (result.sent) count += 1;
    // An unreachable mail server is unreachable for the others too; they keep their tries.
    else if (result.server) break;
  }
  return count;
}

async function sendClaimed(
  options: ClientMailOptions,
  mail: MailSettings,
  claimed: ClaimedMail,
  startedAt: number,
): Promise<MailResult> {
  const { database, log } = options;
  try {
    const to = await mailboxOf(database, claimed, mail);
    const result = await sendTo(options, mail, claimed, to, startedAt);
    if (result.sent) {
      await settle(database, claimed, to ?? '', result.bytes);
      log.info('client_mail.sent', { attempt: claimed.tries });
    } else await fail(options, claimed, result.reason);
    return result;
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    // A mail that fails is logged and tried again; the others leave.
    log.error('client_mail.failed', { code: 'BROKEN', reason: foreignCode(error) });
    await clientMailFailed(database, claimed, 'BROKEN');
    return { sent: false, reason: 'BROKEN', server: false };
  }
}

async function sendTo(
  { network }: ClientMailOptions,
  mail: MailSettings,
  claimed: ClaimedMail,
  to: string | undefined,
  startedAt: number,
): Promise<MailResult> {
  if (to === undefined) return { sent: false, reason: 'CONTACT_MISSING', server: false };
  if (!isMailbox(to)) return { sent: false, reason: 'MAILBOX_MALFORMED', server: false };
  // A clock that continues while the process is frozen, like the database's: the lease expires in both.
  const runs = (): boolean => performance.now() - startedAt < clientMailLeaseSeconds * 1_000;
  return sendLetter(mail.smtpUrl, letterOf(claimed, to, mail), network, runs);
}

/** The contact of the client's facts at departure: a corrected contact gets the mails that waited for the former one. */
async function mailboxOf(
  database: Database,
  { addressee, mailbox, clientId }: ClaimedMail,
  mail: MailSettings,
): Promise<string | undefined> {
  if (addressee === 'mailbox') return mailbox;
  if (addressee === 'dpo') return mail.dpoMailbox;
  return (await findClient(database, clientId))?.contacts.rights;
}

/** The hand-over log records which mail was sent to which mailbox, and nothing of its content. */
async function settle(database: Database, claimed: ClaimedMail, to: string, bytes: number): Promise<void> {
  await database.transaction(async (tx) => {
    await appendHandover(tx, {
      entry: 'mailed',
      clientId: claimed.clientId,
      actor: 'relais',
      purpose: claimed.key,
      connector: 'email',
      recipient: claimed.addressee,
      target: to,
      attempt: claimed.tries,
      bytes,
      outcome: 'unconfirmed',
    });
    await clientMailSent(tx, claimed.id, to);
    await closeAlertsWith(tx, 'client_mail_unsent', alertName(claimed.id));
  });
}

async function fail(
  { database, log }: ClientMailOptions,
  claimed: ClaimedMail,
  reason: string,
): Promise<void> {
  log.warn('client_mail.unsent', { code: reason, attempt: claimed.tries });
  await clientMailFailed(database, claimed, reason);
}

const alertName = (id: number): string => `mail_${id}`;

async function alertUnsent({
  database,
  unsentMinutes = defaultUnsentMinutes,
}: ClientMailOptions): Promise<void> {
  await database.transaction(async (tx) => {
    const rows = await takeUnsent(tx, unsentMinutes, 500);
    await raiseAlerts(
      tx,
      rows.map(({ id, clientId, reason }) => ({
        kind: 'client_mail_unsent' as const,
        clientId,
        reason: `${alertName(id)}:${reason || 'MAIL_NOT_CONFIGURED'}`,
      })),
    );
  });
}

// Writes a mail to a client as a letter: greeting, the officer's name and the mailbox for rights, in French (C59). Pure.
// Invariant: the same row under the same settings gives the same letter, Message-ID and date included.

interface MailSettings {
  readonly smtpUrl: string;
  readonly from: string;
  /** Name of the centre's data protection officer. */
  readonly dpoName: string;
  readonly dpoMailbox: string;
  /** Mailbox of prospects and clients for rights. */
  readonly rightsMailbox: string;
}

function letterOf(mail: ClaimedMail, to: string, settings: MailSettings): Mail {
  const attachments = JSON.parse(mail.attachments ?? '[]') as readonly {
    readonly name: string;
    readonly mediaType: string;
    readonly base64: string;
  }[];
  const paragraphs = JSON.parse(mail.body) as readonly string[];
  return {
    from: settings.from,
    to: [to],
    replyTo: settings.rightsMailbox,
    subject: mail.subject,
    messageId: mail.messageId,
    date: mail.createdAt,
    text: ['Bonjour,', ...paragraphs, closingOf(settings)].join('\n\n'),
    attachments: attachments.map(({ name, mediaType, base64 }) => ({
      name,
      mediaType,
      bytes: Buffer.from(base64, 'base64'),
    })),
    headers: {},
    boundary: `client_mail_${mail.id}`,
  };
}

/** The closing of every note and letter (C59). */
const closingOf = ({ dpoName, rightsMailbox }: Pick<MailSettings, 'dpoName' | 'rightsMailbox'>): string =>
  [
    '-- ',
    `Délégation à la protection des données (DPO) : ${dpoName}`,
    `Pour exercer les droits d’une personne ou poser une question à leur sujet : ${rightsMailbox}`,
    'Message envoyé automatiquement. Il ne contient ni nom ni coordonnées de prospect.',
  ].join('\n');

// Sends one letter through the operator's mail server, over the shared mail session.
// Invariant: TLS always, unless the operator allowed plaintext; no content leaves under a lost lease; of the server's answer
// only the code is kept.

type MailResult =
  | { readonly sent: true; readonly bytes: number }
  /** `server`: the failure is the mail server's, not this mail's. */
  | { readonly sent: false; readonly reason: string; readonly server: boolean };

/** Limit for connecting, logging in and sending; less than the lease of a mail. */
const totalMs = 45_000;
const timeouts = { connectMs: 10_000, responseMs: totalMs, totalMs };

/** @param mayLeave called right before the first byte of the content, after every wait */
async function sendLetter(
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
