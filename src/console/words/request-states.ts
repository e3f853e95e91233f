// Names states, kinds and refusals of a prospect's request, in French, then English.
import type { ClosingProblem, RecipientState } from '../../domain/requests.ts';
import { kindWords, requestKinds } from '../../domain/requests.ts';
import type { Both } from '../../support/words.ts';

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
  told: ['prévenu, sans preuve', 'told, not proved'],
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
    'What was given does not fit: nothing was done.',
  ],
};
