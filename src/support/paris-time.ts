// A moment as people read it: civil time of Paris.
// Invariant: what is stored and exported is UTC; this is for eyes only.

/** `25/11/2026 14:05:09`, Paris. */
export const paris = (at: Date | undefined | null): string =>
  at === undefined || at === null ? '-' : at.toLocaleString('fr-FR', { timeZone: 'Europe/Paris' });
