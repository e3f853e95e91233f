// Counts of the page of a bulk run, for one and for several. French first.
import type { OneAndSeveral } from '../../domain/counted.ts';

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
