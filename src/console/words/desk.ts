// Words of the desk: deliveries, causes, destinations, tasks and bulk runs. French first.
import type { Both } from '../../support/words.ts';
import type { OneAndSeveral } from '../../domain/counted.ts';
import { frame } from './frame.ts';

export const deskWords = {
  number: ['N°', 'No.'],
  destination: ['Destination', 'Destination'],
  action: ['Action', 'Action'],
  count: ['Nombre', 'Count'],
  oldest: ['La plus ancienne', 'Oldest'],
  anyDestination: ['Toutes', 'All'],
  allCauses: ['Toutes', 'All'],
  filter: ['Filtrer', 'Filter'],
  clear: ['Effacer les filtres', 'Clear filters'],
  noDeliveries: ['Aucune livraison ne correspond.', 'No delivery matches.'],
  maybeRefused: [
    'Une ligne refusée à l’entrée n’a pas de livraison : la recherche la trouve par sa référence.',
    'A row that was refused at the entry has no delivery: the search finds it by its reference.',
  ],
  searchRefused: ['Rechercher cette référence', 'Search for this reference'],
  noDeliveriesYet: ['Aucune livraison pour l’instant.', 'No delivery so far.'],
  widen: [
    'Élargissez la période ou l’état ; une référence se saisit en entier.',
    'Widen the period or the state; a reference is typed whole.',
  ],
  replayAllTitle: ['Rejouer tout ce que le filtre trouve', 'Replay all that the filter matches'],
  authorisations: ['Habilitations', 'Authorisations'],
  optInSent: ['Opt-in transmis', 'Opt-in sent'],
  theirField: ['Champ du client', 'Field of the client'],
  theirValue: ['Valeur', 'Value'],
  means: ['Signifie', 'Means'],
  cancelAllTitle: ['Annuler tout ce que le filtre trouve', 'Cancel all that the filter matches'],
  cancelAll: ['Annuler tout ce que le filtre trouve…', 'Cancel all that the filter matches…'],
  cancelThem: ['Annuler ces livraisons', 'Cancel these deliveries'],
  nothingEnds: ['Rien ne peut être annulé.', 'Nothing can be cancelled.'],
  confirmEnd: ['Le nombre de livraisons annulées :', 'The number of deliveries cancelled:'],
  pauseRun: ['Mettre en pause', 'Pause'],
  goOn: ['Continuer', 'Go on'],
  replayAll: ['Rejouer tout ce que le filtre trouve…', 'Replay all that the filter matches…'],
  replayThese: ['Rejouer ces livraisons…', 'Replay these…'],
  delivery: ['Livraison', 'Delivery'],
  happened: ['Ce qui s’est passé', 'What happened'],
  advice: ['Ce que vous pouvez faire', 'What you can do'],
  contact: ['Interlocuteur pour les droits', 'Contact for rights'],
  act: ['Agir', 'Act'],
  replay: ['Rejouer', 'Replay'],
  lookAgain: ['Réexaminer', 'Look at it again'],
  sendAllTheSame: ['Envoyer quand même', 'Send all the same'],
  sendAllTheSameText: [
    'Sans réponse du client : il pourrait l’avoir deux fois. Le motif dit pourquoi un doublon est accepté.',
    'Without the client’s answer: it might hold it twice. The reason says why a double is accepted.',
  ],
  deliveredAgain: [
    'Déjà livrée : la rejouer l’envoie une seconde fois.',
    'Delivered already: a replay sends it a second time.',
  ],
  unchanged: [
    'Le format n’a pas changé depuis cet échec : si le destinataire n’a rien corrigé, elle échouera de même.',
    'The mapping has not changed since it failed: unless the recipient has mended something, a replay will fail alike.',
  ],
  cancel: ['Annuler la livraison', 'Cancel the delivery'],
  close: ['Classer', 'Close'],
  heldTitle: ['Un fichier est retenu', 'A file is held back'],
  heldRows: ['Leads dans ce fichier', 'Leads in this file'],
  heldMissing: [
    'Présents dans le précédent, absents de celui-ci',
    'In the one before, no longer in this one',
  ],
  heldSince: ['Retenu depuis', 'Held since'],
  heldText: [
    'Le client remplace tout par ce fichier : ce qui n’y est plus disparaît chez lui. Cherchez d’abord pourquoi.',
    'The client replaces everything by this file: what is no longer in it disappears there. First find out why.',
  ],
  releaseFile: ['Laisser partir', 'Let it leave'],
  releaseHint: [
    'Un fichier des leads du moment part, avec au moins autant de leads.',
    'A file of the leads as they are now leaves, with as many leads at least.',
  ],
  discardFile: ['Abandonner ce fichier', 'Give this file up'],
  discardHint: [
    'Rien ne part : ses leads seront dans le fichier suivant, vérifié de la même façon.',
    'Nothing leaves: its leads stand in the file of the next hour, which is looked at in the same way.',
  ],
  released: ['Noté : un fichier part maintenant.', 'Noted: a file leaves now.'],
  fileNow: ['Envoyer le fichier maintenant', 'Send the file now'],
  fileAsked: [
    'Demandé : le fichier part aussitôt, s’il y a quelque chose à envoyer.',
    'Asked for: the file leaves at once, if anything waits for it.',
  ],
  testIt: ['Tester l’accès', 'Test the access'],
  testText: [
    'Adresse, chiffrement, identifiants ; aucun lead n’est envoyé.',
    'Address, encryption, credentials; no lead is sent.',
  ],
  reached: ['Le destinataire répond.', 'The recipient is reached.'],
  notReached: ['Le destinataire ne répond pas :', 'The recipient is not reached:'],
  noLeadSent: ['Aucun lead n’a été envoyé.', 'No lead was sent.'],
  resolveText: [
    'Personne ne sait si le client l’a. Demandez-lui, puis dites ce qu’il a répondu.',
    'Nobody knows whether the client has it. Ask, then say what they answered.',
  ],
  received: ['Le client l’a', 'The client has it'],
  notReceived: ['Le client ne l’a pas : renvoyer', 'The client has not: send again'],
  notReceivedEnded: ['Le client ne l’a pas', 'The client has not'],
  refused: ['Refusé', 'Refused'],
  alreadyClosed: ['Elle était déjà classée.', 'It was closed before.'],
  nothingToDo: ['Rien n’attend d’intervention.', 'Nothing waits for anybody.'],
  toDecide: ['Échecs et décisions, par cause', 'Failures and decisions, by cause'],
  alerts: ['Alertes', 'Alerts'],
  alert: ['Alerte', 'Alert'],
  concerned: ['Concerne', 'About'],
  raised: ['Levée', 'Raised'],
  trouble: ['Destinations qui n’envoient pas normalement', 'Destinations that do not send as usual'],
  missing: [
    'Un processus manque : rien n’est pris en charge ni envoyé tant qu’il ne tourne pas. Prévenez l’exploitation :',
    'A process is missing: nothing is taken in or sent while it does not run. Tell operations:',
  ],
  normal: ['envoie', 'sends'],
  stopped: ['suspendue', 'suspended'],
  closed: ['fermée à cette heure', 'closed at this hour'],
  held: ['en pause automatique', 'held'],
  quiet: ['au repos', 'quiet'],
  few: ['au ralenti', 'slowed'],
  connector: ['Par', 'By'],
  underWay: ['En cours', 'Under way'],
  oldestWaits: ['Attend depuis', 'Waits for'],
  needPerson: ['À traiter', 'Need a person'],
  detail: ['Détail', 'Detail'],
  version: ['Version du format', 'Version of the mapping'],
  nowInForce: ['en vigueur :', 'in force:'],
  took: ['Durée des dernières livraisons', 'Time the latest deliveries took'],
  noneLately: ['aucune livraison récente', 'no delivery of late'],
  seeFailed: ['Voir les échecs', 'See what failed'],
  statusAlready: [
    'Elle l’est déjà, ou elle est archivée : rien n’a été fait.',
    'It is so already, or archived: nothing was done.',
  ],
  suspend: ['Suspendre', 'Suspend'],
  resume: ['Reprendre', 'Resume'],
  seeDeliveries: ['Voir les livraisons', 'See the deliveries'],
  replan: ['Préparer à nouveau les leads mis de côté', 'Plan the leads that were set aside again'],
  takeOver: ['Classer l’alerte', 'Close the alert'],
  runKind: ['Nature', 'Kind'],
  run: ['Traitement groupé', 'Bulk run'],
  noRuns: ['Aucun traitement groupé.', 'No bulk run.'],
  progress: ['Avancement', 'Progress'],
  by: ['Demandé par', 'Asked by'],
  begun: ['Commencé', 'Begun'],
  ended: ['Terminé', 'Ended'],
  stopRun: ['Arrêter', 'Stop'],
  stopText: ['Ce qui est fait reste fait.', 'Finished work stays done.'],
  plan: ['Ce qui se passera', 'What will happen'],
  planText: [
    'Compté à l’instant ; rien n’est encore fait. Opt-in et habilitations sont relus au départ.',
    'Counted just now; nothing is done yet. Opt-in and authorisations are read again at departure.',
  ],
  planEndText: [
    'Compté à l’instant ; rien n’est encore fait. Ce qui est en cours d’envoi, ou terminé, reste tel quel.',
    'Counted just now; nothing is done yet. A delivery that is being sent, or has ended, stays as it is.',
  ],
  seeMatching: ['Voir ces livraisons', 'See these deliveries'],
  nothingGoes: ['Rien ne peut être rejoué.', 'Nothing can be replayed.'],
  confirm: ['Tapez le nombre pour confirmer', 'Type the number to confirm'],
  confirmHint: ['Le nombre de livraisons rejouées :', 'The number of deliveries replayed:'],
  askedFor: ['Ce qui était demandé', 'What was asked for'],
  onlyOpen: ['Seulement ce qui attend une intervention', 'Only what needs a person'],
  followLive: ['Suivre en direct', 'Follow live'],
  yes: ['oui', 'yes'],
  toDo: ['Que faire', 'What to do'],
  terminal: ['Au terminal', 'At the terminal'],
  anotherRole: ['Cela demande un autre rôle :', 'That is done by another role:'],
  allAlerts: ['Toutes les tâches', 'All tasks'],
  andMore: ['et d’autres', 'and more'],
  result: ['Résultat', 'Result'],
  sinceThen: ['Où en sont ces livraisons à présent', 'Where these deliveries stand now'],
  listGone: [
    'La liste de ces livraisons n’est plus gardée : elle l’est 30 jours après la fin du traitement.',
    'The list of these deliveries is no longer kept: it is for 30 days after the end of the run.',
  ],
  allOfRun: ['Toutes ces livraisons', 'All these deliveries'],
} as const satisfies Readonly<Record<string, Both>>;

/** Confirmation of an act, by the word in the address after it. */
const doneSays: Readonly<Record<string, Both>> = {
  done: frame.done,
  released: deskWords.released,
  asked: deskWords.fileAsked,
  delivered: [
    'Noté : elle est livrée. Ce qui attendait cette réponse part maintenant.',
    'Noted: it is delivered. Deliveries that waited for this answer leave now.',
  ],
  goes_on: [
    'Noté : cet appel est fait ; les appels suivants de la livraison partent maintenant.',
    'Noted: this call is done; the next calls of the delivery leave now.',
  ],
  sent_again: [
    'Noté : elle repart maintenant, sous la même clé.',
    'Noted: it is sent again now, under the same key.',
  ],
  ended_unreceived: [
    'Noté : le client ne l’a pas. Elle reste terminée ; « Rejouer » la renvoie.',
    'Noted: the client has not. It stays at its end; “Replay” sends it again.',
  ],
};

export const saidDone = (word: string): Both | undefined =>
  Object.hasOwn(doneSays, word) ? doneSays[word] : undefined;

/** How leads reach a destination, by the name of its connector. */
export const connectorWords: Readonly<Record<string, Both>> = {
  webhook: ['requête HTTPS (webhook)', 'HTTPS request (webhook)'],
  email: ['e-mail', 'mail'],
  sms: ['SMS', 'text message'],
  flow: ['fichier', 'file'],
  pull: ['retrait par le client (pull)', 'fetched by the client (pull)'],
};

export const runStateWords: Readonly<Record<string, Both>> = {
  running: ['en cours', 'running'],
  paused: ['en pause', 'paused'],
  done: ['terminé', 'done'],
  cancelled: ['arrêté', 'stopped'],
};

// Counts of the page of a bulk run, for one and for several. French first.

export const runCounts = {
  unknown: [
    [
      'livraison n’est pas suivie : son lead n’existe plus, ou une version antérieure de Relais l’a traitée',
      'delivery is not followed: its lead is gone, or an earlier version of Relais worked it',
    ],
    [
      'livraisons ne sont pas suivies : leurs leads n’existent plus, ou une version antérieure de Relais les a traitées',
      'deliveries are not followed: their leads are gone, or an earlier version of Relais worked them',
    ],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;

// Words of the live tail. French first.

export const liveWords = {
  title: ['En direct', 'Live'],
  text: [
    'Ce qui se passe pour les livraisons et leurs destinations, à mesure que le journal est scellé ; le plus récent en haut.',
    'Events of deliveries and their destinations, as the log is sealed; the newest first.',
  ],
  at: ['Heure', 'Time'],
  what: ['Ce qui s’est passé', 'What happened'],
  stateNow: ['État actuel', 'State by now'],
  newer: ['Plus récentes', 'Newer'],
  newest: ['Les toutes dernières', 'The very newest'],
  nothingNewer: ['Rien de nouveau pour l’instant.', 'Nothing new for now.'],
  nothing: [
    'Rien ne correspond parmi les dernières entrées du journal ; la liste des livraisons remonte plus loin.',
    'Nothing of the kind among the newest entries of the log; the list of deliveries reaches further back.',
  ],
  noRun: [
    '« En direct » montre ce qui se passe, pas un traitement groupé.',
    '“Live” shows what happens, not a bulk run.',
  ],
  list: ['Les mêmes livraisons, en liste', 'The same deliveries, as a list'],
  controls: ['Suivi en direct', 'Live view'],
  pause: ['Mettre en pause', 'Pause'],
  resume: ['Reprendre le direct', 'Go live again'],
  show: ['Afficher les nouvelles', 'Show the new ones'],
  none: ['En direct.', 'Live.'],
  one: ['1 nouvelle.', '1 new.'],
  many: ['{n} nouvelles.', '{n} new.'],
  more: ['Plus de {n} nouvelles.', 'More than {n} new.'],
  paused: ['En pause.', 'Paused.'],
  silent: ['La console ne répond pas ; nouvel essai…', 'The console does not answer; trying again…'],
  ended: [
    'La session a pris fin : rechargez la page pour vous connecter.',
    'The session has ended: reload the page to sign in.',
  ],
  noPeriod: [
    'Le direct n’a pas de période : voyez la liste des livraisons.',
    'The live view has no period: see the list of deliveries.',
  ],
} as const satisfies Readonly<Record<string, Both>>;
