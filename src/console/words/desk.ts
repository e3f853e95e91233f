// Words of the desk: deliveries, causes, destinations, tasks and bulk runs. French first.
import type { Both } from '../../support/words.ts';
import type { ReplayPlan } from '../../support/replay.ts';
import { doneWords, isRefusal, refusalWords } from '../../support/bulk-steps.ts';

export const deskWords = {
  number: ['Nº', 'No.'],
  client: ['Client', 'Client'],
  destination: ['Destination', 'Destination'],
  lead: ['Demande', 'Lead'],
  action: ['Action', 'Action'],
  planned: ['Prévue', 'Planned'],
  count: ['Nombre', 'Count'],
  oldest: ['La plus ancienne', 'Oldest'],
  any: ['Tous', 'All'],
  from: ['Du', 'From'],
  to: ['Au', 'To'],
  cause: ['Cause (code)', 'Cause (code)'],
  filter: ['Filtrer', 'Filter'],
  clear: ['Effacer les filtres', 'Clear filters'],
  noDeliveries: ['Aucune livraison ne correspond.', 'No delivery matches.'],
  replayAll: ['Rejouer tout ce que le filtre trouve…', 'Replay all that the filter matches…'],
  replayThese: ['Rejouer ces livraisons…', 'Replay these…'],
  delivery: ['Livraison', 'Delivery'],
  happened: ['Ce qui s’est passé', 'What happened'],
  advice: ['Ce que vous pouvez faire', 'What you can do'],
  contact: ['Interlocuteur pour les droits', 'Contact for rights'],
  act: ['Agir', 'Act'],
  replay: ['Rejouer', 'Replay'],
  cancel: ['Annuler la livraison', 'Cancel the delivery'],
  close: ['Classer', 'Close'],
  received: ['Le client l’a', 'The client has it'],
  notReceived: ['Le client ne l’a pas', 'The client has not'],
  evidence: ['Preuve', 'Evidence'],
  evidenceHint: ['Sur quoi cela repose : un courriel, un ticket.', 'What it rests on: a mail, a ticket.'],
  done: ['Fait.', 'Done.'],
  refused: ['Refusé', 'Refused'],
  nothingCancelled: [
    'Rien n’a été annulé : elle est déjà partie, ou terminée.',
    'Nothing was cancelled: it has left, or has ended.',
  ],
  alreadyClosed: ['Elle était déjà classée.', 'It was closed before.'],
  nothingToDo: ['Rien n’attend personne.', 'Nothing waits for anybody.'],
  toDecide: ['Échecs et décisions, par cause', 'Failures and decisions, by cause'],
  alerts: ['Alertes', 'Alerts'],
  alert: ['Alerte', 'Alert'],
  raised: ['Levée', 'Raised'],
  what: ['Que faire', 'What to do'],
  trouble: ['Destinations qui n’envoient pas normalement', 'Destinations that do not send as usual'],
  missing: [
    'Un processus manque : rien n’est pris ou envoyé tant qu’il ne tourne pas. Prévenez l’exploitation :',
    'A process is missing: nothing is taken in or sent while it does not run. Tell operations:',
  ],
  normal: ['envoie', 'sends'],
  stopped: ['suspendue', 'suspended'],
  closed: ['fermée à cette heure', 'closed at this hour'],
  held: ['en pause automatique', 'held'],
  quiet: ['au repos', 'quiet'],
  few: ['au ralenti', 'slowed'],
  connector: ['Par', 'By'],
  suspend: ['Suspendre', 'Suspend'],
  resume: ['Reprendre', 'Resume'],
  deliveriesNow: ['Livraisons par état', 'Deliveries by state'],
  seeDeliveries: ['Voir les livraisons', 'See the deliveries'],
  takeOver: ['Classer l’alerte', 'Close the alert'],
  run: ['Travail en nombre', 'Bulk run'],
  noRuns: ['Aucun travail en nombre.', 'No bulk run.'],
  progress: ['Avancement', 'Progress'],
  by: ['Demandé par', 'Asked by'],
  begun: ['Commencé', 'Begun'],
  ended: ['Terminé', 'Ended'],
  stopRun: ['Arrêter', 'Stop'],
  stopText: ['Ce qui est fait reste fait.', 'What is done stays done.'],
  plan: ['Ce qui se passera', 'What will happen'],
  planText: [
    'Compté à l’instant ; rien n’est encore fait. Opt-in et autorisations sont relus au départ.',
    'Counted just now; nothing is done yet. Opt-in and authorisations are read again at departure.',
  ],
  nothingGoes: ['Rien ne peut être rejoué.', 'Nothing can be replayed.'],
  confirm: ['Tapez le nombre pour confirmer', 'Type the number to confirm'],
  confirmHint: ['Le nombre de livraisons rejouées :', 'The number of deliveries replayed:'],
  changed: [
    'Le nombre ne correspond pas, ou il a changé entre-temps : relisez le plan.',
    'The number does not match, or has changed meanwhile: read the plan again.',
  ],
  cut: [
    'Plus de livraisons correspondent qu’un travail n’en prend : limitez la période.',
    'More deliveries match than one run takes: narrow the period.',
  ],
  filterIs: ['Filtre', 'Filter'],
  result: ['Résultat', 'Result'],
} as const satisfies Readonly<Record<string, Both>>;

export const kindWords: Readonly<Record<string, Both>> = {
  replay: ['rejeu', 'replay'],
  cancel: ['annulation', 'cancel'],
  close: ['classement', 'close'],
  resolve: ['issue à trancher', 'resolve'],
  backfill: ['reprise des demandes antérieures', 'backfill'],
};

export const runStateWords: Readonly<Record<string, Both>> = {
  running: ['en cours', 'running'],
  done: ['terminé', 'done'],
  cancelled: ['arrêté', 'stopped'],
};

/** What becomes of a delivery by a replay, or why nothing does. */
export const planWords = (plan: ReplayPlan | string): Both => {
  if (isRefusal(plan)) return [`refusées : ${refusalWords[plan][0]}`, `refused: ${refusalWords[plan][1]}`];
  return plan in doneWords ? doneWords[plan as keyof typeof doneWords] : [plan, plan];
};
