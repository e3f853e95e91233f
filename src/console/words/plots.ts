// Words of a destination's plots. French first.
import type { Both } from '../../support/words.ts';

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
