// The schema of an email destination's `send` block: what each setting is for, as editors show it. Data only.
// Invariant: a place for a secret takes secret:NAME and nothing else.
import type { JsonSchema } from '../contract.ts';
import { secretSchema } from '../guard.ts';
import { pgpSchema } from '../openpgp.ts';

const mailbox = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?";
export const mailboxOnly = `^${mailbox}$`;
export const named = `^(?:${mailbox}|[^<>"\\r\\n\\\\,;:@\\u0000-\\u001f]{1,100} <${mailbox}>)$`;

const domain = '^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$';

const recipients = (description: string): JsonSchema => ({
  description,
  anyOf: [
    {
      type: 'string',
      pattern: mailboxOnly,
      description: 'One mailbox; several stand in a list: [a@client.example, b@client.example].',
    },
    {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      items: { type: 'string', pattern: mailboxOnly, description: 'A mailbox.' },
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
      description: 'Sender: mailbox, or Name <mailbox>. Its domain ends the Message-ID.',
    },
    replyTo: { type: 'string', pattern: named, description: 'Where answers go.' },
    smtp: {
      description: 'The mail server: secret:NAME of a URL smtp(s)://user:password@host:port, or its parts.',
      anyOf: [
        secretSchema('secret:NAME of smtps://user:password@host:465 or smtp://…:587.'),
        {
          type: 'object',
          additionalProperties: false,
          required: ['host'],
          description: 'The mail server in parts.',
          properties: {
            host: { type: 'string', minLength: 1, maxLength: 253, description: 'Name of the server.' },
            port: {
              type: 'integer',
              minimum: 1,
              maximum: 65535,
              default: 587,
              description: 'Port; 465 with secure, else 587.',
            },
            secure: {
              type: 'boolean',
              default: false,
              description: 'TLS from the first byte (465). Otherwise STARTTLS is required.',
            },
            user: { type: 'string', minLength: 1, maxLength: 200, description: 'User name, or secret:NAME.' },
            password: secretSchema('secret:NAME of the password.'),
          },
        },
      ],
    },
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
      description: 'Whether the body written by the mapping is attached, and in which format.',
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
    dkim: {
      type: 'object',
      additionalProperties: false,
      required: ['domain', 'selector', 'key'],
      description: "Signs each mail for the sender's domain (DKIM), so that receivers know it is no forgery.",
      properties: {
        domain: {
          type: 'string',
          pattern: domain,
          description: "The domain that signs: the sender's, or one above it.",
        },
        selector: {
          type: 'string',
          pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$',
          description: 'Under which name the public key stands in DNS: SELECTOR._domainkey.DOMAIN.',
        },
        key: secretSchema('secret:NAME of the private RSA key (PEM, 1,024 bits at least, better 2,048).'),
      },
    },
  },
};
