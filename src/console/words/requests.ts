// Words of the pages about requests of persons, their letters, documents and proofs. French first.
import type { Both } from '../../support/words.ts';
import { kindWords, requestKinds, type ClosingProblem, type RecipientState } from '../../domain/requests.ts';

export const requestWords = {
  title: ['Demande de droits', 'Request'],
  listTitle: ['Demandes de droits', 'Requests of persons'],
  text: [
    'Ce que des personnes ont demandé au sujet de leurs données. Les plus urgentes d’abord ; le délai est d’un mois.',
    'Requests of persons about their data. The most urgent first; the term is one month.',
  ],
  number: ['N°', 'No.'],
  kind: ['Droit', 'Right'],
  shown: ['Montrer', 'Show'],
  open: ['non closes', 'not closed'],
  closed: ['closes', 'closed'],
  seeOpen: ['Voir les demandes non closes', 'See the requests not closed'],
  seeClosed: ['Voir les demandes closes', 'See the closed requests'],
  received: ['Reçue', 'Received'],
  due: ['À répondre au plus tard', 'To be answered by'],
  missing: ['Ce qui manque', 'What is missing'],
  nothingMissing: ['Rien : elle peut être close.', 'Nothing: it may be closed.'],
  noRequest: ['Aucune demande.', 'No request.'],
  cut: [
    'Seules les plus urgentes sont montrées : précisez un client.',
    'Only the most urgent are shown: name a client.',
  ],
  filter: ['Filtrer', 'Filter'],
  new: ['Enregistrer une demande…', 'Note a request…'],
  newTitle: ['Enregistrer une demande', 'Note a request'],
  newText: [
    'Rien n’est encore changé : la console cherche les leads de cette personne chez ce client, et inscrit la recherche au journal. Vous choisissez ensuite lesquels sont visés.',
    'Nothing is changed yet: the console looks for the leads of this person at this client, and writes the look-up in the log. You choose afterwards which are meant.',
  ],
  email: ['Adresse e-mail', 'Mail address'],
  phone: ['Téléphone', 'Phone'],
  secondPhone: ['Autre téléphone', 'Another phone'],
  reference: ['Référence d’un lead connu', 'Reference of a known lead'],
  receivedOn: ['Reçue le', 'Received on'],
  receivedHint: [
    'Vide : aujourd’hui. Le délai court de ce jour.',
    'Empty: today. The term runs from this day.',
  ],
  document: ['La demande elle-même', 'The demand itself'],
  documentHint: [
    'E-mail, PDF ou scan ; 10 Mo au plus. Conservé chiffré.',
    'Mail, PDF or scan; 10 MB at most. Kept sealed.',
  ],
  identity: ['Comment l’identité a été vérifiée', 'How the identity was checked'],
  identityHint: [
    'Ni nom de personne, ni adresse e-mail, ni téléphone ; peut être indiqué plus tard.',
    'No mail address, no phone; may be said later.',
  ],
  lastName: ['Nom de la personne', 'Last name of the person'],
  firstName: ['Prénom', 'First name'],
  nameHint: [
    'Un lead qui partage l’adresse sous un autre nom n’est pas coché d’avance.',
    'Nothing is ticked for who shares the address under another name.',
  ],
  showNames: ['Voir les noms', 'Show the names'],
  showNamesText: [
    'Les noms portés par ces leads, pour distinguer une personne d’une autre. La consultation est inscrite au journal.',
    'The names that these leads bear, to tell one person from another. The look is written in the log.',
  ],
  channels: ['Canaux (opposition ou retrait)', 'Channels (objection or withdrawal)'],
  channelsHint: [
    'Aucun coché : tous. La demande vaut pour toutes les finalités, lettres d’information comprises.',
    'None ticked: all. The request holds for every purpose, newsletters included.',
  ],
  save: ['Enregistrer', 'Save'],
  whoAsked: [
    'Donnez une adresse e-mail, un téléphone ou une référence.',
    'Give a mail address, a phone or a reference.',
  ],
  badClient: ['Aucun client ne porte ce nom.', 'No client has this name.'],
  badDate: ['Ce n’est pas une date.', 'This is no date.'],
  life: ['Déroulé', 'What was done'],
  openedBy: ['Enregistrée', 'Noted'],
  extended: ['Délai prolongé', 'Term extended'],
  identityChecked: ['Identité vérifiée', 'Identity checked'],
  confirmed: ['Périmètre confirmé', 'Leads confirmed'],
  applied: ['Exécutée', 'Carried out'],
  lifted: ['Limitation levée', 'Restriction lifted'],
  informed: ['Personne informée', 'Person informed'],
  closedAt: ['Close', 'Closed'],
  about: ['Porte sur', 'About'],
  logEntries: ['entrées du journal', 'entries of the log'],
  leads: ['Leads de la personne', 'Leads of the person'],
  collected: ['Recueilli', 'Collected'],
  found: ['Trouvé', 'Found'],
  byAsked: ['d’après les coordonnées fournies', 'by what was given'],
  byShared: ['partage une adresse : est-ce la même personne ?', 'shares an address: theirs?'],
  decision: ['Décision', 'Decision'],
  row: ['Ligne refusée', 'Refused row'],
  gone: ['n’est plus là', 'is gone'],
  nothingFound: [
    'Rien de cette personne n’a été trouvé chez ce client.',
    'Nothing of this person was found at that client.',
  ],
  recipients: ['Destinataires', 'Recipients'],
  recipient: ['Destinataire', 'Recipient'],
  told: ['Action attendue', 'To be informed'],
  since: ['Depuis', 'Since'],
  evidence: ['Preuve', 'Evidence'],
  noRecipients: [
    'Personne n’a reçu ces leads, ou personne n’a à être prévenu.',
    'Nobody received these leads, or has to be informed.',
  ],
  notByMachine: [
    'une limitation se demande par écrit au destinataire',
    'a restriction is asked for in writing',
  ],
  effects: ['Ce qui a changé dans nos bases', 'What changed in our tables'],
  table: ['Table', 'Table'],
  columns: ['Colonnes', 'Columns'],
  rows: ['Lignes', 'Rows'],
  papers: ['Lettres, documents et preuves', 'Letters, documents and proofs'],
  letter: ['Lire la lettre', 'Read the letter'],
  letterTitle: ['Lettre', 'Letter'],
  letterFile: ['Télécharger le texte', 'Download as text'],
  letterPage: ['Page à imprimer', 'Page that prints'],
  letterLogged: [
    'La lettre d’une rectification contient les nouvelles valeurs : la lire est inscrit au journal.',
    'The letter of a correction holds the new values: reading it is written in the log.',
  ],
  takeDocument: ['Télécharger le document', 'Take the document out'],
  takeHint: [
    'Il contient les données d’une personne : supprimez-le une fois lu.',
    'It holds a person’s data: delete it once read.',
  ],
  addDocument: ['Ajouter un document', 'Add a document'],
  bytes: ['octets', 'bytes'],
  apply: ['Exécuter', 'Carry out'],
  applyText: [
    'Cochez les leads visés ; les autres sont laissés de côté, et cela est inscrit. Ce qui est effacé ne revient pas.',
    'Tick the leads that are meant; the others are left out, which is recorded. Erased data does not come back.',
  ],
  applyRest: [
    'Une exécution a été interrompue : elle reprend où elle s’est arrêtée, avec le périmètre déjà confirmé.',
    'It was interrupted: it continues where it stopped, with the leads confirmed before.',
  ],
  changing: ['Ce qui va changer', 'What will change'],
  changingText: [
    'Entre parenthèses, la réponse en vigueur. Un lead non coché change aussi s’il porte les mêmes coordonnées qu’un lead coché : un CRM garde le refus par adresse.',
    'In brackets the answer in force. A lead that is not ticked changes too where it has the address of one that is: a CRM keeps a refusal by address.',
  ],
  ifTicked: ['S’il est coché', 'If it is ticked'],
  besides: ['Sans être coché', 'Without being ticked'],
  changesNothing: ['rien', 'nothing'],
  notRecorded: ['sans réponse enregistrée', 'without a recorded answer'],
  applyNone: [
    'Aucune case cochée : il est inscrit que rien n’est détenu sur cette personne.',
    'Nothing ticked: it is recorded that nothing is held of this person.',
  ],
  confirmNumber: [
    'Tapez le numéro de la demande pour confirmer',
    'Type the number of the request to confirm',
  ],
  wrongNumber: [
    'Le numéro tapé n’est pas celui de la demande : rien n’a été fait.',
    'The number typed is not that of the request: nothing was done.',
  ],
  field: ['Champ à rectifier', 'Field to correct'],
  value: ['Nouvelle valeur', 'New value'],
  valueHint: ['Vide : la valeur est retirée.', 'Empty: the value is taken out.'],
  answer: ['Préparer la réponse', 'Prepare the answer'],
  answerText: [
    'Tout ce qui est détenu, avec la lettre, dans un fichier conservé chiffré, que vous téléchargez d’ici pendant un jour ; il est ensuite supprimé. Relisez-le, remettez-le à la personne, puis notez la réponse.',
    'All that is held, with the letter, in a file that is kept encrypted and that you download from here for one day; then it is deleted. Read it over, give it to the person, then note the answer.',
  ],
  answerReady: ['Réponse prête', 'Answer ready'],
  answerUntil: ['supprimée le', 'deleted on'],
  takeAnswer: ['Télécharger la réponse', 'Download the answer'],
  answerHint: [
    'Une archive ZIP : la lettre à remettre et les données. Elle contient les données d’une personne ; chaque téléchargement est inscrit au journal.',
    'A ZIP archive: the letter to hand over, and the data. It holds a person’s data; each download is an entry of the log.',
  ],
  myTitle: ['Demandes de personnes', 'Requests of persons'],
  myText: [
    'Ce que vos prospects ont demandé pour leurs droits. Lisez la copie de la demande, faites de même dans vos bases, informez la personne, puis déclarez-le.',
    'Requests of your prospects for their rights. Read the copy of the demand, do the same in your own tables, inform the person, then declare it.',
  ],
  myDeclare: ['Déclarer que la personne est informée', 'Declare that the person was informed'],
  myDeclareText: [
    'Dites quand et comment vous l’avez informée que sa demande est satisfaite. Ne nommez personne.',
    'Say when and how you informed them that their request is met. Name nobody.',
  ],
  myDeclareEarly: [
    'Cette demande n’est pas encore exécutée dans nos bases. Attendez le message qui vous dira que c’est fait : une déclaration faite avant est à refaire.',
    'This request is not carried out in our systems yet. Wait for the message that says it is: a declaration made before has to be made again.',
  ],
  myNoDocument: [
    'Aucune copie n’est jointe : la demande a été faite de vive voix, ou n’est plus conservée.',
    'There is no copy: the demand was made by word of mouth, or is no longer kept.',
  ],
  answered: ['Noter la réponse', 'Note the answer'],
  extend: ['Prolonger de deux mois', 'Extend by two months'],
  extendText: [
    'Une seule fois, dans le premier mois ; la personne en est informée avec le motif.',
    'Once, within the first month; the person is informed, with the reason.',
  ],
  extendLate: [
    'Prolonger n’est plus possible : la personne devait en être informée dans le mois qui suit la réception (RGPD, article 12, paragraphe 3), et ce mois est passé. Répondez-lui au plus vite.',
    'It can no longer be extended: the person had to be informed within a month of its receipt (GDPR, article 12(3)), and that month is over. Answer them without delay.',
  ],
  acknowledge: ['Noter l’accusé du destinataire', 'Note what the recipient said'],
  declare: ['Noter que la personne est informée', 'Note that the person was informed'],
  lift: ['Lever la limitation', 'Lift the restriction'],
  liftText: [
    'La personne en est informée avant ; ce qui était retenu part automatiquement.',
    'Inform the person before; what was held back leaves by itself.',
  ],
  close: ['Clore', 'Close'],
  acts: ['Agir', 'Act'],
  proofs: ['Preuves signées', 'Signed proofs'],
  proof: ['Preuve', 'Proof'],
  act: ['Acte', 'Act'],
  made: ['Faite', 'Made'],
  noProofs: ['Aucune preuve.', 'No proof.'],
  verified: [
    'La signature est valide : rien n’a été changé depuis.',
    'The signature is good: nothing was changed since.',
  ],
  broken: [
    'La preuve ne se vérifie pas : elle a été changée, ou aucune de nos clés ne l’a signée.',
    'The proof does not verify: it was changed, or none of our keys signed it.',
  ],
  documentGone: [
    'Le document a été supprimé avec les leads qu’il nomme ; la personne qui l’a reçu l’a encore.',
    'The document went with the leads it names; who was given it has it.',
  ],
  signedFile: ['Fichier signé (JSON)', 'Signed file (JSON)'],
  page: ['Page lisible (HTML)', 'Page to read (HTML)'],
  signedBy: ['Signée par', 'Signed by'],
  publicKeys: ['Clés publiques', 'Public keys'],
  before: ['avant', 'before'],
  after: ['après', 'after'],
} as const satisfies Readonly<Record<string, Both>>;

// Names states, kinds and refusals of a prospect's request, in French, then English.

/** Acts of a proof: a right, the end of retention, or the end of a contract. */
export const proofActWords: Readonly<Record<string, Both>> = {
  ...Object.fromEntries(
    requestKinds.map((kind): [string, Both] => [kind, [kindWords[kind].fr, kindWords[kind].en]]),
  ),
  purge: ['suppression à l’échéance', 'deletion when its time was over'],
  anonymisation: ['anonymisation', 'anonymised'],
  contract_end: ['fin du contrat', 'end of the contract'],
};

export const requestStateWords: Readonly<Record<string, Both>> = {
  open: ['à traiter', 'to be dealt with'],
  applied: ['exécutée', 'carried out'],
  closed: ['close', 'closed'],
  refused: ['refusée', 'refused'],
};

export const decisionWords: Readonly<Record<string, Both>> = {
  proposed: ['proposé', 'proposed'],
  confirmed: ['visé', 'meant'],
  left_out: ['laissé de côté', 'left out'],
};

export const toldWords: Readonly<Record<string, Both>> = {
  update: ['modifier', 'update'],
  erase: ['effacer', 'erase'],
  restrict: ['limiter', 'restrict'],
};

export const recipientWords: Readonly<Record<RecipientState, Both>> = {
  owed: ['en chemin', 'on its way'],
  written: ['à demander par écrit', 'to be asked in writing'],
  told: ['prévenu, sans preuve', 'informed, not proved'],
  acknowledged: ['fait', 'done'],
  explained: ['expliqué', 'explained'],
};

export const missingWords: Readonly<Record<ClosingProblem['what'], Both>> = {
  closed_before: ['elle est déjà close', 'it is closed already'],
  not_applied: ['elle n’est pas exécutée', 'it is not carried out'],
  applied: ['elle est exécutée', 'it is carried out'],
  not_informed: [
    'le client n’a pas déclaré que la personne est informée',
    'the client has not declared that the person is informed',
  ],
  recipient_open: ['un destinataire n’a pas répondu', 'a recipient has not answered'],
};

export const channelWords: Readonly<Record<string, Both>> = {
  email: ['e-mail', 'mail'],
  sms: ['SMS', 'text message'],
  phone: ['téléphone', 'phone'],
  post: ['courrier', 'post'],
};

/** How many days are left, or how late it is. */
export const daysWords = (days: number): Both => {
  if (days < 0) return [`en retard de ${-days} j`, `${-days} d late`];
  return days === 0 ? ['dernier jour', 'last day'] : [`${days} j restants`, `${days} d left`];
};

/** Refusals of an act, by code; the message beside it has the details. */
export const refusedWords: Readonly<Partial<Record<string, Both>>> = {
  'REQUEST-001': [
    'La demande n’est pas, ou plus, dans l’état que cela suppose : rien n’a été fait.',
    'The request is not, or no longer, in the state for this: nothing was done.',
  ],
  'REQUEST-002': [
    'Il manque quelque chose à la demande, ou votre saisie ne convient pas : rien n’a été fait.',
    'Something is missing, or what was given does not fit: nothing was done.',
  ],
  'REQUEST-003': [
    'D’autres leads de cette personne sont arrivés entre-temps : relisez la liste. Rien n’a été fait.',
    'More of this person came in meanwhile: read the list again. Nothing was done.',
  ],
  'REQUEST-004': [
    'Elle ne peut pas encore être close : voyez ce qui manque.',
    'It cannot be closed yet: see what is missing.',
  ],
  'REQUEST-005': [
    'Le document est vide, trop gros, ou ne peut pas être rendu.',
    'The document is empty, too large, or cannot be given back.',
  ],
  'LOG-003': [
    'Des mois du journal sont archivés hors de la base : faites cette réponse au terminal, avec le dossier des archives.',
    'Months of the log are archived: make this answer at the terminal, with the folder of the archives.',
  ],
  'LOG-002': [
    'Une archive du journal manque ou n’est pas celle qui a été écrite : prévenez l’exploitation.',
    'An archive of the log is missing, or is not the one that was written: tell operations.',
  ],
  'LOG-004': [
    'Le journal est déjà en cours de vérification : attendez la fin de cette vérification. Rien n’a été fait.',
    'The log is being verified already: wait for its end. Nothing was done.',
  ],
  'USAGE-002': ['Dites pourquoi.', 'Say why.'],
  'ACCESS-001': ['Ce n’est pas accepté : rien n’a été fait.', 'That is not accepted: nothing was done.'],
  'DEST-001': ['Ce n’est pas possible : rien n’a été fait.', 'That cannot be done: nothing was done.'],
  'RESOLVE-001': [
    'Elle a changé depuis l’affichage de la page : relisez-la. Rien n’a été fait.',
    'It has changed since the page was made: read it again. Nothing was done.',
  ],
  'RESOLVE-002': [
    'Cette référence ne peut pas être gardée : donnez le numéro de la fiche chez le client, ou rien.',
    'This reference may not be kept: give the number of the client’s record, or none.',
  ],
  'REPLAY-001': [
    'Elle ne peut pas être rejouée, ou vient de l’être : relisez la page. Rien n’a été fait.',
    'It cannot be replayed, or was just now: read the page again. Nothing was done.',
  ],
  'REPLAY-002': [
    'Elle est en cours d’envoi, ou déjà terminée : rien n’a été fait.',
    'It is being sent, or at its end already: nothing was done.',
  ],
  'BULK-001': [
    'Ce traitement est déjà terminé : rien n’a été fait.',
    'This run has ended: nothing was done.',
  ],
  'TASK-001': [
    'Il n’y a rien à classer : rien n’a été fait.',
    'There is nothing to close: nothing was done.',
  ],
  'FIND-001': ['Rien n’existe sous ce nom.', 'Nothing has this name.'],
  'USAGE-001': [
    'Votre saisie ne convient pas : rien n’a été fait.',
    'The input does not fit: nothing was done.',
  ],
};
