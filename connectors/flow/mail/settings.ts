// Type and checks of a flow's mail settings: server, mailboxes, limits. Pure.
// Invariant: mailboxes are compared in lower case, and the log names every mailbox that received a file.
import { problemIf, type SettingsProblem } from '../../contract.ts';
import { domainOf, lengthProblems } from '../../mail/addresses.ts';
import { dkimProblems, type DkimSettings } from '../../mail/dkim.ts';
import { mailboxOnly, named } from '../../mail/schema.ts';
import { smtpProblems, type SmtpSetting } from '../../mail/server.ts';
import type { Around } from '../transport.ts';

export interface MailServer {
  readonly smtp: SmtpSetting;
  readonly from: string;
  readonly replyTo?: string;
  readonly subject?: string;
  readonly language?: 'fr' | 'en';
  readonly dkim?: DkimSettings;
  readonly rows?: number;
  readonly megabytes?: number;
}

const most = 20;

/** `mailto:a@client.example,b@client.example` */
export const mailboxesIn = (to: string): readonly string[] => [
  ...new Set(
    to
      .slice('mailto:'.length)
      .split(',')
      .map((mailbox) => mailbox.trim().toLowerCase()),
  ),
];

/** Mail servers usually take 10 to 35 MB; a file that is written whole has 8 MB at most, 11 MB as an attachment. */
export const defaultMegabytes = 12;
export const mostRows = 5_000;

export const bytesAtMost = ({ megabytes = defaultMegabytes }: { readonly megabytes?: number }): number =>
  megabytes * 1_000_000;

export const subjectPlaceholders: readonly string[] = ['action', 'clientName', 'fileName', 'seq', 'rows'];

export function mailProblems(
  { smtp, from, replyTo, subject = '', dkim }: MailServer,
  { to, marker, tempSuffix, ack }: Around,
): readonly SettingsProblem[] {
  const mailboxes = mailboxesIn(to);
  const isMailbox = new RegExp(mailboxOnly, 'u');
  const wrong = mailboxes.some((mailbox) => !isMailbox.test(mailbox));
  const senders = [from, ...(replyTo === undefined ? [] : [replyTo])];
  const unknown = [...subject.matchAll(/\{([^{}]*)\}/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !subjectPlaceholders.includes(name));
  const left = Object.entries({ marker, tempSuffix, ack }).filter(([, value]) => value !== undefined);
  return [
    ...problemIf(wrong, '/to', [
      'Écrivez des adresses comme mailto:leads@client.example,si@client.example.',
      'Write mailboxes such as mailto:leads@client.example,si@client.example.',
    ]),
    ...problemIf(mailboxes.length > most, '/to', [`${most} adresses au plus.`, `${most} mailboxes at most.`]),
    ...lengthProblems('/to', mailboxes),
    ...problemIf(
      senders.some((sender) => !new RegExp(named, 'u').test(sender)),
      '/server/from',
      [
        'Ce n’est pas une adresse comme leads@centre.example.',
        'This is not a mailbox such as leads@centre.example.',
      ],
    ),
    ...problemIf(unknown.length > 0, '/server/subject', [
      `Un objet peut contenir {${subjectPlaceholders.join('} {')}}, jamais une donnée de la personne : {${unknown.join('}, {')}} n’est pas permis.`,
      `A subject may hold {${subjectPlaceholders.join('} {')}}, never a person's data: {${unknown.join('}, {')}} is not allowed.`,
    ]),
    ...problemIf(/[\r\n]/.test(subject), '/server/subject', [
      'Un objet tient sur une ligne.',
      'A subject is one line.',
    ]),
    ...left.map(([name]) => ({
      path: `/${name}`,
      message: [
        'Un e-mail parti ne peut plus être relu : retirez ceci.',
        'A mail cannot be looked at again once it has left: leave this out.',
      ] as const,
    })),
    ...smtpProblems('/server/smtp', smtp),
    ...dkimProblems(dkim, domainOf(from)).map(({ path, message }) => ({ path: `/server${path}`, message })),
  ];
}
