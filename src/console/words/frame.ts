// Words around every page: navigation, errors, refusals, dates, saved views, plots. French first.
import { reason } from '../../support/acts/act.ts';
import type { Both } from '../../support/words.ts';
import type { ViewProblem } from '../../access/views.ts';

export const frame = {
  by: ['Par', 'By'],
  client: ['Client', 'Client'],
  factor: ['Second facteur', 'Second factor'],
  done: ['Fait.', 'Done.'],
  at: ['Date', 'Date'],
  all: ['Tous', 'All'],
  why: ['Motif', 'Why'],
  lead: ['Lead', 'Lead'],
  skip: ['Aller au contenu', 'Skip to content'],
  navigation: ['Navigation principale', 'Main navigation'],
  home: ['À traiter', 'To do'],
  deliveries: ['Livraisons', 'Deliveries'],
  causes: ['Échecs par cause', 'Failures by cause'],
  live: ['En direct', 'Live'],
  search: ['Rechercher', 'Search'],
  destinations: ['Destinations', 'Destinations'],
  mappings: ['Formats', 'Mappings'],
  tasks: ['Tâches', 'Tasks'],
  runs: ['Traitements groupés', 'Bulk runs'],
  requests: ['Droits', 'Rights'],
  retention: ['Conservation', 'Retention'],
  audit: ['Audit', 'Audit'],
  accounts: ['Administration', 'Administration'],
  anomalies: ['Anomalies', 'Anomalies'],
  account: ['Mon compte', 'My account'],
  signOut: ['Se déconnecter', 'Sign out'],
  otherLanguage: ['English', 'Français'],
  timesAre: ['Heures affichées', 'Times shown'],
  cancel: ['Annuler', 'Cancel'],
  back: ['Retour', 'Back'],
  next: ['Page suivante', 'Next page'],
  first: ['Première page', 'First page'],
  state: ['État', 'State'],
  cause: ['Cause', 'Cause'],
  none: ['Rien.', 'Nothing.'],
  choose: ['Choisissez…', 'Choose…'],
  reason: reason.words,
  reasonHint: reason.hint,
  notFound: ['Page introuvable', 'Page not found'],
  notFoundText: [
    'Il n’y a rien à cette adresse, ou vous n’y avez pas accès.',
    'There is nothing at this address, or it is not yours.',
  ],
  forbidden: ['Accès refusé', 'Not allowed'],
  forbiddenText: [
    'Votre compte n’a pas ce droit. Les rôles sont attribués par un administrateur.',
    'Your account may not do this. An administrator gives roles.',
  ],
  foreign: [
    'Cette requête ne vient pas d’une page de la console : rien n’a été fait. Rouvrez la page et recommencez.',
    'This request does not come from a page of the console: nothing was done. Open the page again and repeat.',
  ],
  wrong: ['L’opération n’a pas abouti', 'The request did not succeed'],
  ours: [
    'Une erreur interne s’est produite ; rien n’a été fait à moitié. Réessayez, puis prévenez l’équipe technique.',
    'An internal error occurred; nothing was half done. Try again, then tell the technical team.',
  ],
  away: [
    'La base de données ne répond pas. Rien n’est perdu ; réessayez dans un instant.',
    'The database does not answer. Nothing is lost; try again in a moment.',
  ],
  takesNothing: [
    'La base de données n’enregistre rien en ce moment (lecture seule, disque plein ou verrou). Rien n’est perdu ; réessayez plus tard.',
    'The database takes nothing now (read-only, disk full or a lock). Nothing is lost; try again later.',
  ],
  tooMany: [
    'Trop de requêtes depuis cette adresse : attendez une minute.',
    'Too many requests from this address: wait a minute.',
  ],
  unreadable: ['La requête ne peut pas être lue.', 'The request cannot be read.'],
} as const satisfies Readonly<Record<string, Both>>;

// Words of the fields that ask for a date. French first.

export const dateWords = {
  // A browser in another language draws the month first, and shows these letters.
  day: [
    'jj/mm/aaaa ; si le champ affiche mm/dd, le mois d’abord',
    'dd/mm/yyyy; where the field shows mm/dd, the month first',
  ],
  month: ['Mois et année ; sans calendrier : 2027-03', 'Month and year; without a calendar: 2027-03'],
} as const satisfies Readonly<Record<string, Both>>;

// Words of saved views. French first.

export const viewWords = {
  views: ['Vos vues enregistrées', 'Your saved views'],
  save: ['Enregistrer cette vue…', 'Save this view…'],
  name: ['Nom de la vue', 'Name of the view'],
  nameHint: [
    '60 caractères au plus ; ni adresse e-mail ni téléphone. Un nom déjà pris est remplacé.',
    '60 characters at most; no mail address, no phone. A name that is taken is replaced.',
  ],
  keep: ['Enregistrer', 'Save'],
  removeIt: ['Supprimer la vue', 'Remove the view'],
  nothing: ['Il n’y a pas de filtre à enregistrer.', 'There is no filter to save.'],
} as const satisfies Readonly<Record<string, Both>>;

export const viewProblems: Readonly<Record<ViewProblem, Both>> = {
  no_name: ['Donnez un nom à la vue.', 'Give the view a name.'],
  name_long: ['Le nom a 60 caractères au plus.', 'The name has 60 characters at most.'],
  query_long: ['Ce filtre est trop long.', 'This filter is too long.'],
  too_many: [
    'Vous avez vingt vues : retirez-en une d’abord.',
    'You have twenty views: remove one of them first.',
  ],
};

// Words of a destination's plots. French first.

export const plotWords = {
  hours: ['Les dernières 24 heures', 'The last 24 hours'],
  days: ['Les 30 derniers jours', 'The last 30 days'],
  counts: ['Issues', 'Outcomes'],
  times: ['De l’échéance à la livraison', 'From due to delivered'],
  timesText: [
    'De l’échéance à la livraison, par heure ou jour de livraison : le temps écoulé depuis que la livraison était due, ou rejouée ; à un huitième près.',
    'From due to delivered, by the hour or day of delivery: since the delivery was due, or replayed; an eighth off at most.',
  ],
  none: ['Rien n’a été livré, refusé ou retenu.', 'Nothing was delivered, refused or withheld.'],
  table: ['Les chiffres', 'The figures'],
  hour: ['Heure', 'Hour'],
  day: ['Jour', 'Day'],
  delivered: ['livrées', 'delivered'],
  failed: ['en échec', 'failed'],
  withheld: ['retenues', 'withheld'],
  half: ['médiane', 'half within'],
  most: ['95 % en', '95% within'],
} as const satisfies Readonly<Record<string, Both>>;
