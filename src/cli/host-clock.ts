// This host's own clock, for work on files alone, where no database is asked: a preview, a trial, a document.
// Invariant: nothing that is stored or sent to a client's destination takes its time from here.

export const hostNow = (): Date => new Date();
