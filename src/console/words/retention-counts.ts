// Counts of the retention calendar, for one and for several. French first.
import type { OneAndSeveral } from '../../domain/counted.ts';

export const retentionCounts = {
  purged: [
    ['lead à supprimer', 'lead to delete'],
    ['leads à supprimer', 'leads to delete'],
  ],
  anonymised: [
    ['lead à anonymiser', 'lead to anonymise'],
    ['leads à anonymiser', 'leads to anonymise'],
  ],
  long: [
    [
      'lead conservé plus de trois ans après le dernier signe du prospect, sur instruction',
      'kept more than three years after the last sign, on instruction',
    ],
    [
      'leads conservés plus de trois ans après le dernier signe du prospect, sur instruction',
      'kept more than three years after the last sign, on instruction',
    ],
  ],
  endMissing: [
    [
      'lead d’une opération ponctuelle sans date de fin enregistrée',
      'lead of a one-off operation without a recorded end',
    ],
    [
      'leads d’opérations ponctuelles sans date de fin enregistrée',
      'leads of one-off operations without a recorded end',
    ],
  ],
  references: [
    ['référence', 'reference'],
    ['références', 'references'],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;
