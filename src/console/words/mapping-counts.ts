// Counts of a publication's changes, for one and for several. French first.
import type { OneAndSeveral } from '../../domain/counted.ts';

export const mappingCounts = {
  ending: [
    [
      'livraison en attente prendrait fin : son lead n’est plus pris',
      'waiting delivery would end: its lead is not taken any more',
    ],
    [
      'livraisons en attente prendraient fin : leurs leads ne sont plus pris',
      'waiting deliveries would end: their leads are not taken any more',
    ],
  ],
  keeping: [
    [
      'livraison en attente garde l’ancien contenu, car le destinataire l’a peut-être',
      'waiting delivery keeps the old content, because the recipient may have it',
    ],
    [
      'livraisons en attente gardent l’ancien contenu, car le destinataire l’a peut-être',
      'waiting deliveries keep the old content, because the recipient may have it',
    ],
  ],
  reopening: [
    ['livraison retenue est réexaminée', 'withheld delivery is looked at again'],
    ['livraisons retenues sont réexaminées', 'withheld deliveries are looked at again'],
  ],
  waiting: [
    ['lead l’attend', 'lead waits for it'],
    ['leads l’attendent', 'leads wait for it'],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;
