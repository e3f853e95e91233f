// Types and checks of an email destination's `send` block: the rules a schema cannot express, mailboxes, secrets. Pure.
// Invariant: no secret in clear, no personal data in a subject, and nothing that could end a header line.
import { problemIf, type SettingsProblem } from '../contract.ts';
import { namesAmong } from '../guard.ts';
import { bareMailbox, domainOf, lengthProblems, listOf } from '../mail/addresses.ts';
import { dkimProblems, type DkimSettings } from '../mail/dkim.ts';
import { mailboxOnly, named } from '../mail/schema.ts';
import { smtpProblems, smtpTexts, type SmtpSetting } from '../mail/server.ts';
import { noticeProblems, type NoticeSettings } from './notice.ts';
import { pgpProblems, pgpTexts, type OpenPgpSettings } from '../openpgp.ts';

export interface EmailSettings extends NoticeSettings {
  readonly to: string | readonly string[];
  readonly cc?: string | readonly string[];
  readonly from: string;
  readonly replyTo?: string;
  readonly smtp: SmtpSetting;
  readonly subject?: string;
  readonly language?: 'fr' | 'en';
  readonly dkim?: DkimSettings;
  readonly returnPath?: string;
  readonly openpgp?: OpenPgpSettings;
}

export const subjectPlaceholders: readonly string[] = ['clientName', 'title', 'leadReference', 'action'];

export function checkEmailSettings(settings: EmailSettings): readonly SettingsProblem[] {
  const addresses: readonly (readonly [string, readonly string[], string])[] = [
    ['/to', listOf(settings.to), mailboxOnly],
    ['/cc', listOf(settings.cc), mailboxOnly],
    ['/from', [settings.from], named],
    ['/replyTo', listOf(settings.replyTo), named],
  ];
  const { subject = '', smtp } = settings;
  const unknown = [...subject.matchAll(/\{([^{}]*)\}/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !subjectPlaceholders.includes(name));
  return [
    ...addresses.flatMap(([path, values, pattern]) =>
      problemIf(
        values.some((value) => !new RegExp(pattern, 'u').test(value)),
        path,
        [
          'Ce n’est pas une adresse comme leads@client.example.',
          'This is not a mailbox such as leads@client.example.',
        ],
      ),
    ),
    ...lengthProblems('/to', [...listOf(settings.to), ...listOf(settings.cc)]),
    ...problemIf(unknown.length > 0, '/subject', [
      `Un objet peut contenir {clientName} {title} {leadReference} {action}, jamais une donnée de la personne : {${unknown.join('}, {')}} n’est pas permis.`,
      `A subject may hold {clientName} {title} {leadReference} {action}, never a person's data: {${unknown.join('}, {')}} is not allowed.`,
    ]),
    ...problemIf(/[\r\n]/.test(subject), '/subject', [
      'Un objet tient sur une ligne.',
      'A subject is one line.',
    ]),
    ...smtpProblems('/smtp', smtp),
    ...noticeProblems(settings),
    ...pgpProblems(settings.openpgp),
    ...returnPathProblems(settings.returnPath),
    ...dkimProblems(settings.dkim, domainOf(settings.from)),
  ];
}

const tagPlace = '{tag}';
/** The tag takes 44 of the 64 characters before the @. */
const longestBesideTag = 20;

function returnPathProblems(returnPath: string | undefined): readonly SettingsProblem[] {
  if (returnPath === undefined) return [];
  const [local = '', domain = '', ...more] = returnPath.split('@');
  const beside = local.split(tagPlace);
  const isMailbox = more.length === 0 && new RegExp(mailboxOnly, 'u').test(`${beside.join('t')}@${domain}`);
  if (!isMailbox || beside.length !== 2 || domain.includes(tagPlace))
    return problemIf(true, '/returnPath', [
      'Écrivez une adresse avec {tag} avant son @, comme retours+{tag}@centre.example.',
      'Write a mailbox with {tag} before its @, such as retours+{tag}@centre.example.',
    ]);
  return problemIf(beside.join('').length > longestBesideTag, '/returnPath', [
    `À côté de {tag} il y a place pour ${longestBesideTag} caractères avant le @.`,
    `Beside {tag} there is room for ${longestBesideTag} characters before the @.`,
  ]);
}

/** The address to which an undeliverable mail returns. */
export const returnAddress = ({ from, returnPath }: EmailSettings, tag: string): string =>
  returnPath?.replace(tagPlace, tag) ?? bareMailbox(from);

export function mailboxesOf(settings: EmailSettings): readonly string[] {
  return [
    ...new Set([...listOf(settings.to), ...listOf(settings.cc)].map((address) => address.toLowerCase())),
  ];
}

/** The mailboxes of the settings, copies included. */
export const emailPlaces = ({ to, cc }: EmailSettings): readonly string[] =>
  [...listOf(to), ...listOf(cc)].map((address) => address.toLowerCase());

export function emailSecretNames({ smtp, dkim, openpgp }: EmailSettings): readonly string[] {
  return namesAmong([...smtpTexts(smtp), dkim?.key, ...pgpTexts(openpgp)]);
}
