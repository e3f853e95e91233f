// Texts of the pull connector: for the document a client signs, and for the draft of `mapping new`.
// Invariant: states plainly that the client fetches its leads, and what happens to those it does not acknowledge.
import type { Draft, Drafting, DraftRequest, SignedRow, SignedWords } from '../contract.ts';
import { leaseMsOf, type PullSettings } from './settings.ts';

function transport(settings: Partial<PullSettings>): readonly SignedRow[] {
  const { fetchedBy = '', leaseMinutes, reasons } = settings;
  const minutes = leaseMsOf({ fetchedBy, ...(leaseMinutes === undefined ? {} : { leaseMinutes }) }) / 60_000;
  return [
    {
      point: ['Transport', 'Transport'],
      agreed: [
        'vous venez chercher vos leads par notre API HTTPS, 200 au plus par appel',
        'you fetch your leads by our HTTPS API, 200 a call at most',
      ],
    },
    { point: ['Qui vient les chercher', 'Recipient that fetches'], agreed: [fetchedBy, fetchedBy] },
    {
      point: ['Authentification', 'Authentication'],
      agreed: [
        'une clé d’API que nous vous remettons, en-tête Authorization: Bearer',
        'an API key that we give you, header Authorization: Bearer',
      ],
    },
    {
      point: ['Sans réponse de votre part', 'Without an answer of yours'],
      agreed: [
        `le lead vous est présenté à nouveau après ${minutes} minutes, avec la même clé`,
        `the lead is given to you again after ${minutes} minutes, under the same key`,
      ],
    },
    ...(reasons === undefined
      ? []
      : [
          {
            point: ['Motifs', 'Reasons'] as const,
            agreed: [
              `les codes convenus, tout autre étant noté ${reasons.else} : ${codesOf(reasons)}`,
              `the codes agreed, any other being noted as ${reasons.else}: ${codesOf(reasons)}`,
            ] as const,
          },
        ]),
    {
      point: ['Clé du lead', 'Key of the lead'],
      agreed: ['la même à chaque essai : champ key', 'the same at every attempt: field key'],
    },
  ];
}

const codesOf = (reasons: NonNullable<PullSettings['reasons']>): string =>
  Object.keys(reasons)
    .filter((code) => code !== 'else')
    .join(', ');

export const pullWords: SignedWords<PullSettings> = {
  transport,
  delivered: [
    'Un lead dont vous accusez réception est réputé remis ; celui que vous prenez sans en accuser réception reste dû.',
    'A lead that you acknowledge counts as handed over; one that you take without acknowledging it is still owed.',
  ],
  addressOnly: [
    'L’habilitation a été vérifiée ; rien n’a été appelé, puisque c’est le client qui vient chercher ses leads.',
    'The authorisation was looked at; nobody was called, because the client comes for the leads.',
  ],
};

function draft({ to, format }: DraftRequest): Draft | string | undefined {
  const [, host] = /^pull:(.*)$/i.exec(to ?? '') ?? [];
  if (host === undefined) return undefined;
  if (format !== 'json') return 'what a client fetches is JSON: the draft needs a JSON sample.';
  return {
    name: 'pull',
    lines: ['send:', `  fetchedBy: '${host.replaceAll("'", "''")}'`, '  leaseMinutes: 15'],
    facts: { hosts: [host.toLowerCase()] },
    targets: [host.toLowerCase()],
    open: ['a key for the client: relais api-key add NAME --scope lead.pull --client CLIENT (docs/pull.md)'],
  };
}

export const pullDrafting: Drafting = { to: 'pull:host', draft };
