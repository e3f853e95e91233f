// Stores the invented leads that were sent to test a destination (table test_leads).
// Invariant: counted under the destination's lock, so that two at once count as two.
import type { ReadOnlySql, Sql } from './database.ts';

export interface TestLeadRow {
  readonly id: number;
  readonly destinationId: string;
  readonly reference: string;
  readonly place: 'sandbox' | 'production';
  readonly actor: string;
  readonly sentAt: Date;
  /** Empty: not known yet, or never. */
  readonly outcome: string;
  readonly reason: string;
}

export async function countTestLeads(tx: Sql, destinationId: string, seconds: number): Promise<number> {
  const [row] = await tx.all<{ n: number }>(
    `SELECT COUNT(*) AS n FROM test_leads
      WHERE destination_id = ? AND sent_at > TIMESTAMPADD(SECOND, -${Math.trunc(seconds)}, UTC_TIMESTAMP(3))`,
    [destinationId],
  );
  return row?.n ?? 0;
}

export async function insertTestLead(
  tx: Sql,
  row: Pick<TestLeadRow, 'destinationId' | 'reference' | 'place' | 'actor'> & { readonly clientId: string },
): Promise<number> {
  const { insertId } = await tx.run(
    `INSERT INTO test_leads (client_id, destination_id, reference, place, actor, sent_at) VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3))`,
    [row.clientId, row.destinationId, row.reference, row.place, row.actor],
  );
  return insertId;
}

export async function settleTestLead(
  tx: Sql,
  id: number,
  { outcome, reason }: Pick<TestLeadRow, 'outcome' | 'reason'>,
): Promise<void> {
  await tx.run('UPDATE test_leads SET outcome = ?, reason = ? WHERE id = ?', [outcome, reason, id]);
}

/** Newest first. */
export const recentTestLeads = (
  sql: ReadOnlySql,
  destinationId: string,
  limit: number,
): Promise<readonly TestLeadRow[]> =>
  sql.all<TestLeadRow>(
    `SELECT id, destination_id AS destinationId, reference, place, actor, sent_at AS sentAt, outcome, reason
       FROM test_leads WHERE destination_id = ? ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    [destinationId],
  );
