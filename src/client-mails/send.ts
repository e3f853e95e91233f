// Sends queued client mails one after the other, until the mail server has accepted each.
// Invariant: a mail is claimed before it leaves, leaves under that claim's lease alone, and is settled after; only a crash between the
// two can send it again, under the same Message-ID. An unsent mail raises an alert.
import type { NetworkPolicy } from '../../connectors/contract.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raiseAlerts } from '../store/alerts.ts';
import {
  claimClientMail,
  clientMailFailed,
  clientMailLeaseSeconds,
  clientMailSent,
  takeUnsent,
  type ClaimedMail,
} from '../store/client-mails.ts';
import { isStoreTrouble, type Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { closeAlertsWith } from '../store/tasks.ts';
import { letterOf, type MailSettings } from './letter.ts';
import { isMailbox } from './queue.ts';
import { sendLetter, type MailResult } from './transport.ts';

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
    const result = await sendTo(options, { mail, claimed, to, startedAt });
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
  {
    mail,
    claimed,
    to,
    startedAt,
  }: {
    readonly mail: MailSettings;
    readonly claimed: ClaimedMail;
    readonly to: string | undefined;
    readonly startedAt: number;
  },
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
    await appendHandovers(tx, [
      {
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
      },
    ]);
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
