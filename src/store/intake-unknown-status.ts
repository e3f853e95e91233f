// Refuses rows of lead_intake that have an unknown status.
// Invariant: a committed row is new or refused, so that none is overlooked; found by index.
import type { Sql } from './database.ts';
import { idList } from './intake.ts';

/** Refuses up to `limit` such rows; returns their number by client. */
export async function refuseStrays(
  tx: Sql,
  refusal: string,
  limit: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.all<{ id: string; clientId: string }>(
    `SELECT CAST(id AS CHAR) AS id, client_id AS clientId FROM lead_intake FORCE INDEX (lead_intake_turn)
      WHERE status < 'new' OR (status > 'new' AND status < 'refused') OR status > 'refused'
      LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  if (rows.length === 0) return new Map();
  const { marks, values } = idList(rows.map((row) => BigInt(row.id)));
  await tx.run(
    `UPDATE lead_intake FORCE INDEX (PRIMARY) SET status = 'refused', refusal = ?, settled_at = UTC_TIMESTAMP(3)
      WHERE id IN (${marks})`,
    [refusal, ...values],
  );
  const groups = Map.groupBy(rows, (row) => row.clientId);
  return new Map([...groups].map(([clientId, rows]) => [clientId, rows.length]));
}
