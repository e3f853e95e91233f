// Queues a mail of the centre to a client in the transaction that it reports: both commit, or neither.
// Invariant: it names no prospect. Mail addresses and phone numbers are masked before it is stored, except the
// mailboxes that the client's contract names.
import { impersonalText } from '../domain/names-in-text.ts';
import { RelaisError } from '../errors.ts';
import { insertClientMail } from '../store/alerts/client-mails.ts';
import type { Sql } from '../store/database.ts';
import { findClient } from '../store/destinations/destinations.ts';

export const clientMailKinds = [
  'note',
  'request',
  'request_reminder',
  'recipient_request',
  'proof',
  'retention',
  'return',
  'day_seal',
] as const;
export type ClientMailKind = (typeof clientMailKinds)[number];

/**
 * `contact`: the client's designated contact (client.yaml, contacts.rights) at departure; `dpo`: the mailbox of the
 * centre's officer; a mailbox: a recipient of the client's, never a prospect's.
 */
export type Addressee = 'contact' | 'dpo' | { readonly mailbox: string };

export interface MailAttachment {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface ClientMail {
  readonly clientId: string;
  readonly kind: ClientMailKind;
  /** Unique among the client's mails: `note-12`, `request-3-day-14`. A second mail with the same key is not sent. */
  readonly key: string;
  /** Each gets a mail of its own, so that one unreachable mailbox delays no other. */
  readonly to: readonly Addressee[];
  /** French, one line. */
  readonly subject: string;
  /** French. The greeting, the officer's name and the mailbox for rights are added when it leaves (C59). */
  readonly paragraphs: readonly string[];
  readonly attachments?: readonly MailAttachment[];
  /** Mailboxes that the client's contract named until this change: not masked either. */
  readonly formerMailboxes?: readonly string[];
}

const mostAttached = 5 * 1024 * 1024;

/** Returns the numbers of the mails. @throws INTERNAL-001 when the caller's values cannot be a mail */
export async function queueClientMail(tx: Sql, mail: ClientMail): Promise<readonly number[]> {
  refuseUnfit(mail);
  const known = await contractMailboxes(tx, mail.clientId, mail.formerMailboxes);
  const clean = (text: string): string => impersonalText(text.toWellFormed(), known);
  const ids: number[] = [];
  for (const to of mail.to)
    ids.push(
      await insertClientMail(tx, {
        clientId: mail.clientId,
        kind: mail.kind,
        key: mail.key,
        addressee: typeof to === 'string' ? to : 'mailbox',
        mailbox: typeof to === 'string' ? '' : to.mailbox,
        subject: clean(mail.subject.replaceAll(/\s+/g, ' ').trim()).slice(0, 200),
        body: JSON.stringify(mail.paragraphs.map(clean)),
        attachments: attachmentsText(mail.attachments),
      }),
    );
  return ids;
}

/** Mailboxes that the client's contract names, in lower case: they are not personal. */
export async function contractMailboxes(
  sql: Sql,
  clientId: string,
  former: readonly string[] = [],
): Promise<ReadonlySet<string>> {
  const facts = await findClient(sql, clientId);
  return new Set(
    [...former, ...(facts?.mailboxes ?? []), ...Object.values(facts?.contacts ?? {})]
      .filter((mailbox) => typeof mailbox === 'string')
      .map((mailbox) => mailbox.toLowerCase()),
  );
}

function refuseUnfit({ key, to, attachments = [] }: ClientMail): void {
  const size = attachments.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const wrong = !/^[a-z0-9][a-z0-9._-]{0,79}$/.test(key)
    ? `the key "${key.slice(0, 20)}"`
    : to.some((one) => typeof one !== 'string' && !isMailbox(one.mailbox))
      ? 'an addressee that is no mailbox'
      : size > mostAttached
        ? `${size} bytes of attachments`
        : undefined;
  if (wrong !== undefined) throw new RelaisError('INTERNAL-001', `A mail to a client has ${wrong}.`);
}

/** True for a bare mailbox, without anything that could end a header or name a second one. */
export const isMailbox = (text: string): boolean =>
  text.length <= 254 && /^[^\s@<>,;:"()\\]+@[^\s@<>,;:"()\\]+$/.test(text);

const attachmentsText = (attachments: readonly MailAttachment[] | undefined): string | null =>
  attachments === undefined || attachments.length === 0
    ? null
    : JSON.stringify(
        attachments.map(({ name, mediaType, bytes }) => ({
          name: name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 100),
          mediaType,
          base64: Buffer.from(bytes).toString('base64'),
        })),
      );
