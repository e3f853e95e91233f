// Describes in French the recipients, their contract documents, and the contacts of each side.
// Invariant: the recipient is a company or a team as the contract names it, never a person (C18).
import type { AuthorisationFact } from '../../domain/destination.ts';
import { openDays, type HolidayCalendar, type SendingHours } from '../../domain/sending-hours.ts';
import { ratePeriods } from '../../domain/rates.ts';
import type { CompiledMapping } from '../contract.ts';
import { type Block, heading, paragraph, tableOf } from './blocks.ts';
import { durationWords } from './french-answers.ts';

export interface CentreContacts {
  /** Contacts for prospects' rights and for the client's technicians; blank where none is given. */
  readonly rights?: string;
  readonly technical?: string;
}

export const categoryWords = {
  identity: 'identité',
  project: 'projet',
  statistical: 'statistiques',
  financial: 'situation financière',
} as const;

const toFill = '(à compléter)';

export const longDay = (instant: string, minusMs = 0): string =>
  new Date(Date.parse(instant) - minusMs).toLocaleDateString('fr-FR', {
    timeZone: 'Europe/Paris',
    dateStyle: 'long',
  });

/** The recipients, and the contacts of both sides. */
export function partiesBlocks(
  mapping: CompiledMapping,
  centre: string,
  contacts: CentreContacts,
): readonly Block[] {
  const { client, clientName, destinationId } = mapping;
  const own = (client.authorisations ?? []).filter(
    (authorisation) => authorisation.destinationId === destinationId,
  );
  const placesOf = (authorisation: AuthorisationFact): string =>
    (authorisation.targets ?? mapping.covered).join(', ');
  const period = ({ validFrom, validUntil }: AuthorisationFact): string =>
    `à partir du ${longDay(validFrom)}${validUntil === undefined ? '' : `, jusqu’au ${longDay(validUntil, 1)}`}`;
  return [
    heading(3, 'Destinataire habilité'),
    own.length === 0
      ? paragraph(
          'Aucune habilitation n’est encore enregistrée pour cette destination : rien n’est transmis tant que le document contractuel ne l’est pas.',
        )
      : tableOf(
          ['Destinataire', 'Document', 'Durée', 'Adresses couvertes', 'Données couvertes'],
          own.map((authorisation) => [
            authorisation.recipient,
            authorisation.documentRef,
            period(authorisation),
            placesOf(authorisation),
            authorisation.categories.map((category) => categoryWords[category]).join(', '),
          ]),
        ),
    heading(3, 'Contacts'),
    tableOf(
      ['Sujet', `Pour ${clientName}`, `Pour ${centre}`],
      [
        [
          'Droits des personnes (accès, effacement, opposition)',
          client.contacts.rights ?? toFill,
          contacts.rights ?? toFill,
        ],
        ['Technique et incidents', client.contacts.technical ?? toFill, contacts.technical ?? toFill],
      ],
    ),
  ];
}

/** The pace, the time-outs, and the promise. */
export function paceRows({
  limits,
  timeouts,
  promiseMs,
  schedule,
}: CompiledMapping): readonly (readonly string[])[] {
  const unit = schedule === undefined ? 'envoi' : 'fichier';
  const atOnce = `${limits.concurrency} ${unit}${limits.concurrency > 1 ? 's' : ''} en même temps au plus`;
  const rates = ratePeriods.flatMap(({ key, document }) =>
    limits[key] === undefined
      ? []
      : [
          key === 'perDay' && limits.zone !== undefined
            ? `${limits[key]} par jour au plus, de minuit à minuit (${limits.zone})`
            : `${limits[key]} ${document} au plus`,
        ],
  );
  const rate = rates.length === 0 ? 'sans limite par minute' : rates.join(', ');
  // Rights that must be passed on without delay do not wait for the end of a full hour or day.
  const isLong = ratePeriods.some(({ key, rightsWait }) => limits[key] !== undefined && !rightsWait);
  const atOncePassed = isLong ? ' ; retraits d’opt-in et effacements sans attendre' : '';
  const waits = [
    `connexion ${durationWords(timeouts.connectMs)}`,
    `réponse ${durationWords(timeouts.responseMs)}`,
    `en tout ${durationWords(timeouts.totalMs)}`,
  ].join(', ');
  return [
    ['Débit', `${atOnce}, ${rate}${atOncePassed}`],
    ...(limits.hours === undefined ? [] : [['Horaires d’envoi', hoursWords(limits.hours)]]),
    ['Délai d’attente de votre système', waits],
    [
      'Délai promis',
      `${durationWords(promiseMs)} entre la réception du lead et sa remise ; au-delà, notre support est alerté`,
    ],
  ];
}

const weekdayWords = ['lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'] as const;

const holidayWords: Readonly<Record<HolidayCalendar, string>> = {
  fr: 'sauf jours fériés',
  'fr-alsace-moselle': 'sauf jours fériés d’Alsace-Moselle',
};

/** The hours in which leads are sent, and the messages that are sent at any hour. */
export function hoursWords(hours: SendingHours): string {
  const days = openDays(hours).map(({ first, last, ranges }) => {
    const named =
      first === last ? `le ${weekdayWords[first]}` : `du ${weekdayWords[first]} au ${weekdayWords[last]}`;
    return `${named} ${ranges.map((range) => `de ${range.replace('-', ' à ')}`).join(' et ')}`;
  });
  const closed = hours.holidays === undefined ? '' : `, ${holidayWords[hours.holidays]}`;
  const rights = hours.rightsWait
    ? 'les effacements et retraits de consentement attendent aussi ces horaires'
    : 'les effacements et retraits de consentement sont transmis à toute heure';
  return `${days.join(', ')}${closed} (${hours.zone}) ; ${rights}`;
}
