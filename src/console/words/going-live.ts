// Words of the items that a client must complete before it goes live. French first.
import type { GoLiveItem } from '../../domain/go-live.ts';
import type { Both } from '../../support/words.ts';

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
