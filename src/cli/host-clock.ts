// This host's own clock, for work on files alone, without a database: a preview, a trial, a document.
// Invariant: no stored time and no time sent to a client's destination comes from here.

export const hostNow = (): Date => new Date();
