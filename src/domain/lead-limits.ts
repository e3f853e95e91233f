// What a lead may weigh: in one row, and in all (docs/lead-contract.md).
// Invariant: with these, no lead fills a process or a statement, however long its history.

/** Bytes of a JSON column of one row. */
export const mostColumnBytes = { consents: 262_144, interactions: 1_048_576 } as const;

/** Of one lead over all its rows. */
export const mostOfLead = { consents: 1_000, interactions: 1_000, contentBytes: 2_097_152 } as const;
