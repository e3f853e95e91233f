// Words around every page: navigation, errors, refusals. French first.
import { reason } from '../../support/acts/act.ts';
import type { Both } from '../../support/words.ts';

export const frame = {
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
  unknown: ['inconnu', 'unknown'],
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
