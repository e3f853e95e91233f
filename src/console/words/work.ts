// Words of the work pages: person search, a lead, the acts on a delivery. French first.
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';
import type { Both } from '../../support/words.ts';
import type { AskedProblem } from '../../support/find-person.ts';
import type { PersonFact } from '../../support/masking.ts';

export const searchWords = {
  text: [
    'Par référence exacte, adresse e-mail, téléphone ou nom. La recherche est inscrite au journal, à votre nom, avant d’être montrée.',
    'By exact reference, mail address, phone or name. The search is written in the log, as yours, before it is shown.',
  ],
  reference: ['Référence du lead', 'Reference of the lead'],
  email: ['Adresse e-mail', 'Mail address'],
  phone: ['Téléphone', 'Phone'],
  lastName: ['Nom', 'Last name'],
  firstName: ['Prénom', 'First name'],
  lastNameHint: [
    'Le nom ou son début ; accents et majuscules indifférents.',
    'Or its beginning; accents and capitals do not matter.',
  ],
  client: ['Client', 'Client'],
  anyClient: ['Tous', 'All'],
  submit: ['Rechercher', 'Search'],
  results: ['Leads trouvés', 'Leads found'],
  nothing: ['Aucun lead trouvé.', 'No lead found.'],
  cut: [
    'Seuls les plus récents sont montrés : précisez un client.',
    'Only the newest are shown: name a client.',
  ],
  refusedRows: ['Lignes refusées à l’entrée', 'Rows refused at intake'],
  received: ['Reçue', 'Received'],
  refusedFor: ['Motif', 'Why'],
  collected: ['Recueillie', 'Collected'],
  person: ['Personne', 'Person'],
  deliveries: ['Livraisons', 'Deliveries'],
  erased: ['effacée', 'erased'],
  nowhere: ['aucune : la page du lead dit pourquoi', 'none: the page of the lead says why'],
} as const satisfies Readonly<Record<string, Both>>;

export const searchProblems: Readonly<Record<AskedProblem, Both>> = {
  nothing_asked: [
    'Donnez une référence, une adresse e-mail, un téléphone ou un nom.',
    'Give a reference, a mail address, a phone or a name.',
  ],
  first_name_alone: ['Le prénom se cherche avec le nom.', 'A first name is looked for beside a last name.'],
  name_too_short: ['Le nom a deux lettres au moins.', 'A name has two letters at least.'],
  email_incomplete: [
    'L’adresse e-mail doit être entière, sans rien autour.',
    'The mail address must be whole, with nothing around it.',
  ],
  phone_unreadable: ['Ce n’est pas un numéro de téléphone.', 'This is no phone number.'],
};

export const personWords: Readonly<Record<PersonFact['name'], Both>> = {
  lastName: ['Nom', 'Last name'],
  firstName: ['Prénom', 'First name'],
  email: ['E-mail', 'E-mail'],
  mobile: ['Mobile', 'Mobile'],
  landline: ['Fixe', 'Landline'],
  city: ['Ville', 'Town'],
};

export const leadWords = {
  title: ['Lead', 'Lead'],
  revision: ['Révision', 'Revision'],
  channel: ['Canal', 'Channel'],
  notice: ['Mention d’information', 'Notice'],
  consents: ['Opt-in', 'Opt-in'],
  noConsent: ['Aucune réponse enregistrée.', 'No answer is recorded.'],
  purpose: ['Finalité', 'Purpose'],
  answer: ['Réponse', 'Answer'],
  recorded: ['Enregistrée', 'Recorded'],
  until: ['Jusqu’au', 'Until'],
  lapsed: ['échue', 'lapsed'],
  otherEntity: ['donnée à une autre société', 'given to another company'],
  interactions: ['Échanges', 'Interactions'],
  kind: ['Type', 'Kind'],
  at: ['Date', 'Date'],
  notRouted: [
    'Destinations du client qui ne l’ont pas reçu',
    'Destinations of the client that did not get it',
  ],
  notPassedOn: ['Changements non transmis', 'Changes that were not passed on'],
  rights: ['Droits exercés', 'Rights exercised'],
  by: ['Par', 'By'],
  why: ['Motif', 'Why'],
  reveal: ['Voir en clair', 'Show in clear'],
  revealed: [
    'En clair : cette consultation est inscrite au journal.',
    'In clear: this look is written in the log.',
  ],
  restricted: [
    'Traitement limité à la demande de la personne : rien ne part tant que la limitation est en vigueur.',
    'Processing is restricted at the person’s request: nothing leaves while that stands.',
  ],
} as const satisfies Readonly<Record<string, Both>>;

export const categoryNames: Readonly<Record<string, Both>> = {
  request: ['Prise de contact', 'Request'],
  project: ['Projet immobilier', 'Property project'],
  statistical: ['Origine et statistiques', 'Origin and statistics'],
  financial: ['Données financières', 'Finances'],
  technical: ['Données techniques', 'Technical data'],
};

const listed: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = {
  request: requestFields.channel.words,
  interaction: interactionFields.kind.words,
};
/** A value of a closed list of the lead: in French as in the document a client signs. */
export const fieldWord = (list: 'request' | 'interaction', value: string): Both => [
  listed[list]?.[value] ?? value,
  value.replaceAll('_', ' '),
];
