// Formats a moment for people, in the civil time of Paris.
// Invariant: only for display; storage and exports use UTC.

/** `25/11/2026 14:05:09`, Paris. */
export const paris = (at: Date | undefined | null): string =>
  at === undefined || at === null ? '-' : at.toLocaleString('fr-FR', { timeZone: 'Europe/Paris' });
