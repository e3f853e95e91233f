// Advises support on a withheld delivery: each cause that a person can repair, and its remedy.
// Invariant: a withheld delivery leaves by itself once its cause is repaired; nothing here sends it.
import type { ListedDelivery } from '../store/delivery-lists.ts';
import { nothing, publish, type Advice } from './advice-lines.ts';

export function withheldAdvice(base: string, row: ListedDelivery): readonly Advice[] {
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
