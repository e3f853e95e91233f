// The `send` block of an email destination: the rules a schema cannot say, mailboxes, secrets. Pure.
// Invariant: no secret in clear, no personal data in a subject, and nothing that could end a header line.
import type { SettingsProblem } from '../contract.ts';
import { clearTextProblem, namesAmong } from '../guard.ts';
import { dkimProblems } from './dkim.ts';
import type { DkimSettings } from './dkim.ts';
import { noticeProblems } from './notice.ts';
import type { NoticeSettings } from './notice.ts';
import { pgpProblems, pgpTexts } from '../openpgp.ts';
import type { OpenPgpSettings } from '../openpgp.ts';
import { mailboxOnly, named } from './settings-schema.ts';

export interface SmtpServer {
  readonly host: string;
  readonly port?: number;
  readonly secure?: boolean;
  readonly user?: string;
  readonly password?: string;
}

export interface EmailSettings extends NoticeSettings {
  readonly to: string | readonly string[];
  readonly cc?: string | readonly string[];
  readonly from: string;
  readonly replyTo?: string;
  readonly smtp: string | SmtpServer;
  readonly subject?: string;
  readonly language?: 'fr' | 'en';
  readonly dkim?: DkimSettings;
  readonly returnPath?: string;
  readonly openpgp?: OpenPgpSettings;
}

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
  problems.push(
    ...noticeProblems(settings),
    ...pgpProblems(settings.openpgp),
    ...returnPathProblems(settings.returnPath),
    ...dkimProblems(settings.dkim, domainOf(settings.from)),
  );
  return problems;
}

const tagPlace = '{tag}';
/** The tag takes 44 of the 64 characters that stand before the @. */
const longestBesideTag = 20;

function returnPathProblems(returnPath: string | undefined): readonly SettingsProblem[] {
  if (returnPath === undefined) return [];
  const [local = '', domain = '', ...more] = returnPath.split('@');
  const beside = local.split(tagPlace);
  const isMailbox = more.length === 0 && new RegExp(mailboxOnly, 'u').test(`${beside.join('t')}@${domain}`);
  if (!isMailbox || beside.length !== 2 || domain.includes(tagPlace))
    return [
      {
        path: '/returnPath',
        message: 'Write a mailbox with {tag} before its @, such as retours+{tag}@centre.example.',
      },
    ];
  if (beside.join('').length > longestBesideTag)
    return [
      {
        path: '/returnPath',
        message: `Beside {tag} there is room for ${longestBesideTag} characters before the @.`,
      },
    ];
  return [];
}

/** Where a mail that cannot be delivered comes back to. */
export const returnAddress = ({ from, returnPath }: EmailSettings, tag: string): string =>
  returnPath?.replace(tagPlace, tag) ?? bareMailbox(from);

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

/** The domain a sender writes from. */
export const domainOf = (address: string): string => bareMailbox(address).split('@').at(-1) ?? '';

export function emailSecretNames({ smtp, dkim, openpgp }: EmailSettings): readonly string[] {
  return namesAmong([
    ...(typeof smtp === 'string' ? [smtp] : [smtp.user, smtp.password]),
    dkim?.key,
    ...pgpTexts(openpgp),
  ]);
}
