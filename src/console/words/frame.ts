// Words around every page: navigation, errors, refusals. French first.
import type { Both } from '../../support/words.ts';

export const frame = {
  skip: ['Aller au contenu', 'Skip to content'],
  navigation: ['Navigation principale', 'Main navigation'],
  home: ['À traiter', 'To do'],
  deliveries: ['Livraisons', 'Deliveries'],
  causes: ['Échecs par cause', 'Failures by cause'],
  search: ['Rechercher', 'Search'],
  destinations: ['Destinations', 'Destinations'],
  mappings: ['Formats', 'Mappings'],
  tasks: ['Tâches', 'Tasks'],
  runs: ['Travaux en nombre', 'Bulk runs'],
  requests: ['Droits', 'Rights'],
  retention: ['Conservation', 'Retention'],
  audit: ['Audit', 'Audit'],
  accounts: ['Comptes', 'Accounts'],
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
  unknown: ['inconnu', 'unknown'],
  reason: ['Motif', 'Reason'],
  reasonHint: [
    'Numéro de ticket et raison ; ni adresse e-mail ni téléphone. Écrit dans le journal.',
    'Ticket number and reason; no mail address, no phone. Written in the log.',
  ],
  notFound: ['Page introuvable', 'Page not found'],
  notFoundText: [
    'Rien n’est à cette adresse, ou ce n’est pas à vous.',
    'There is nothing at this address, or it is not yours.',
  ],
  forbidden: ['Accès refusé', 'Not allowed'],
  forbiddenText: [
    'Votre compte n’a pas ce droit. Un administrateur donne les rôles.',
    'Your account may not do this. An administrator gives roles.',
  ],
  foreign: [
    'Cette demande ne vient pas d’une page de la console : rien n’a été fait. Rouvrez la page et recommencez.',
    'This request does not come from a page of the console: nothing was done. Open the page again and repeat.',
  ],
  wrong: ['La demande n’a pas abouti', 'The request did not succeed'],
  ours: [
    'Une erreur interne s’est produite ; rien n’a été fait à moitié. Réessayez, puis prévenez l’équipe technique.',
    'An internal error occurred; nothing was half done. Try again, then tell the technical team.',
  ],
  away: [
    'La base de données ne répond pas. Rien n’est perdu ; réessayez dans un instant.',
    'The database does not answer. Nothing is lost; try again in a moment.',
  ],
  tooMany: [
    'Trop de demandes depuis cette adresse : attendez une minute.',
    'Too many requests from this address: wait a minute.',
  ],
  unreadable: ['La demande ne peut pas être lue.', 'The request cannot be read.'],
} as const satisfies Readonly<Record<string, Both>>;
