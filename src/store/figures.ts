// Figures for health and metrics: counts by state, age of the oldest unsealed entry.
import type { Sql } from './database.ts';

export async function stateCounts(
  sql: Sql,
): Promise<readonly { readonly state: string; readonly count: number }[]> {
  return sql.all<{ state: string; count: number }>(
    'SELECT state, COUNT(*) AS count FROM deliveries GROUP BY state',
  );
}

/** True when an alert of this kind was raised within the last hour. */
export async function raisedLately(sql: Sql, kind: string): Promise<boolean> {
  const rows = await sql.all(
    'SELECT 1 FROM alerts WHERE kind = ? AND raised_at > TIMESTAMPADD(HOUR, -1, UTC_TIMESTAMP(3)) LIMIT 1',
    [kind],
  );
  return rows.length > 0;
}

/** Rows refused at intake since an alert last told of them. */
export async function refusedSinceAlert(sql: Sql): Promise<number> {
  const [row] = await sql.all<{ n: number }>(
    `SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'refused'
        AND settled_at > COALESCE((SELECT MAX(raised_at) FROM alerts WHERE kind = 'intake_refused'), '2000-01-01')`,
  );
  return row?.n ?? 0;
}

/** One look without a transaction, for an idle intake. */
export async function anyNewRow(sql: Sql): Promise<boolean> {
  return (await sql.all("SELECT 1 FROM lead_intake WHERE status = 'new' LIMIT 1")).length > 0;
}

/** 0 when everything is sealed. */
export async function oldestUnsealedSeconds(sql: Sql): Promise<number> {
  const [row] = await sql.all<{ age: number | null }>(
    `SELECT TIMESTAMPDIFF(SECOND, h.at, UTC_TIMESTAMP(6)) AS age FROM handovers_unsealed u JOIN handovers h ON h.id = u.handover_id
      ORDER BY u.handover_id LIMIT 1`,
  );
  return Math.max(0, row?.age ?? 0);
}
