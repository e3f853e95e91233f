// Words of the live tail. French first.
import type { Both } from '../../support/words.ts';

export const liveWords = {
  title: ['En direct', 'Live'],
  text: [
    'Ce qui se passe pour les livraisons et leurs destinations, à mesure que le journal est scellé ; le plus récent en haut.',
    'What happens to deliveries and their destinations, as the log is sealed; the newest first.',
  ],
  at: ['Heure', 'Time'],
  what: ['Ce qui s’est passé', 'What happened'],
  stateNow: ['État actuel', 'State by now'],
  newer: ['Plus récentes', 'Newer'],
  newest: ['Les toutes dernières', 'The very newest'],
  nothingNewer: ['Rien de nouveau pour l’instant.', 'Nothing new for now.'],
  nothing: [
    'Rien ne correspond parmi les dernières entrées du journal ; la liste des livraisons remonte plus loin.',
    'Nothing of the kind among the newest entries of the log; the list of deliveries goes further back.',
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
