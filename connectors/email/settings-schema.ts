// The schema of an email destination's `send` block, with the descriptions that editors show. Data only.
// Invariant: a setting for a secret takes secret:NAME and nothing else.
import type { JsonSchema } from '../contract.ts';
import { dkimSchema, mailboxOnly, named, smtpSchema } from '../mail/schema.ts';
import { pgpSchema } from '../openpgp.ts';

const recipients = (description: string): JsonSchema => ({
  description,
  'x-forme': 'une adresse e-mail ; plusieurs sont une liste : [a@client.example, b@client.example].',
  anyOf: [
    {
      type: 'string',
      pattern: mailboxOnly,
      'x-forme': 'une adresse e-mail ; plusieurs sont une liste : [a@client.example, b@client.example].',
      description: 'One mailbox; several stand in a list: [a@client.example, b@client.example].',
    },
    {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      items: {
        type: 'string',
        pattern: mailboxOnly,
        'x-forme': 'une adresse e-mail.',
        description: 'A mailbox.',
      },
      description: 'Several mailboxes.',
    },
  ],
});

export const emailSettingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['to', 'from', 'smtp'],
  description: 'How an email is sent.',
  properties: {
    to: recipients('Mailbox or mailboxes of the client, without display name.'),
    cc: recipients('Copies, without display name.'),
    from: {
      type: 'string',
      pattern: named,
      'x-forme': 'une adresse e-mail, ou Nom <adresse>.',
      description: 'Sender: mailbox, or Name <mailbox>. Its domain ends the Message-ID.',
    },
    replyTo: {
      type: 'string',
      pattern: named,
      'x-forme': 'une adresse e-mail, ou Nom <adresse>.',
      description: 'Where answers go.',
    },
    smtp: smtpSchema,
    subject: {
      type: 'string',
      minLength: 1,
      maxLength: 150,
      description: 'Subject; may hold {clientName} {title} {leadReference} {action}. Never personal data.',
    },
    attachment: {
      type: 'string',
      enum: ['none', 'csv', 'xml', 'json'],
      default: 'none',
      description: 'Format in which the body written by the mapping is attached; none by default.',
    },
    language: {
      type: 'string',
      enum: ['fr', 'en'],
      default: 'fr',
      description: 'Language of the words around the lead sheet.',
    },
    content: {
      type: 'string',
      enum: ['lead', 'notice'],
      default: 'lead',
      description:
        'lead: the lead sheet. notice: that a lead waits, with our reference and where to read it (readAt); no person is in the mail.',
    },
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
  },
};
