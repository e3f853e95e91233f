// Words of the work pages: person search, a lead, the acts on a delivery. French first.
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';
import type { Both } from '../../support/words.ts';
import type { AskedProblem } from '../../support/find-person.ts';
import type { PersonFact } from '../../support/masking.ts';

export const searchWords = {
  text: [
    'Par référence entière, adresse e-mail, téléphone ou nom. La recherche est inscrite au journal, à votre nom, avant d’être montrée.',
    'By whole reference, mail address, phone or name. The search is written in the log, as yours, before it is shown.',
  ],
  reference: ['Référence du lead', 'Reference of the lead'],
  referenceHint: [
    'La nôtre, ou l’identifiant que le CRM du client lui a donné.',
    'Ours, or the id that the client’s CRM gave to it.',
  ],
  email: ['Adresse e-mail', 'Mail address'],
  phone: ['Téléphone', 'Phone'],
  lastName: ['Nom', 'Last name'],
  firstName: ['Prénom', 'First name'],
  lastNameHint: [
    'Le nom ou son début ; accents, majuscules et particule sont indifférents.',
    'Or its beginning; accents, capitals and a particle before it do not matter.',
  ],
  results: ['Leads trouvés', 'Leads found'],
  cut: [
    'Seuls les plus récents sont montrés : précisez un client.',
    'Only the newest are shown: name a client.',
  ],
  refusedRows: ['Lignes refusées à l’entrée', 'Rows refused at intake'],
  received: ['Reçue', 'Received'],
  collected: ['Recueilli', 'Collected'],
  person: ['Personne', 'Person'],
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
    'L’adresse e-mail doit être entière, sans rien autour : zoe@courriel.example.',
    'The mail address must be whole, with nothing around it: zoe@courriel.example.',
  ],
  phone_unreadable: [
    'Donnez le numéro de téléphone entier : 06 39 98 01 11.',
    'Give the whole phone number: 06 39 98 01 11.',
  ],
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
  notRouted: [
    'Destinations du client qui ne l’ont pas reçu',
    'Destinations of the client that did not get it',
  ],
  notPassedOn: ['Changements non transmis', 'Changes that were not passed on'],
  rights: ['Droits exercés', 'Rights exercised'],
  reveal: ['Voir en clair', 'Show in clear'],
  revealed: [
    'En clair : cette consultation est inscrite au journal.',
    'In clear: this look is written in the log.',
  ],
  restricted: [
    'Traitement limité à la demande de la personne : rien ne part tant que la limitation est en vigueur.',
    'Processing is restricted at the person’s request: nothing leaves until that is lifted.',
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

// Words of a client's own acts: a test lead to its own destination, its signing secret. French first.

export const testLeadWords = {
  title: ['Lead de test', 'Test lead'],
  link: ['Envoyer un lead de test…', 'Send a test lead…'],
  text: [
    'Un lead inventé et reconnaissable : le nom TEST, le prénom Relais, une référence TEST-…, des coordonnées réservées que personne n’a, tous les opt-in refusés. Il suit le format en vigueur et le même chemin qu’un vrai lead ; il n’est ni conservé ni compté. L’envoi et la réponse sont inscrits au journal.',
    'An invented lead that shows as one: the name TEST, first name Relais, a reference TEST-…, reserved numbers and addresses that nobody has, every opt-in refused. It follows the mapping in force and the real way; it is neither kept nor counted. Sending and answer are entries of the log.',
  ],
  sandbox: [
    'Il va à l’environnement d’essai que le format déclare.',
    'It is sent to the sandbox that the mapping declares.',
  ],
  production: [
    'Le format ne déclare pas d’environnement d’essai : il va là où vont les vrais leads. Effacez-le ensuite chez vous.',
    'The mapping declares no sandbox: it is sent where real leads are sent. Delete it there afterwards.',
  ],
  nowhere: [
    'Cette destination n’envoie pas les leads un par un, et son format ne déclare pas d’environnement d’essai : un lead de test y serait pris pour un vrai.',
    'This destination does not carry each lead by itself, and its mapping declares no sandbox: a test lead would be taken for a real one.',
  ],
  limit: ['Par heure et par destination, au plus :', 'At most, for each destination in an hour:'],
  send: ['Envoyer le lead de test', 'Send the test lead'],
  taken: ['Le destinataire l’a pris :', 'The recipient has taken it:'],
  notTaken: ['Le destinataire ne l’a pas pris :', 'The recipient has not taken it:'],
  before: ['Derniers leads de test', 'Latest test leads'],
  at: ['Envoyée', 'Sent'],
  reference: ['Référence', 'Reference'],
  where: ['Où', 'Where'],
  inSandbox: ['environnement d’essai', 'sandbox'],
  inProduction: ['adresse réelle', 'real address'],
  unknown: ['réponse inconnue', 'answer unknown'],
} as const satisfies Readonly<Record<string, Both>>;

export const secretWords = {
  title: ['Secret de signature', 'Signing secret'],
  link: ['Secret de signature…', 'Signing secret…'],
  text: [
    'Ce que vous recevez est signé avec ce secret, pour que vous sachiez que cela vient de nous. Le renouveler n’interrompt rien : les deux secrets signent pendant un temps, l’en-tête porte deux signatures, et il suffit que l’une soit valide.',
    'Deliveries to you are signed with this secret, so that you know they come from us. Renewing it interrupts nothing: both sign for a while, the header holds two signatures, and one that fits is enough.',
  ],
  signs: ['Signature', 'Signature'],
  renewed: ['Renouvelé', 'Renewed'],
  never: ['jamais sur la console', 'never in the console'],
  oldUntil: ['L’ancien signe aussi jusqu’au', 'The old one signs too until'],
  renew: ['Renouveler le secret', 'Renew the secret'],
  renewText: [
    'Le nouveau n’est montré qu’une fois : mettez-le aussitôt dans votre système. L’ancien s’arrête automatiquement. Nombre de jours pendant lesquels les deux signent :',
    'The new one is shown once: put it into your system at once. The old one ends by itself. Days on which both sign:',
  ],
  once: [
    'Copiez-le maintenant : il ne sera plus montré. Si vous le perdez, retirez-le ci-dessous avant la date, et recommencez.',
    'Copy it now: it is not shown again. If you lose it, take it back below before the date, and begin again.',
  ],
  secret: ['Nouveau secret', 'New secret'],
  note: ['Note n°', 'Note no.'],
  takeBack: ['Retirer le nouveau secret', 'Take the new secret back'],
  takeBackText: [
    'Si le nouveau est perdu, ou mis au mauvais endroit : il cesse de signer, et l’ancien continue seul.',
    'If the new one is lost, or was put in the wrong place: it no longer signs, and the old one signs alone again.',
  ],
  tookBack: ['Retiré : l’ancien secret signe seul.', 'Taken back: the old secret signs alone.'],
  notSigned: [
    'Cette destination ne signe pas selon Standard Webhooks : il n’y a pas de secret à renouveler ici.',
    'This destination does not sign by Standard Webhooks: there is no secret to renew here.',
  ],
  privateKey: [
    'Cette destination signe avec une clé privée, dont vous n’avez que la clé publique : le centre la change avec vous.',
    'This destination signs with a private key, of which you have the public half alone: the centre changes it with you.',
  ],
  shared: [
    'Ce secret sert aussi à autre chose, ou plusieurs signent : le centre le change avec vous.',
    'This secret serves for something else too, or several sign: the centre changes it with you.',
  ],
  missing: [
    'Aucun secret n’est en place : adressez-vous au centre.',
    'No secret is in place: ask the centre.',
  ],
} as const satisfies Readonly<Record<string, Both>>;
