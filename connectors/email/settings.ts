// The `send` block of an email destination: its schema, the rules a schema cannot say, mailboxes, secrets. Pure.
// Invariant: no secret in clear, no personal data in a subject, and nothing that could end a header line.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
import { clearTextProblem, namesAmong, secretName, secretPattern } from '../guard.ts';

export interface SmtpServer {
  readonly host: string;
  readonly port?: number;
  readonly secure?: boolean;
  readonly user?: string;
  readonly password?: string;
}

export interface EmailSettings {
  readonly to: string | readonly string[];
  readonly cc?: string | readonly string[];
  readonly from: string;
  readonly replyTo?: string;
  readonly smtp: string | SmtpServer;
  readonly subject?: string;
  readonly attachment?: 'none' | 'csv' | 'xml' | 'json';
  readonly language?: 'fr' | 'en';
}

const mailbox = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?";
const mailboxOnly = `^${mailbox}$`;
const named = `^(?:${mailbox}|[^<>"\\r\\n\\\\,;:@\\u0000-\\u001f]{1,100} <${mailbox}>)$`;

const recipients = (description: string): JsonSchema => ({
  description,
  anyOf: [
    { type: 'string', pattern: mailboxOnly, description: 'One mailbox.' },
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
        {
          type: 'string',
          pattern: secretPattern,
          description: 'secret:NAME of smtps://user:password@host:465 or smtp://…:587.',
        },
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
            password: { type: 'string', pattern: secretPattern, description: 'secret:NAME of the password.' },
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
  },
};

export const subjectPlaceholders: readonly string[] = ['clientName', 'title', 'leadReference', 'action'];

export function checkEmailSettings(settings: EmailSettings): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const addresses: readonly (readonly [string, readonly string[], string])[] = [
    ['/to', listOf(settings.to), mailboxOnly],
    ['/cc', listOf(settings.cc), mailboxOnly],
    ['/from', [settings.from], named],
    ['/replyTo', listOf(settings.replyTo), named],
  ];
  for (const [path, values, pattern] of addresses) {
    if (values.some((value) => !new RegExp(pattern, 'u').test(value)))
      problems.push({ path, message: 'This is not a mailbox such as leads@client.example.' });
  }
  const { subject, smtp } = settings;
  if (subject !== undefined) {
    const unknown = [...subject.matchAll(/\{([^{}]*)\}/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => !subjectPlaceholders.includes(name));
    if (unknown.length > 0) {
      problems.push({
        path: '/subject',
        message: `A subject may hold {clientName} {title} {leadReference} {action}, never a person's data: {${unknown.join('}, {')}} is not allowed.`,
      });
    }
    if (/[\r\n]/.test(subject)) problems.push({ path: '/subject', message: 'A subject is one line.' });
  }
  if (typeof smtp === 'string') problems.push(...clearTextProblem('/smtp', smtp));
  else {
    problems.push(...clearTextProblem('/smtp/password', smtp.password));
    if ((smtp.user === undefined) !== (smtp.password === undefined)) {
      problems.push({ path: '/smtp', message: 'user and password go together.' });
    }
  }
  return problems;
}

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

export function mailboxesOf(settings: EmailSettings): readonly string[] {
  return [
    ...new Set([...listOf(settings.to), ...listOf(settings.cc)].map((address) => address.toLowerCase())),
  ];
}

/** Mailboxes lead where they say, copies too. */
export const emailPlaces = ({ to, cc }: EmailSettings): readonly string[] =>
  [...listOf(to), ...listOf(cc)].map((address) => address.toLowerCase());

/** The bare mailbox of `Name <mailbox>`. */
export function bareMailbox(address: string): string {
  return /<([^<>]+)>$/.exec(address)?.[1] ?? address;
}

export function emailSecretNames({ smtp }: EmailSettings): readonly string[] {
  return namesAmong(typeof smtp === 'string' ? [smtp] : [smtp.user, smtp.password]);
}

export interface ResolvedServer {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user?: string;
  readonly password?: string;
}

export type ServerResult =
  | { readonly ok: true; readonly server: ResolvedServer }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

export function serverOf(
  { smtp }: EmailSettings,
  secret: (name: string) => string | undefined,
): ServerResult {
  const valueOf = (text: string): string | undefined => {
    const name = secretName(text);
    return name === undefined ? text : secret(name);
  };
  if (typeof smtp === 'string') {
    const value = valueOf(smtp);
    return value === undefined ? { ok: false, reason: 'SECRET_MISSING' } : serverOfUrl(value.trim());
  }
  const secure = smtp.secure ?? smtp.port === 465;
  const port = smtp.port ?? (secure ? 465 : 587);
  if (smtp.user === undefined) return { ok: true, server: { host: smtp.host, port, secure } };
  const user = valueOf(smtp.user);
  const password = valueOf(smtp.password ?? '');
  if (user === undefined || password === undefined || password === '')
    return { ok: false, reason: 'SECRET_MISSING' };
  return { ok: true, server: { host: smtp.host, port, secure, user, password } };
}

function serverOfUrl(text: string): ServerResult {
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    return { ok: false, reason: 'SECRET_MALFORMED' };
  const secure = url.protocol === 'smtps:';
  const port = Number(url.port) || (secure ? 465 : 587);
  if (url.username === '') return { ok: true, server: { host: url.hostname, port, secure } };
  try {
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    return { ok: true, server: { host: url.hostname, port, secure, user, password } };
  } catch {
    return { ok: false, reason: 'SECRET_MALFORMED' };
  }
}
