// Writes a mail to a client as a letter: greeting, the officer's name and the mailbox for rights, in French (C59). Pure.
// Invariant: the same row under the same settings gives the same letter, Message-ID and date included.
import type { Mail } from '../../connectors/mail/mime.ts';
import type { ClaimedMail } from '../store/client-mails.ts';

export interface MailSettings {
  readonly smtpUrl: string;
  readonly from: string;
  /** Name of the centre's data protection officer. */
  readonly dpoName: string;
  readonly dpoMailbox: string;
  /** Mailbox of prospects and clients for rights. */
  readonly rightsMailbox: string;
}

export function letterOf(mail: ClaimedMail, to: string, settings: MailSettings): Mail {
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
export const closingOf = ({
  dpoName,
  rightsMailbox,
}: Pick<MailSettings, 'dpoName' | 'rightsMailbox'>): string =>
  [
    '-- ',
    `Délégation à la protection des données (DPO) : ${dpoName}`,
    `Pour exercer les droits d’une personne ou poser une question à leur sujet : ${rightsMailbox}`,
    'Message envoyé automatiquement. Il ne contient ni nom ni coordonnées de prospect.',
  ].join('\n');
