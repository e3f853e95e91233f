// Advises support on a delivery, by its state and reason: in words, with the command at the terminal and the act in the console.
// Invariant: every reason that support can repair has its remedy, in both languages; no face takes a sentence apart.
import { isOwnLimit, splitReason } from '../domain/delivery.ts';
import type { ListedDelivery } from '../store/deliveries/delivery-lists.ts';
import type { Sends } from './sending-state.ts';
import { inBoth, inLanguage, type Both } from './words.ts';

/** The acts that are open to support now, one line each. */
export function advice(row: ListedDelivery, sends?: Sends): readonly Advice[] {
  if (row.leadErased && row.action !== 'erase')
    return [nothing('Rien : la personne a été effacée.', 'Nothing: the person has been erased.')];
  const { base } = splitReason(row.reason);
  switch (row.state) {
    case 'planned':
    case 'queued':
    case 'sending':
      return [nothing('Rien : elle est en route.', 'Nothing: it is on its way.')];
    case 'waiting':
      // A recipient that may have the lead must still be notified of a withdrawal: its outcome is decided, not given up.
      return [...waitingAdvice(base, row, sends), ...(base === 'unknown_hold' ? [] : [giveUp(row)])];
    case 'withheld':
      return withheldAdvice(base, row);
    case 'pending':
      return [replay(row, 'Redemander maintenant', 'Ask again now')];
    case 'failed':
      return [...failedAdvice(base, row), dealtWith(row)];
    case 'cancelled':
      return base === 'superseded' || base === 'not_needed' || base === 'erased'
        ? [nothing('Rien : elle n’a plus d’objet.', 'Nothing: it has no purpose any more.')]
        : [replay(row, 'La rouvrir', 'Open it again')];
    case 'delivered':
      return [replay(row, 'Rien. Si le client l’a perdue', 'Nothing. If the client lost it', '--again ')];
  }
}

const giveUp = (row: ListedDelivery): Advice => ({
  words: ['Abandonner', 'Give up'],
  command: `relais cancel ${row.id} ${reason}`,
  act: 'cancel',
});
const dealtWith = (row: ListedDelivery): Advice => ({
  words: ['Réglée autrement', 'Dealt with otherwise'],
  command: `relais task close ${row.id} ${reason} --evidence "..."`,
  act: 'close',
});

function waitingAdvice(base: string, row: ListedDelivery, sends?: Sends): readonly Advice[] {
  switch (sends === 'suspended' && base !== 'unknown_hold' ? sends : base) {
    case 'suspended':
      return [
        onDestination('resume', row, [
          'Reprendre l’envoi, avec l’accord de la personne qui a suspendu la destination',
          'Open the destination again, if the operator who suspended it agrees',
        ]),
      ];
    case 'slot':
      return [
        onDestination('send_file', row, ['Faire partir le fichier maintenant', 'Make the file leave now']),
      ];
    case 'file_held':
      return [
        onDestination('release_file', row, [
          'Chercher pourquoi des leads manquent ; si c’est juste, laisser partir le fichier',
          'Find out why leads are missing; if that is right, let the file leave',
        ]),
        onDestination('discard_file', row, ['Sinon, l’abandonner', 'Else give it up']),
      ];
    case 'unknown_hold':
      return undecidedAdvice(row);
    case 'waits_for_create':
      return [
        nothing(
          'Rien : elle suivra la création du même lead.',
          'Nothing: it follows the create of the same lead.',
        ),
      ];
    case 'outside_hours':
      return [
        nothing(
          'Rien : elle part automatiquement à l’ouverture de la destination.',
          'Nothing: it leaves by itself when the destination opens.',
        ),
      ];
    default:
      return slowedAdvice(row, sends);
  }
}

function undecidedAdvice(row: ListedDelivery): readonly Advice[] {
  const resolve = (answer: string): string => `relais delivery resolve ${row.id} ${answer} --evidence "..."`;
  return [
    {
      words: [
        `Demander au client s’il a le lead ${row.leadReference}. Il l’a`,
        `Ask the client whether it has lead ${row.leadReference}. It has`,
      ],
      command: resolve('--received --reference ...'),
      act: 'received',
    },
    {
      words: ['Il ne l’a pas', 'It has not'],
      command: resolve('--not-received'),
      act: 'not_received',
      next: ['elle repart aussitôt.', 'it is sent again at once.'],
    },
  ];
}

function slowedAdvice(row: ListedDelivery, sends?: Sends): readonly Advice[] {
  if (sends === 'held')
    return [
      {
        words: ['Vérifier l’accès', 'See whether it can be reached'],
        command: `relais destination test ${row.destinationId}`,
        act: 'test',
      },
      onDestination('resume', row, ['Le faire essayer tout de suite', 'Let it be tried at once']),
    ];
  // A replay would meet the same limit.
  if (isOwnLimit(row.reason))
    return [
      publish(
        row,
        'Rien : elle part automatiquement dès que notre limite le permet. Une limite trop basse se corrige dans le format (limits), puis se publie',
        'Nothing: it leaves by itself as soon as our limit lets it. A limit that is too low is corrected in the mapping (limits), then published',
      ),
    ];
  if (sends === 'quiet')
    return [
      onDestination('resume', row, [
        'Rien : elle part automatiquement. Plus tôt, si le destinataire est d’accord',
        'Nothing: it leaves by itself. Earlier, if the recipient agrees',
      ]),
    ];
  return sends === 'few'
    ? [nothing('Rien : elle part à son tour.', 'Nothing: it leaves in its turn.')]
    : [replay(row, 'Essayer tout de suite', 'Try now')];
}

function failedAdvice(base: string, row: ListedDelivery): readonly Advice[] {
  switch (base) {
    case 'manual_erasure_required':
    case 'manual_update_required':
      return [
        nothing(
          'Écrire à l’interlocuteur du client : la destination ne sait pas le recevoir autrement.',
          'Write to the client’s contact: the destination can take it in no other way.',
        ),
      ];
    case 'undo_failed':
      return [
        nothing(
          `Écrire au client : supprimer ce que le premier appel a créé pour le lead ${row.leadReference}, puis classer.`,
          `Write to the client: delete what the first call made for lead ${row.leadReference}, then close.`,
        ),
        replay(
          row,
          'Pour renvoyer plutôt l’appel refusé, après correction',
          'To send the refused call again instead, once repaired',
        ),
      ];
    case 'invalid':
      return [
        {
          ...publish(row, 'Corriger le format et le publier', 'Correct the mapping and publish it'),
          next: [
            'ou compléter le lead dans le logiciel du centre (ligne « correction » de lead_intake)',
            'or complete the lead (a `correction` row of lead_intake)',
          ],
        },
        replay(row, 'Puis rejouer', 'Then replay'),
      ];
    default:
      return [replay(row, 'Après correction, rejouer', 'Once repaired, replay')];
  }
}

// Defines a piece of advice: words, with the command at the terminal and the act in the console. Each face shows its own half.
// Invariant: no face takes a sentence apart.

/** Acts with a button or a page in the console. */
export type AdvisedAct =
  | 'replay'
  | 'cancel'
  | 'close'
  | 'received'
  | 'not_received'
  | 'resume'
  | 'test'
  | 'send_file'
  | 'release_file'
  | 'discard_file'
  | 'publish'
  | 'authorise'
  | 'see_lead'
  | 'see_deliveries'
  | 'see_requests';

export interface Advice {
  /** The remedy, or that none is needed. */
  readonly words: Both;
  readonly command?: string;
  readonly act?: AdvisedAct;
  /** The consequence, or the alternative. */
  readonly next?: Both;
}

export const adviceLine = ({ words, command, next }: Advice): Both =>
  inBoth((language) => {
    const line = command === undefined ? [words] : [words, [` : ${command}`, `: ${command}`] as const];
    const end: Both = next === undefined ? ['', ''] : [` ; ${next[0]}`, `; ${next[1]}`];
    return [...line, end].map((part) => inLanguage(part, language)).join('');
  });

/** The option that every act needs. */
export const reason = '--reason "..."';
export const nothing = (fr: string, en: string): Advice => ({ words: [fr, en] });
export const replay = (row: ListedDelivery, fr: string, en: string, how = ''): Advice => ({
  words: [fr, en],
  command: `relais replay ${row.id} ${how}${reason}`,
  act: 'replay',
});
const verbs = {
  resume: 'resume',
  send_file: 'send-file',
  release_file: 'release-file',
  discard_file: 'discard-file',
} as const;
const onDestination = (act: keyof typeof verbs, row: ListedDelivery, words: Both): Advice => ({
  words,
  act,
  command: `relais destination ${verbs[act]} ${row.destinationId} ${reason}`,
});
export const publish = (row: ListedDelivery, fr: string, en: string): Advice => ({
  words: [fr, en],
  act: 'publish',
  command: `relais mapping publish ${row.destinationId} --note "..."`,
});

// Advises support on a withheld delivery: each cause that a person can repair, and its remedy.
// Invariant: a withheld delivery leaves by itself once its cause is repaired; nothing here sends it.

function withheldAdvice(base: string, row: ListedDelivery): readonly Advice[] {
  switch (base) {
    case 'opt_in_missing':
      return [
        nothing(
          'Faire enregistrer la réponse du prospect (ligne « consent » de lead_intake) ; elle partira automatiquement.',
          'Have the prospect’s answer recorded (a `consent` row of lead_intake); it then leaves by itself.',
        ),
        {
          words: ['Les réponses enregistrées', 'The answers recorded'],
          command: `relais lead show ${row.leadReference} --client ${row.clientId}`,
          act: 'see_lead',
        },
      ];
    case 'recipient_not_authorised':
    case 'category_not_authorised':
      return notAuthorisedAdvice(row);
    case 'mapping_missing':
      return [publish(row, 'Publier le format', 'Publish the mapping')];
    case 'go_live_incomplete':
      return [
        {
          words: ['Ce que le client doit encore', 'What the client still owes'],
          command: `relais client check ${row.clientId}`,
          act: 'publish',
          next: [
            'part automatiquement une fois client.yaml complété et publié',
            'it leaves by itself once client.yaml is complete and published',
          ],
        },
      ];
    case 'restricted':
      return [
        nothing(
          'Rien à faire : part automatiquement quand la limitation est levée.',
          'Nothing to do: it leaves by itself when the restriction is lifted.',
        ),
        {
          words: ['Les demandes de droits de la personne', 'The requests of the person'],
          command: 'relais request list',
          act: 'see_requests',
        },
      ];
    case 'create_unsettled':
      return unsettledAdvice(row);
    default:
      return [
        nothing(
          'Réparer la cause ci-dessus ; elle repartira automatiquement.',
          'Repair the cause above; it leaves by itself.',
        ),
      ];
  }
}

const notAuthorisedAdvice = (row: ListedDelivery): readonly Advice[] => [
  {
    words: [
      'Faire habiliter le destinataire, sur document du client',
      'Have the recipient authorised, on the client’s written word',
    ],
    command: `relais authorisation grant ${row.destinationId} --recipient "..." --document "..."`,
  },
  {
    words: ['Les habilitations', 'The authorisations'],
    command: `relais authorisation list --destination ${row.destinationId}`,
    act: 'authorise',
  },
];

const unsettledAdvice = (row: ListedDelivery): readonly Advice[] => [
  {
    words: [
      'Demander au client s’il a le lead, puis l’indiquer sur la livraison de création',
      'Ask the client whether it has the lead, then say so of its create',
    ],
    command: 'relais delivery resolve ... --received | --not-received',
  },
  {
    words: ['Ses livraisons', 'Its deliveries'],
    command: `relais delivery list --lead ${row.leadReference}`,
    act: 'see_deliveries',
  },
];
