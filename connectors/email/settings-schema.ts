// The schema of an email destination's `send` block, with the descriptions that editors show. Data only.
// Invariant: a setting for a secret takes secret:NAME and nothing else.
import { blockOf, formedText, oneOf, textOf, type JsonSchema } from '../contract.ts';
import { dkimSchema, mailboxOnly, named, smtpSchema } from '../mail/schema.ts';
import { pgpSchema } from '../openpgp.ts';

const recipients = (description: string): JsonSchema => ({
  description,
  'x-forme': 'une adresse e-mail ; plusieurs sont une liste : [a@client.example, b@client.example].',
  anyOf: [
    formedText(
      'One mailbox; several stand in a list: [a@client.example, b@client.example].',
      mailboxOnly,
      'une adresse e-mail ; plusieurs sont une liste : [a@client.example, b@client.example].',
    ),
    {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      items: formedText('A mailbox.', mailboxOnly, 'une adresse e-mail.'),
      description: 'Several mailboxes.',
    },
  ],
});

export const emailSettingsSchema: JsonSchema = blockOf('How an email is sent.', ['to', 'from', 'smtp'], {
  to: recipients('Mailbox or mailboxes of the client, without display name.'),
  cc: recipients('Copies, without display name.'),
  from: formedText(
    'Sender: mailbox, or Name <mailbox>. Its domain ends the Message-ID.',
    named,
    'une adresse e-mail, ou Nom <adresse>.',
  ),
  replyTo: formedText('Where answers go.', named, 'une adresse e-mail, ou Nom <adresse>.'),
  smtp: smtpSchema,
  subject: textOf(
    'Subject; may hold {clientName} {title} {leadReference} {action}. Never personal data.',
    150,
  ),
  attachment: oneOf(
    'Format in which the body written by the mapping is attached; none by default.',
    ['none', 'csv', 'xml', 'json'],
    'none',
  ),
  language: oneOf('Language of the words around the lead sheet.', ['fr', 'en'], 'fr'),
  content: oneOf(
    'lead: the lead sheet. notice: that a lead waits, with our reference and where to read it (readAt); no person is in the mail.',
    ['lead', 'notice'],
    'lead',
  ),
  readAt: {
    type: 'string',
    minLength: 9,
    maxLength: 500,
    description: 'https address where the lead is read; may hold {leadReference}. For content: notice.',
  },
  openpgp: pgpSchema('each mail (PGP/MIME)'),
  returnPath: {
    type: 'string',
    minLength: 7,
    maxLength: 320,
    description:
      'Where mails come back to that cannot be delivered: retours+{tag}@centre.example. Read by IMAP, they fail their delivery.',
  },
  dkim: dkimSchema,
});
