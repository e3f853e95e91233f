// Figures for health and metrics: counts by state, age of the oldest unsealed entry.
import type { Sql } from './database.ts';

export async function stateCounts(
  sql: Sql,
): Promise<readonly { readonly state: string; readonly count: number }[]> {
  return sql.all<{ state: string; count: number }>(
    'SELECT state, COUNT(*) AS count FROM deliveries GROUP BY state',
  );
}

/** 0 when everything is sealed. */
export async function oldestUnsealedSeconds(sql: Sql): Promise<number> {
  const [row] = await sql.all<{ age: number | null }>(
    `SELECT TIMESTAMPDIFF(SECOND, h.at, UTC_TIMESTAMP(6)) AS age FROM handovers_unsealed u JOIN handovers h ON h.id = u.handover_id
      ORDER BY u.handover_id LIMIT 1`,
  );
  return Math.max(0, row?.age ?? 0);
}
