// Reads when leads came in, departed and were settled: for the metrics of a sample, and for the health of a destination.
// Invariant: reads only; all three times are the database's.
import { inList, type ReadOnlySql } from './database.ts';

/** Receipt, first departure and settlement of these deliveries; those of a lead without a receipt are missing. */
export async function deliveryTimes(
  sql: ReadOnlySql,
  deliveryIds: readonly number[],
): Promise<
  ReadonlyMap<
    number,
    { readonly receivedAt: Date; readonly departedAt: Date | null; readonly settledAt: Date | null }
  >
> {
  if (deliveryIds.length === 0) return new Map();
  const { marks, values } = inList(deliveryIds);
  const rows = await sql.all<{
    id: number;
    receivedAt: Date;
    departedAt: Date | null;
    settledAt: Date | null;
  }>(
    `SELECT d.id, r.received_at AS receivedAt, d.first_departed_at AS departedAt, d.settled_at AS settledAt
       FROM deliveries d JOIN intake_receipts r ON r.lead_id = d.lead_id AND r.kind = 'lead' WHERE d.id IN (${marks})`,
    values,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Reads how long a destination's newest delivered ones took, for its health: milliseconds from planning to
 * acceptance.
 */
export async function recentDurations(
  sql: ReadOnlySql,
  destinationId: string,
  count: number,
): Promise<readonly number[]> {
  const rows = await sql.all<{ ms: number }>(
    `SELECT TIMESTAMPDIFF(MICROSECOND, created_at, settled_at) / 1000 AS ms
       FROM deliveries FORCE INDEX (deliveries_destination)
      WHERE destination_id = ? AND state = 'delivered' AND settled_at IS NOT NULL ORDER BY id DESC LIMIT ${Math.trunc(count)}`,
    [destinationId],
  );
  return rows.map(({ ms }) => Math.max(0, Number(ms)));
}
