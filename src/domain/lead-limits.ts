// Limits the size of a lead: in one row, and over all its rows (docs/lead-contract.md).
// Invariant: within these limits no lead fills a process or a statement, however long its history.

/** Bytes of a JSON column of one row. */
export const mostColumnBytes = { consents: 262_144, interactions: 1_048_576 } as const;

/** Most of one lead, over all its rows. */
export const mostOfLead = { consents: 1_000, interactions: 1_000, contentBytes: 2_097_152 } as const;

/** Code of a département: 01 to 95, 2A, 2B, 971 to 988. */
export const departementCode = /^(0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5]|97[1-8]|98[4678])$/;
