// Schemas of settings for every mail: mailboxes, the mail server, the signing key. Data only.
// Invariant: a setting for a secret takes secret:NAME and nothing else.
import { blockOf, formedText, textOf, type JsonSchema } from '../contract.ts';
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
    blockOf('The mail server in parts.', ['host'], {
      host: textOf('Name of the server.', 253),
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
      user: textOf('User name, or secret:NAME.', 200),
      password: secretSchema('secret:NAME of the password.'),
    }),
  ],
};

export const dkimSchema: JsonSchema = blockOf(
  "Signs each mail for the sender's domain (DKIM), so that receivers know it is no forgery.",
  ['domain', 'selector', 'key'],
  {
    domain: formedText("The domain that signs: the sender's, or one above it.", domain, 'un nom de domaine.'),
    selector: formedText(
      'Name of the public key in DNS: SELECTOR._domainkey.DOMAIN.',
      '^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$',
      'un sélecteur, comme relais1.',
    ),
    key: secretSchema('secret:NAME of the private RSA key (PEM, 1,024 bits at least, better 2,048).'),
  },
);
