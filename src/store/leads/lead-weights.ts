// Measures the history of a lead: counts its consents and interactions and sums their bytes in SQL.
// Invariant: reads only.
import type { Sql } from '../database.ts';

export interface LeadWeight {
  readonly consents: number;
  readonly interactions: number;
  /** Bytes of the texts of its interactions. */
  readonly contentBytes: number;
}

/** By lead; one without events is included. */
export async function readWeights(
  tx: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, LeadWeight>> {
  const consents = await tx.all<{ id: number; n: number }>(
    'SELECT lead_id AS id, COUNT(*) AS n FROM consents WHERE lead_id IN (?) GROUP BY lead_id',
    [leadIds],
  );
  const interactions = await tx.all<{ id: number; n: number; bytes: number | null }>(
    `SELECT lead_id AS id, COUNT(*) AS n, SUM(OCTET_LENGTH(content)) AS bytes
       FROM interactions WHERE lead_id IN (?) GROUP BY lead_id`,
    [leadIds],
  );
  const consentsOf = new Map(consents.map((row) => [row.id, Number(row.n)]));
  const interactionsOf = new Map(interactions.map((row) => [row.id, row]));
  return new Map(
    leadIds.map((id) => [
      id,
      {
        consents: consentsOf.get(id) ?? 0,
        interactions: Number(interactionsOf.get(id)?.n ?? 0),
        contentBytes: Number(interactionsOf.get(id)?.bytes ?? 0),
      },
    ]),
  );
}
