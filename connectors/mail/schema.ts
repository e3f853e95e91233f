// Schemas of settings for every mail: mailboxes, the mail server, the signing key. Data only.
// Invariant: a setting for a secret takes secret:NAME and nothing else.
import type { JsonSchema } from '../contract.ts';
import { secretSchema } from '../guard.ts';

const mailbox = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?";
export const mailboxOnly = `^${mailbox}$`;
export const named = `^(?:${mailbox}|[^<>"\\r\\n\\\\,;:@\\u0000-\\u001f]{1,100} <${mailbox}>)$`;

const domain = '^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$';

export const smtpSchema: JsonSchema = {
  description: 'The mail server: secret:NAME of a URL smtp(s)://user:password@host:port, or its parts.',
  'x-forme': 'secret:NOM d’une adresse smtp(s)://utilisateur:mot-de-passe@serveur:port, ou ses parties.',
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
};

export const dkimSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['domain', 'selector', 'key'],
  description: "Signs each mail for the sender's domain (DKIM), so that receivers know it is no forgery.",
  properties: {
    domain: {
      type: 'string',
      pattern: domain,
      'x-forme': 'un nom de domaine.',
      description: "The domain that signs: the sender's, or one above it.",
    },
    selector: {
      type: 'string',
      pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$',
      'x-forme': 'un sélecteur, comme relais1.',
      description: 'Name of the public key in DNS: SELECTOR._domainkey.DOMAIN.',
    },
    key: secretSchema('secret:NAME of the private RSA key (PEM, 1,024 bits at least, better 2,048).'),
  },
};
