// Declares the transport of a file attached to a mail: its settings, their checks, and how the mail is sent.
// Invariant: the contract lists the mailboxes, and the authorisation covers them; the mail server is ours.
import { blockOf, formedText, oneOf, textOf } from '../../contract.ts';
import { shownSetting } from '../../guard.ts';
import { dkimHead } from '../../mail/dkim.ts';
import { dkimSchema, named, smtpSchema } from '../../mail/schema.ts';
import { smtpTexts } from '../../mail/server.ts';
import { defineTransport } from '../transport.ts';
import { letterOfFile } from './letter.ts';
import { defaultMegabytes, mailboxesIn, mailProblems, mostRows, type MailServer } from './settings.ts';

export type { MailServer } from './settings.ts';

const load = () => import('./send.ts');

export const mailTransport = defineTransport<MailServer>({
  scheme: 'mailto',
  isOf: (server) => 'smtp' in server,
  schema: blockOf('A mail with the file attached.', ['smtp', 'from'], {
    smtp: smtpSchema,
    from: formedText(
      'Sender: mailbox, or Name <mailbox>. Its domain ends the Message-ID.',
      named,
      'une adresse e-mail, ou Nom <adresse>.',
    ),
    replyTo: formedText('Where answers go.', named, 'une adresse e-mail, ou Nom <adresse>.'),
    subject: textOf('Subject; may hold {action} {clientName} {fileName} {seq} {rows}.', 150),
    language: oneOf('Language of the words beside the file.', ['fr', 'en'], 'fr'),
    rows: {
      type: 'integer',
      minimum: 1,
      maximum: mostRows,
      default: mostRows,
      description: 'Leads in one mail at most; the others of the hour leave in further mails.',
    },
    megabytes: {
      type: 'integer',
      minimum: 1,
      maximum: 50,
      default: defaultMegabytes,
      description: "Size of a mail at most, in MB, as the client's mail server takes it.",
    },
    dkim: dkimSchema,
  }),
  misplaced: [
    'Un e-mail va à des adresses : to: mailto:leads@client.example, plusieurs avec une virgule entre elles.',
    'A mail is sent to mailboxes: to: mailto:leads@client.example, several with a comma between them.',
  ],
  problems: mailProblems,
  hosts: () => [],
  root: () => '',
  secrets: ({ smtp, dkim }) => [...smtpTexts(smtp), dkim?.key],
  words: ({ from, rows = mostRows, dkim }) => [
    { point: ['Expéditeur', 'Sender'], agreed: shownSetting(from) },
    {
      point: ['Leads par message', 'Leads in a message'],
      agreed: [
        `${rows} au plus ; les autres suivent dans d’autres messages`,
        `${rows} at most; the others follow in further messages`,
      ],
    },
    ...(dkim === undefined
      ? []
      : [
          {
            point: ['Signature des messages', 'Signature of messages'] as const,
            agreed: [
              `DKIM, domaine ${dkim.domain}, sélecteur ${dkim.selector}`,
              `DKIM, domain ${dkim.domain}, selector ${dkim.selector}`,
            ] as const,
          },
        ]),
  ],
  load,
  handOver: {
    targets: mailboxesIn,
    atMost: ({ rows = mostRows }) => rows,
    way: ['e-mail', 'mail'],
    unaskable: [
      'personne ne peut dire si un e-mail est arrivé, et renvoyé il y serait deux fois',
      'nobody can be asked whether a mail arrived, and one that is sent again would be there twice',
    ],
    head: (file, server) => {
      const { from, to, subject, messageId, date } = letterOfFile(file, server);
      return [
        `From: ${from}`,
        `To: ${to.join(', ')}`,
        `Subject: ${subject}`,
        `Message-ID: ${messageId}`,
        `Date: ${date.toUTCString()}`,
        ...(server.dkim === undefined ? [] : [dkimHead(server.dkim)]),
      ];
    },
    send: async (file, server, context) => await (await load()).sendFile(file, server, context),
    test: async (server, context) => await (await load()).testServer(server, context),
    close: async () => {
      await (await load()).closeSessions();
    },
    transport: ['E-mail, le fichier en pièce jointe', 'Email, with the file attached'],
    delivered: [
      'Un message pris en charge par le serveur de messagerie pour toutes les adresses vaut remise ; sa lecture n’est pas prouvée. Refusé pour une adresse, il ne part pour aucune.',
      'A message that the mail server has taken for all addresses counts as handed over; that it was read is not proved. Refused for one address, it leaves for none.',
    ],
  },
});
