// The formats a mapping can write.
// Invariant: closed; a connector lists those it carries.

export type Format = 'json' | 'form' | 'xml' | 'csv' | 'none';

/** How values are written when the file names no formatter: for a machine format, or for people. */
export type Mode = Format | 'sheet';
