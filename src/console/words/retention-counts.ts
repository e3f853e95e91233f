// What the calendar counts, one and several. French first.
import type { Both } from '../../support/words.ts';

export const retentionCounts = {
  purged: [
    ['demande à supprimer', 'lead to delete'],
    ['demandes à supprimer', 'leads to delete'],
  ],
  anonymised: [
    ['demande à anonymiser', 'lead to anonymise'],
    ['demandes à anonymiser', 'leads to anonymise'],
  ],
  references: [
    ['référence', 'reference'],
    ['références', 'references'],
  ],
} as const satisfies Readonly<Record<string, readonly [Both, Both]>>;
