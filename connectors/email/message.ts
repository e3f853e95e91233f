// Turns a parcel into one mail: subject, text, HTML, attachment, headers. Pure but for building the MIME bytes.
// Invariant: the same parcel gives the same bytes (Message-ID, Date and boundaries included), and no field can add a header.
import type { Composed, Parcel } from '../contract.ts';
import { masked } from '../guard.ts';
import { dkimHead } from '../mail/dkim.ts';
import { readingPlace } from './notice.ts';
import { shownKeys } from '../openpgp.ts';
import { mailBytes, type Attachment } from '../mail/mime.ts';
import { oneLine } from '../mail/text.ts';
import { renderHtml, renderText, type SheetPage } from './render.ts';
import { domainOf, listOf } from '../mail/addresses.ts';
import { mailboxesOf, type EmailSettings } from './settings.ts';
import { wordsFor } from './words.ts';

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly replyTo?: string;
  readonly subject: string;
  readonly messageId: string;
  readonly date: Date;
  readonly key: string;
  readonly text: string;
  readonly html: string;
  readonly attachment?: Attachment;
}

export function letterOf(parcel: Parcel, settings: EmailSettings): Letter {
  const language = settings.language ?? 'fr';
  const item = parcel.items[0];
  const key = item?.key ?? 'none';
  // Changed content gets a new id: mail systems silently drop a second message with the same one.
  const sent = item?.idempotencyKey ?? key;
  const attachment =
    (settings.attachment ?? 'none') === 'none' || parcel.body.bytes.length === 0
      ? undefined
      : {
          name: `${(item?.leadReference ?? 'lead').replaceAll(/[^A-Za-z0-9._-]/g, '_')}.${parcel.body.extension.replaceAll(/[^A-Za-z0-9]/g, '')}`,
          mediaType: oneLine(parcel.body.mediaType),
          bytes: parcel.body.bytes,
        };
  const readAt = readingPlace(settings, parcel);
  const page: SheetPage = {
    language,
    words: wordsFor(language, parcel),
    parcel,
    ...(attachment === undefined ? {} : { attachmentName: attachment.name }),
    readAt,
  };
  const domain = domainOf(settings.from);
  return {
    from: oneLine(settings.from),
    to: listOf(settings.to).map(oneLine),
    cc: listOf(settings.cc).map(oneLine),
    ...(settings.replyTo === undefined ? {} : { replyTo: oneLine(settings.replyTo) }),
    subject: subjectOf(parcel, settings),
    messageId: `<${sent.replaceAll(/[^A-Za-z0-9._-]/g, '_')}@${domain}>`,
    date: parcel.writtenAt,
    key,
    text: renderText(page),
    html: renderHtml(page),
    attachment,
  };
}

/** One line, without personal data; an update or erasure is named even when the template does not. */
export function subjectOf(parcel: Parcel, settings: EmailSettings): string {
  const said = wordsFor(settings.language ?? 'fr', parcel).action[parcel.action];
  const template =
    settings.subject ??
    (parcel.title === undefined ? '{action} {leadReference}' : '{action} {leadReference} - {title}');
  const values: Readonly<Record<string, string | undefined>> = {
    clientName: parcel.clientName,
    title: parcel.title ?? '',
    leadReference: parcel.items[0]?.leadReference,
    action: said,
  };
  const filled = template.replaceAll(/\{([A-Za-z]+)\}/g, (whole, name: string) => values[name] ?? whole);
  const prefix = parcel.action === 'create' || template.includes('{action}') ? '' : `${said} - `;
  return oneLine(prefix + filled).slice(0, 200);
}

/** @param headers of the mail provider */
export const mimeOf = (
  { attachment, key, ...letter }: Letter,
  headers: Readonly<Record<string, string>> = {},
): Promise<Buffer> =>
  mailBytes({
    ...letter,
    headers: { 'X-Relais-Delivery': key, ...headers },
    boundary: key,
    attachments: attachment === undefined ? [] : [attachment],
  });

/** Mailboxes that do not have it yet, in lower case. The mail still names all of them, as in the first attempt. */
export function openMailboxes(parcel: Parcel, settings: EmailSettings): readonly string[] {
  const reached = new Set(parcel.items[0]?.reached);
  return mailboxesOf(settings).filter((mailbox) => !reached.has(mailbox));
}

export function composeEmail(parcel: Parcel, settings: EmailSettings): Composed {
  const letter = letterOf(parcel, settings);
  const open = openMailboxes(parcel, settings);
  const { attachment, html, text, ...head } = letter;
  // Named parts in a fixed order: the digest must not depend on how MIME is folded.
  const content = JSON.stringify({
    ...head,
    date: letter.date.toISOString(),
    text,
    html,
    attachment:
      attachment === undefined
        ? null
        : {
            name: attachment.name,
            mediaType: attachment.mediaType,
            base64: Buffer.from(attachment.bytes).toString('base64'),
          },
  });
  return {
    content: Buffer.from(content, 'utf8'),
    target: open.join(', '),
    targetKeys: open,
    head: [
      `From: ${letter.from}`,
      `To: ${letter.to.join(', ')}`,
      ...(letter.cc.length === 0 ? [] : [`Cc: ${letter.cc.join(', ')}`]),
      ...(letter.replyTo === undefined ? [] : [`Reply-To: ${letter.replyTo}`]),
      ...(settings.returnPath === undefined ? [] : [`Return-Path: ${settings.returnPath}`]),
      `Subject: ${letter.subject}`,
      `Message-ID: ${letter.messageId}`,
      `Date: ${letter.date.toUTCString()}`,
      'Auto-Submitted: auto-generated',
      `X-Relais-Delivery: ${letter.key}`,
      ...(attachment === undefined
        ? []
        : [`Attachment: ${attachment.name} (${attachment.mediaType}, ${attachment.bytes.length} bytes)`]),
      ...(settings.openpgp === undefined ? [] : [`OpenPGP: encrypted to ${shownKeys(settings.openpgp)}`]),
      ...(settings.dkim === undefined ? [] : [dkimHead(settings.dkim)]),
      `SMTP: ${typeof settings.smtp === 'string' ? masked(settings.smtp) : settings.smtp.host}`,
    ],
  };
}
