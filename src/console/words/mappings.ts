// Words of the integrators' pages: versions, files, trials, publishing, going live. French first.
import type { DraftState } from '../../support/mappings/files.ts';
import type { Both } from '../../support/words.ts';
import type { OneAndSeveral } from '../../domain/counted.ts';
import type { GoLiveItem } from '../../domain/go-live.ts';

export const mappingWords = {
  mappingOf: ['Format de', 'Mapping of'],
  version: ['Version', 'Version'],
  versions: ['Versions', 'Versions'],
  inForce: ['en vigueur', 'in force'],
  versionInForce: ['Version en vigueur', 'Version in force'],
  nothingThere: ['(rien)', '(nothing)'],
  sameForm: ['(une autre valeur de même forme)', '(another value of the same form)'],
  none: ['Aucun format.', 'No mapping.'],
  noVersion: ['aucune', 'none'],
  published: ['Publiée', 'Published'],
  note: ['Note', 'Note'],
  file: ['Fichier', 'File'],
  files: ['Fichiers', 'Files'],
  fileHere: ['Fichier sur cette machine', 'File on this machine'],
  seeDraft: ['Voir le fichier et le publier', 'See the file and publish it'],
  seeDocument: ['Document que le client signe', 'Document the client signs'],
  tryIt: ['Essayer un format', 'Try a mapping'],
  fingerprint: ['Empreinte', 'Fingerprint'],
  cut: ['Seul le début du fichier est montré.', 'Only the beginning of the file is shown.'],
  document: ['Document du client', 'The client’s document'],
  documentText: [
    'Ce que le client relit et signe. Complétez ce que le centre y écrit, puis téléchargez la page à imprimer.',
    'The page that the client reads and signs. Fill in the centre’s part, then download the page to print.',
  ],
  download: ['Télécharger la page à imprimer', 'Download the page to print'],
  centre: ['Le centre, tel qu’il signe', 'The centre, as it signs'],
  centreRights: ['Interlocuteur du centre pour les droits', 'Contact of the centre for rights'],
  centreTechnical: ['Interlocuteur technique du centre', 'Technical contact of the centre'],
  draft: ['Fichier à publier', 'File to publish'],
  typedDraft: ['Texte à publier', 'Text to publish'],
  typedHint: [
    'Ce texte remplace le fichier du format dans la version publiée ; le fichier sur la machine n’est pas modifié. Reportez-y la modification : elle serait perdue à la prochaine publication du fichier.',
    'This text replaces the mapping file in the version that is published; the file on the machine stays as it is. Carry the change over: the next publication of the file would lose it.',
  ],
  noFile: [
    'Aucun fichier de cette destination sur la machine de la console.',
    'No file of this destination is on the machine of the console.',
  ],
  unreadable: ['Un fichier du client ne peut pas être lu.', 'A file of the client cannot be read.'],
  sound: ['Le contrôle n’a trouvé aucune erreur.', 'The check found no error.'],
  unsound: [
    'Le contrôle a trouvé des erreurs : ce format ne peut pas être publié.',
    'The check found errors: this mapping cannot be published.',
  ],
  endless: [
    'Le contrôle n’a pas abouti : un motif, un schéma ou une imbrication demande trop de temps ou de mémoire. Rien n’a été gardé.',
    'The check found no end: a pattern, a schema or nesting needs too much time or memory. Nothing was kept.',
  ],
  busy: [
    'D’autres essais sont en cours : recommencez dans un instant.',
    'Other trials are under way: try again in a moment.',
  ],
  tooLong: ['Un texte a 100 000 caractères au plus.', 'A text has 100,000 characters at most.'],
  messages: ['Messages du contrôle', 'Messages of the check'],
  place: ['Endroit', 'Place'],
  code: ['Code', 'Code'],
  message: ['Message', 'Message'],
  severity: ['Gravité', 'Severity'],
  setting: ['Réglage', 'Setting'],
  error: ['erreur', 'error'],
  warning: ['avertissement', 'warning'],
  line: ['ligne', 'line'],
  column: ['colonne', 'column'],
  difference: ['Différence avec la version en vigueur', 'Difference to the version in force'],
  noDifference: ['Aucune différence.', 'No difference.'],
  notComparable: [
    'La comparaison manque : l’une des deux versions ne passe pas le contrôle d’aujourd’hui.',
    'The comparison is missing: one of the two versions does not pass today’s check.',
  ],
  overLeads: ['Sur les derniers leads comparés :', 'Over the latest leads compared:'],
  overSamples: ['Aucun lead encore ; sur des exemples inventés :', 'No lead yet; over invented samples:'],
  written: ['écrits ou routés autrement', 'written or routed differently'],
  outOf: ['sur', 'of'],
  target: ['Champ du client', 'Field of the client'],
  before: ['Avant', 'Before'],
  after: ['Après', 'After'],
  leads: ['Leads', 'Leads'],
  leaves: ['Départ', 'Whether it leaves'],
  routing: ['Leads pris', 'Which leads go there'],
  layout: [
    'Mêmes valeurs, dans un autre ordre ou un autre encodage',
    'Same values, in another order or encoding',
  ],
  optIn: ['Opt-in, valeur par réponse', 'Opt-in truth table'],
  consentLines: ['Opt-in, tel que le fichier l’écrit', 'Opt-in, as the file writes it'],
  acceptsLines: ['Leads pris, tel que le fichier le dit', 'Which leads it takes'],
  answerLines: ['Lecture des réponses', 'What an answer means'],
  settings: ['Réglages', 'Settings'],
  removed: ['retiré', 'removed'],
  added: ['ajouté', 'added'],
  moved: ['L’ordre des lignes change.', 'The order of the lines changes.'],
  masked: [
    'Les valeurs d’une personne ne sont pas montrées, seulement leur forme.',
    'A person’s values are shown by their form only.',
  ],
  plan: ['Ce qui changera', 'What will change'],
  planSame: [
    'Ces fichiers sont déjà en vigueur : publier ne crée pas de version.',
    'These files are in force already: publishing makes no version.',
  ],
  planVersion: ['Version en vigueur remplacée', 'Version in force that is replaced'],
  planChanges: ['Indiqué au client dans la note écrite', 'Stated to the client in the written note'],

  keepingReplay: [
    'Le support peut les réécrire, sous une nouvelle clé :',
    'Support may write them anew, under a new key:',
  ],
  keepingAnew: ['Réécrire et rejouer ce qui attend', 'Replay anew what waits'],
  planAuthorised: ['Habilitation ajoutée', 'Authorisation added'],
  planUnnamed: [
    'Habilitation en vigueur que client.yaml ne nomme pas (un administrateur la retire)',
    'Authorisation in force that client.yaml does not name (an administrator revokes it)',
  ],
  planSecrets: ['Secrets pas encore fournis', 'Secrets not provided yet'],
  nothing: ['Rien d’autre.', 'Nothing else.'],
  publish: ['Publier', 'Publish'],
  publishText: ['Publier ce texte…', 'Publish this text…'],
  rollback: ['Remettre cette version en vigueur', 'Put this version back in force'],
  instructions: ['Instructions du client (numéros)', 'Instructions of the client (numbers)'],
  instructionsHint: [
    'Séparés par des virgules ; laissez vide s’il n’y a pas de registre.',
    'Between commas; empty without a register.',
  ],
  confirmEnding: [
    'Tapez le nombre de livraisons qui prendraient fin',
    'Type the number of deliveries that would end',
  ],
  agree: [
    'J’ai lu ce qui changera ; la version entre en vigueur aussitôt.',
    'I have read what will change; the version is in force at once.',
  ],
  notAgreed: ['Cochez la case : rien n’a été fait.', 'Tick the box: nothing was done.'],
  changed: [
    'Les fichiers, la version en vigueur ou le nombre ont changé entre-temps : relisez ce qui changera.',
    'Files, version in force or number have changed meanwhile: read again what will change.',
  ],
  publishedNow: ['En vigueur.', 'In force.'],
  refused: ['Refusé', 'Refused'],
  goLive: ['Mise en service du client', 'Going live'],
  item: ['Point', 'Item'],
  evidence: ['Preuve', 'Evidence'],
  missing: ['Ce qui manque', 'What is missing'],
  live: ['Rien ne manque : le client est en service.', 'All is there: the client is live.'],
  notLive: [
    'Il manque des points : le client n’est pas en service.',
    'Items are missing: the client is not live.',
  ],
  ofFiles: [
    'D’après les fichiers : rien de ce client n’est publié.',
    'By the files: nothing of this client is published.',
  ],
  liveBefore: [
    'Mis en service avant que la liste ne soit exigée : rien n’est encore retenu.',
    'Live before the list was held to: nothing is held up yet.',
  ],
  there: ['fourni', 'there'],
  absent: ['manque', 'missing'],
  differs: ['diffère', 'differs'],
  tryTitle: ['Essayer un format', 'Try a mapping'],
  tryText: [
    'Le contrôle et l’aperçu du terminal, sur ce que vous collez. Rien n’est envoyé, gardé ni inscrit au journal : ne collez que des personnes inventées.',
    'The terminal’s check and preview, on what you paste. Nothing is sent, kept or logged: paste invented persons only.',
  ],
  base: ['Destination essayée', 'Destination that is tried'],
  start: ['Partir du fichier d’une destination', 'Begin with the file of a destination'],
  newClient: ['Nouveau client', 'New client'],
  load: ['Charger ce fichier', 'Load this file'],
  mapping: ['Format (YAML)', 'Mapping (YAML)'],
  clientFile: ['client.yaml', 'client.yaml'],
  clientHint: [
    'Vide : celui de la destination choisie. Obligatoire pour un nouveau client.',
    'Empty: that of the destination chosen. Needed for a new client.',
  ],
  sample: ['Lead d’essai (YAML ou JSON)', 'Sample lead (YAML or JSON)'],
  example: ['Exemples inventés', 'Invented examples'],
  useExample: ['Prendre cet exemple', 'Take this example'],
  builtIn: ['un lead avec tous les champs', 'a lead with every field'],
  run: ['Contrôler et montrer', 'Check and show'],
  listing: ['Texte numéroté', 'Numbered text'],
  sampleMessages: ['Messages sur le lead d’essai', 'Messages on the sample lead'],
  preview: ['Aperçu', 'Preview'],
  notTaken: ['Ce lead n’irait pas là', 'This lead would not go there'],
  wouldNotLeave: ['Ne partirait pas', 'Would not leave'],
  notMade: ['Cet appel n’est pas envoyé pour ce lead.', 'This call is not made for this lead.'],
  call: ['Appel', 'Call'],
  sideBySide: ['Du lead au destinataire', 'From the lead to the recipient'],
  from: ['Champ du lead', 'Field of the lead'],
  value: ['Valeur', 'Value'],
  purpose: ['Finalité et canal', 'Purpose and channel'],
  thisLead: ['Ce lead', 'This lead'],
} as const satisfies Readonly<Record<string, Both>>;

export const draftWords: Readonly<Record<DraftState, Both>> = {
  same: ['identique à la version en vigueur', 'as the version in force'],
  differs: ['différent de la version en vigueur', 'differs from the version in force'],
  new: ['jamais publié', 'never published'],
  none: ['aucun', 'none'],
  unreadable: ['illisible', 'cannot be read'],
};

export const fileChangeWords = {
  added: ['ajouté', 'added'],
  removed: ['retiré', 'removed'],
  changed: ['modifié', 'changed'],
} as const satisfies Readonly<Record<string, Both>>;

/** Actions of a delivery, as headings. */
export const previewActions = {
  create: ['Création', 'Create'],
  update: ['Mise à jour', 'Update'],
  erase: ['Effacement', 'Erasure'],
} as const satisfies Readonly<Record<string, Both>>;

// Counts of a publication's changes, for one and for several. French first.

export const mappingCounts = {
  ending: [
    [
      'livraison en attente prendrait fin : son lead n’est plus pris',
      'waiting delivery would end: its lead is not taken any more',
    ],
    [
      'livraisons en attente prendraient fin : leurs leads ne sont plus pris',
      'waiting deliveries would end: their leads are not taken any more',
    ],
  ],
  keeping: [
    [
      'livraison en attente garde l’ancien contenu, car le destinataire l’a peut-être',
      'waiting delivery keeps the old content, because the recipient may have it',
    ],
    [
      'livraisons en attente gardent l’ancien contenu, car le destinataire l’a peut-être',
      'waiting deliveries keep the old content, because the recipient may have it',
    ],
  ],
  reopening: [
    ['livraison retenue est réexaminée', 'withheld delivery is looked at again'],
    ['livraisons retenues sont réexaminées', 'withheld deliveries are looked at again'],
  ],
  waiting: [
    ['lead l’attend', 'lead waits for it'],
    ['leads l’attendent', 'leads wait for it'],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;

// Words of the items that a client must complete before it goes live. French first.

/** C49 to C52. */
export const goLiveWords: Readonly<Record<GoLiveItem, { readonly title: Both; readonly blocks: Both }>> = {
  greeting: {
    title: [
      'C49 : message d’accueil avec la mention, appels entrants',
      'C49: greeting with the notice, inbound calls',
    ],
    blocks: ['Les leads d’appels entrants restent retenus.', 'Leads of inbound calls stay withheld.'],
  },
  callerNumber: {
    title: ['C50 : numéro présenté, appels sortants', 'C50: number to show, outbound calls'],
    blocks: [
      'Les leads de rappel et de requalification restent retenus.',
      'Leads of call-backs and requalifications stay withheld.',
    ],
  },
  optIn: {
    title: ['C51 : champ opt-in et valeur de chaque réponse', 'C51: opt-in field and value of each answer'],
    blocks: ['Rien n’est publié.', 'Nothing is published.'],
  },
  rightsProcedure: {
    title: ['C52 : procédure et interlocuteur pour les droits', 'C52: procedure and contact for rights'],
    blocks: ['Rien n’est publié.', 'Nothing is published.'],
  },
};
