// Advises support on a delivery, by its state and reason: in words, with the command at the terminal and the act in the console.
// Invariant: every reason that support can repair has its remedy, in both languages; no face takes a sentence apart.
import { isOwnLimit, splitReason } from '../domain/delivery.ts';
import type { ListedDelivery } from '../store/delivery-lists.ts';
import type { Sends } from './sending-state.ts';
import { nothing, onDestination, publish, reason, replay, type Advice } from './advice-lines.ts';
import { withheldAdvice } from './withheld-advice.ts';

export { adviceLine, type Advice, type AdvisedAct } from './advice-lines.ts';

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
          'Open the destination again, if whoever suspended it agrees',
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
