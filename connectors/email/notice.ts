// Checks a mail without personal data: it announces that a lead waits, under our reference, and links to it.
// Invariant: the mail contains no personal data and no opt-in; the check refuses fields that would add one.
import { problemIf, type Parcel, type SettingsProblem } from '../contract.ts';

const referencePlace = '{leadReference}';

export interface NoticeSettings {
  readonly content?: 'lead' | 'notice';
  /** May contain {leadReference}. */
  readonly readAt?: string;
  readonly attachment?: 'none' | 'csv' | 'xml' | 'json';
}

export function noticeProblems(settings: NoticeSettings): readonly SettingsProblem[] {
  const { content, readAt, attachment = 'none' } = settings;
  if (content !== 'notice')
    return problemIf(readAt !== undefined, '/readAt', [
      'readAt va avec content: notice : tout autre e-mail contient le lead.',
      'readAt belongs to content: notice: any other mail carries the lead.',
    ]);
  return [
    ...(readAt === undefined
      ? [
          {
            path: '/content',
            message: [
              'Un avis (notice) dit où le lead se lit : ajoutez readAt, une adresse https.',
              'A notice says where the lead is read: add readAt, an https address.',
            ] as const,
          },
        ]
      : addressProblems(readAt)),
    ...problemIf(attachment !== 'none', '/attachment', [
      'Un avis (notice) ne porte pas de pièce jointe.',
      'A notice carries no attachment.',
    ]),
  ];
}

function addressProblems(readAt: string): readonly SettingsProblem[] {
  const rest = readAt.replaceAll(referencePlace, 'L-1');
  const url = URL.parse(rest);
  const isSound = url?.protocol === 'https:' && url.username === '' && url.password === '';
  return problemIf(!isSound || /[\s{}]/.test(rest), '/readAt', [
    `Écrivez une adresse https comme https://crm.client.example/leads/${referencePlace} ; rien d’autre du lead n’y figure.`,
    `Write an https address such as https://crm.client.example/leads/${referencePlace}; nothing else of the lead may stand in it.`,
  ]);
}

/** The address where this lead is read; undefined where the mail contains it. */
export const readingPlace = ({ content, readAt }: NoticeSettings, parcel: Parcel): string | undefined =>
  content === 'notice' && readAt !== undefined
    ? readAt.replaceAll(referencePlace, encodeURIComponent(parcel.items[0]?.leadReference ?? ''))
    : undefined;
