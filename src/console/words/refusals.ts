// Words of refusals by code, with their remedies, and of the page of an unknown thing. French first.
// Invariant: a page never shows an English sentence under a French heading without labelling it English.
import type { ErrorCode } from '../../errors.ts';
import type { Both } from '../../support/words.ts';
import { refusedWords } from './requests.ts';

/** Remedies; the refusals are in `refusedWords`. */
const remedies: Readonly<Partial<Record<ErrorCode, Both>>> = {
  'USAGE-001': [
    'Corrigez votre saisie, ou effacez les filtres.',
    'Correct what you gave, or clear the filters.',
  ],
  'USAGE-002': ['Donnez le motif et la confirmation.', 'Give the reason and the confirmation.'],
  'FIND-001': [
    'Vérifiez l’orthographe : les listes montrent ce qui existe.',
    'Check the spelling: the lists show what exists.',
  ],
  'ACCESS-001': ['Corrigez votre saisie, puis recommencez.', 'Correct what was given, then try again.'],
  'ACCESS-003': ['Les rôles sont attribués par un administrateur.', 'An administrator gives roles.'],
  'TASK-001': [
    'Seuls un échec ou une alerte ouverte se classent : voyez « Tâches ».',
    'Only a failed delivery or an open alert is closed: see “Tasks”.',
  ],
  'REPLAY-001': ['Relisez la livraison.', 'Read the delivery again.'],
  'BULK-001': [
    'La page du traitement groupé indique ce qu’il a fait.',
    'The page of the run says what it did.',
  ],
  'BULK-002': ['Vérifiez le décompte et tapez-le.', 'Read the plan again and type its number.'],
  'DEST-001': ['Relisez la page de la destination.', 'Read the page of the destination again.'],
  'DEST-002': [
    'Laissez partir les fichiers en attente d’un nouvel essai, ou annulez leurs livraisons ; suspendez la destination, attendez que plus rien ne soit en route, publiez, reprenez.',
    'Let files that wait for another try leave, or cancel their deliveries; suspend the destination, wait until nothing is on its way, publish, resume.',
  ],
  'MAPPING-001': [
    'La page « Fichier à publier » montre chaque erreur à sa ligne.',
    'The page of the file to publish shows each error at its line.',
  ],
  'MAPPING-002': ['Publiez un format.', 'Publish a mapping.'],
  'MAPPING-003': [
    'La page du format dit ce qui manque à la mise en service du client.',
    'The page of the mapping says what the client lacks before it is live.',
  ],
  'MAPPING-004': [
    'Relisez ce qui changera, et confirmez le nombre.',
    'Read what will change, and confirm its number.',
  ],
  'MAPPING-006': [
    'Remettez l’ancien texte dans client.yaml, et donnez au nouveau texte sa propre version.',
    'Put the earlier words back into client.yaml, and give the new ones a version of their own.',
  ],
  'INSTANCE-001': [
    'L’installation dédiée à un client ne le permet pas, ou pas encore.',
    'An installation for one client does not allow this, or not yet.',
  ],
  'RETENTION-001': [
    'Enregistrez d’abord l’instruction écrite du client, et donnez-en le numéro.',
    'Record the client’s written instruction first, and give its number.',
  ],
  'INSTRUCTION-001': [
    'Enregistrez d’abord l’instruction écrite du client, et donnez-en le numéro.',
    'Record the client’s written instruction first, and give its number.',
  ],
  'LEAD-004': ['Rien ne part pour un lead effacé.', 'Nothing leaves for an erased lead.'],
  'LEAD-006': [
    'Rien ne part tant que la limitation est en vigueur.',
    'Nothing leaves until the restriction is lifted.',
  ],
};

const more: Readonly<Partial<Record<ErrorCode, Both>>> = {
  'USAGE-002': ['Une confirmation ou un motif manque.', 'A confirmation or a reason is missing.'],
  'ACCESS-003': ['Votre compte n’a pas ce droit.', 'Your account may not do this.'],
  'BULK-002': [
    'Le nombre ne correspond pas, ou il a changé entre-temps : vérifiez le décompte.',
    'The number does not match, or has changed meanwhile: read the plan again.',
  ],
  'DEST-002': [
    'Le connecteur ne change pas pendant que des livraisons partent par l’ancien.',
    'The connector may not change while deliveries are on their way by the old one.',
  ],
  'MAPPING-001': ['Le format contient des erreurs.', 'The mapping has errors.'],
  'MAPPING-002': [
    'Aucun format n’est publié pour la destination.',
    'No mapping is published for the destination.',
  ],
  'MAPPING-003': [
    'En production, ni adresse en clair, ni client sans C51 et C52.',
    'Production publishes neither an address in clear nor a client without C51 and C52.',
  ],
  'MAPPING-004': [
    'Cette version mettrait fin à des livraisons qui attendent.',
    'This version would end deliveries that wait.',
  ],
  'MAPPING-006': [
    'Une mention déjà présentée aux prospects a changé de texte (C14).',
    'A notice that prospects have been given is there with other words (C14).',
  ],
  'LEAD-004': ['Le lead a été effacé.', 'The lead has been erased.'],
  'LEAD-005': ['La ligne a été refusée pour son contenu.', 'The row was refused for what is in it.'],
  'LEAD-006': [
    'Le traitement du lead est limité à la demande de la personne.',
    'Processing of the lead is restricted at the request of the person.',
  ],
  'CLIENT-001': [
    'La fin du contrat du client ne le permet pas, ou pas encore.',
    "The end of the client's contract does not allow this, or not yet.",
  ],
  'RETENTION-001': [
    'La conservation s’écarterait de la charte sans instruction écrite du client.',
    'Retention would depart from the charter without a written instruction of the client.',
  ],
  'INSTRUCTION-001': [
    'Un destinataire ou l’opt-in changerait sans instruction écrite du client.',
    'A recipient or the opt-in would change without a written instruction of the client.',
  ],
};

/** Undefined for a code that no page refuses with. */
export const refusalText = (code: ErrorCode): Both | undefined => refusedWords[code] ?? more[code];
export const remedyText = (code: ErrorCode): Both | undefined => remedies[code];

/** Label before the exact sentence. */
export const detail: Both = ['Détail', 'Detail'];
/** Label before a sentence that is in English only. */
export const inEnglish: Both = ['Détail, en anglais', 'Detail'];

// Words of the page of an unknown thing, by the kind that its address names. French first.

/** The title of the page, and its sentence where no other names the unknown thing. */
interface Unknown {
  readonly title: Both;
  readonly sentence: (typed: string) => Both;
}

export const unknownThings = {
  lead: {
    title: ['Lead introuvable', 'Lead not found'],
    sentence: (typed) => [
      `Aucun lead n’a la référence « ${typed} » chez ce client.`,
      `No lead has the reference ${typed} at this client.`,
    ],
  },
  delivery: {
    title: ['Livraison introuvable', 'Delivery not found'],
    sentence: (typed) => [
      `Aucune livraison n’a le numéro « ${typed} ».`,
      `No delivery has the number ${typed}.`,
    ],
  },
  destination: {
    title: ['Destination introuvable', 'Destination not found'],
    sentence: (typed) => [
      `Aucune destination ne s’appelle « ${typed} ».`,
      `No destination is called ${typed}.`,
    ],
  },
  mapping: {
    title: ['Format introuvable', 'Mapping not found'],
    sentence: (typed) => [
      `« ${typed} » n’a pas ce format, ou pas cette version.`,
      `${typed} does not have this mapping or version.`,
    ],
  },
  request: {
    title: ['Demande de droits introuvable', 'Request not found'],
    sentence: (typed) => [
      `Aucune demande de droits, ou aucun de ses documents, n’a le numéro « ${typed} ».`,
      `No request, and no document of one, has the number ${typed}.`,
    ],
  },
  proof: {
    title: ['Preuve introuvable', 'Proof not found'],
    sentence: (typed) => [`Aucune preuve n’a le numéro « ${typed} ».`, `No proof has the number ${typed}.`],
  },
  run: {
    title: ['Traitement groupé introuvable', 'Bulk run not found'],
    sentence: (typed) => [
      `Aucun traitement groupé n’a le numéro « ${typed} ».`,
      `No bulk run has the number ${typed}.`,
    ],
  },
  alert: {
    title: ['Alerte introuvable', 'Alert not found'],
    sentence: (typed) => [`Aucune alerte n’a le numéro « ${typed} ».`, `No alert has the number ${typed}.`],
  },
  account: {
    title: ['Compte introuvable', 'Account not found'],
    sentence: (typed) => [`Aucun compte n’a le numéro « ${typed} ».`, `No account has the number ${typed}.`],
  },
  verification: {
    title: ['Vérification introuvable', 'Verification not found'],
    sentence: (typed) => [
      `Aucune vérification n’a le numéro « ${typed} ».`,
      `No verification has the number ${typed}.`,
    ],
  },
} as const satisfies Readonly<Record<string, Unknown>>;

export const elsewhere = {
  unknown: ['Rien n’existe sous ce nom', 'Nothing has this name'],
  filter: ['Corriger le filtre', 'Put the filter right'],
  check: [
    'Vérifiez ce qui a été saisi : les listes montrent ce qui existe et ce à quoi vous avez accès.',
    'See to what was typed: the lists show what exists and what you have access to.',
  ],
  reference: ['Référence', 'Reference'],
  refusedRows: [
    'La recherche trouve aussi les lignes refusées à l’entrée, et les leads des autres clients.',
    'The search also finds rows that were refused at the entry, and leads of other clients.',
  ],
  search: ['Rechercher cette référence', 'Search for this reference'],
  deliveries: ['Livraisons de cette référence', 'Deliveries of this reference'],
  list: ['Voir la liste', 'See the list'],
} as const satisfies Readonly<Record<string, Both>>;
