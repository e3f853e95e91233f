// Reads how long a destination's newest deliveries took, for its health.
// Invariant: reads only, the newest few by index.
import type { ReadOnlySql } from './database.ts';

/** Milliseconds from planning to acceptance, of the newest delivered ones. */
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
