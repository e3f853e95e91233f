// What support can do now about a delivery, by its state and reason, one line each.
// Invariant: every reason that support can repair names the command that does it, in both languages.
import { isOwnLimit, splitReason } from '../domain/delivery.ts';
import type { ListedDelivery } from '../store/delivery-lists.ts';
import type { Sends } from './sending-state.ts';
import type { Both } from './words.ts';

const command = (verb: string, row: ListedDelivery): string => `relais ${verb} ${row.id} --reason "..."`;
const resolved = (row: ListedDelivery, answer: string): string =>
  `relais delivery resolve ${row.id} ${answer} --evidence "..."`;
const onDestination = (verb: string, row: ListedDelivery): string =>
  `relais ${verb} ${row.destinationId} --reason "..."`;
const heldFile = (row: ListedDelivery): Both => [
  `Chercher pourquoi des demandes manquent, puis décider : ${onDestination('destination release-file', row)} ou discard-file`,
  `Find out why leads are missing, then decide: ${onDestination('destination release-file', row)} or discard-file`,
];

/** What support can do now, one line each. */
export function advice(row: ListedDelivery, sends?: Sends): readonly Both[] {
  if (row.leadErased && row.action !== 'erase')
    return [['Rien : la personne a été effacée.', 'Nothing: the person has been erased.']];
  const { base } = splitReason(row.reason);
  const replay = command('replay', row);
  switch (row.state) {
    case 'planned':
    case 'queued':
    case 'sending':
      return [['Rien : elle est en route.', 'Nothing: it is on its way.']];
    case 'waiting':
      return [
        ...waitingAdvice(base, row, sends),
        // Whoever may have it must still be told of a withdrawal: that is answered, not given up.
        ...(base === 'unknown_hold'
          ? []
          : [[`Abandonner : ${command('cancel', row)}`, `Give up: ${command('cancel', row)}`] as const]),
      ];
    case 'withheld':
      return withheldAdvice(base, row);
    case 'pending':
      return [[`Redemander maintenant : ${replay}`, `Ask again now: ${replay}`]];
    case 'failed':
      return [
        ...failedAdvice(base, row),
        [
          `Réglée autrement : relais task close ${row.id} --reason "..." --evidence "..."`,
          `Dealt with otherwise: relais task close ${row.id} --reason "..." --evidence "..."`,
        ],
      ];
    case 'cancelled':
      return base === 'superseded' || base === 'not_needed' || base === 'erased'
        ? [['Rien : elle n’a plus d’objet.', 'Nothing: it has no purpose any more.']]
        : [[`La rouvrir : ${replay}`, `Open it again: ${replay}`]];
    case 'delivered':
      return [[`Rien. Si le client l’a perdue : ${replay}`, `Nothing. If the client lost it: ${replay}`]];
  }
}

function waitingAdvice(base: string, row: ListedDelivery, sends?: Sends): readonly Both[] {
  const replay = command('replay', row);
  switch (sends === 'suspended' && base !== 'unknown_hold' ? sends : base) {
    case 'suspended':
      return [
        [
          `Rouvrir la destination, si qui l’a suspendue est d’accord : ${onDestination('destination resume', row)}`,
          `Open the destination again, if whoever suspended it agrees: ${onDestination('destination resume', row)}`,
        ],
      ];
    case 'slot':
      return [
        [
          `Faire partir le fichier maintenant : ${onDestination('destination send-file', row)}`,
          `Make the file leave now: ${onDestination('destination send-file', row)}`,
        ],
      ];
    case 'file_held':
      return [heldFile(row)];
    case 'unknown_hold':
      return [
        [
          `Demander au client s’il a la demande ${row.leadReference}. Il l’a : ${resolved(row, '--received --reference ...')}`,
          `Ask the client whether it has lead ${row.leadReference}. It has: ${resolved(row, '--received --reference ...')}`,
        ],
        [
          `Il ne l’a pas : ${resolved(row, '--not-received')} ; elle repart aussitôt.`,
          `It has not: ${resolved(row, '--not-received')}; it is sent again at once.`,
        ],
      ];
    case 'waits_for_create':
      return [
        [
          'Rien : elle suivra la création de la même demande.',
          'Nothing: it follows the create of the same lead.',
        ],
      ];
    case 'outside_hours':
      return [
        [
          'Rien : elle part d’elle-même à l’ouverture de la destination.',
          'Nothing: it leaves by itself when the destination opens.',
        ],
      ];
    default:
      if (sends === 'held') return heldAdvice(row);
      if (isOwnLimit(row.reason)) return limitAdvice(row);
      if (sends === 'quiet')
        return [
          [
            `Rien : elle part d’elle-même. Plus tôt, si le destinataire est d’accord : ${onDestination('destination resume', row)}`,
            `Nothing: it leaves by itself. Earlier, if the recipient agrees: ${onDestination('destination resume', row)}`,
          ],
        ];
      return sends === 'few'
        ? [['Rien : elle part à son tour.', 'Nothing: it leaves in its turn.']]
        : [[`Essayer tout de suite : ${replay}`, `Try now: ${replay}`]];
  }
}

/** A replay would be told the same. */
const limitAdvice = (row: ListedDelivery): readonly Both[] => [
  [
    `Rien : elle part d’elle-même dès que notre limite le permet. Une limite trop basse se corrige dans le format (limits), puis : relais mapping publish ${row.destinationId} --note "..."`,
    `Nothing: it leaves by itself as soon as our limit lets it. A limit that is too low is corrected in the mapping (limits), then: relais mapping publish ${row.destinationId} --note "..."`,
  ],
];

const heldAdvice = (row: ListedDelivery): readonly Both[] => [
  [
    `Vérifier l’accès : relais destination test ${row.destinationId}`,
    `See whether it can be reached: relais destination test ${row.destinationId}`,
  ],
  [
    `Le faire essayer tout de suite : ${onDestination('destination resume', row)}`,
    `Let it be tried at once: ${onDestination('destination resume', row)}`,
  ],
];

function withheldAdvice(base: string, row: ListedDelivery): readonly Both[] {
  switch (base) {
    case 'opt_in_missing':
      return [
        [
          'Faire enregistrer la réponse du prospect (ligne « consent » de lead_intake) ; elle partira d’elle-même.',
          'Have the prospect’s answer recorded (a `consent` row of lead_intake); it then leaves by itself.',
        ],
        [
          `Les réponses enregistrées : relais lead show ${row.leadReference} --client ${row.clientId}`,
          `The answers recorded: relais lead show ${row.leadReference} --client ${row.clientId}`,
        ],
      ];
    case 'recipient_not_authorised':
    case 'category_not_authorised':
      return [
        [
          `Sur document du client : relais authorisation grant ${row.destinationId} --recipient "..." --document "..."`,
          `On the client’s written word: relais authorisation grant ${row.destinationId} --recipient "..." --document "..."`,
        ],
        [
          `Les autorisations : relais authorisation list --destination ${row.destinationId}`,
          `The authorisations: relais authorisation list --destination ${row.destinationId}`,
        ],
      ];
    case 'mapping_missing':
      return [
        [
          `Publier le format : relais mapping publish ${row.destinationId} --note "..."`,
          `Publish the mapping: relais mapping publish ${row.destinationId} --note "..."`,
        ],
      ];
    case 'go_live_incomplete':
      return goLiveAdvice(row);
    case 'restricted':
      return [
        [
          'Rien à faire : part de lui-même quand la limitation est levée (relais request list)',
          'Nothing to do: it leaves by itself when the restriction is lifted (relais request list)',
        ],
      ];
    case 'create_unsettled':
      return [
        [
          `Demander au client s’il a la demande, puis le dire de sa création (relais delivery list --lead ${row.leadReference}) : relais delivery resolve ... --received ou --not-received`,
          `Ask the client whether it has the lead, then say so of its create (relais delivery list --lead ${row.leadReference}): relais delivery resolve ... --received or --not-received`,
        ],
      ];
    default:
      return [
        [
          'Réparer la cause ci-dessus ; elle repartira d’elle-même.',
          'Repair the cause above; it leaves by itself.',
        ],
      ];
  }
}

const goLiveAdvice = (row: ListedDelivery): readonly Both[] => [
  [
    `Ce que le client doit encore : relais client check ${row.clientId} ; part de lui-même une fois client.yaml complété et publié`,
    `What the client still owes: relais client check ${row.clientId}; it leaves by itself once client.yaml is complete and published`,
  ],
];

function failedAdvice(base: string, row: ListedDelivery): readonly Both[] {
  const replay = command('replay', row);
  switch (base) {
    case 'manual_erasure_required':
    case 'manual_update_required':
      return [
        [
          'Écrire à l’interlocuteur du client : la destination ne sait pas le recevoir autrement.',
          'Write to the client’s contact: the destination can take it in no other way.',
        ],
      ];
    case 'undo_failed':
      return [
        [
          `Écrire au client : supprimer ce que le premier appel a créé pour la demande ${row.leadReference}, puis classer.`,
          `Write to the client: delete what the first call made for lead ${row.leadReference}, then close.`,
        ],
        [
          `Pour renvoyer plutôt l’appel refusé, après correction : ${replay}`,
          `To send the refused call again instead, once repaired: ${replay}`,
        ],
      ];
    case 'invalid':
      return [
        [
          `Corriger le format et le publier (relais mapping publish ${row.destinationId}), ou compléter la demande (ligne « correction » de lead_intake).`,
          `Correct the mapping and publish it (relais mapping publish ${row.destinationId}), or complete the lead (a \`correction\` row of lead_intake).`,
        ],
        [`Puis rejouer : ${replay}`, `Then replay: ${replay}`],
      ];
    default:
      return [[`Après correction, rejouer : ${replay}`, `Once repaired, replay: ${replay}`]];
  }
}
