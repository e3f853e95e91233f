// Finds erasures and withdrawals that have not reached their recipient in time, and closes their tasks.
// Invariant: alerted once per delivery; the task closes by itself when the delivery ends.
import { carriesRightSql } from './carried-rights.ts';
import type { Sql } from './database.ts';

export interface WaitingRight {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly state: string;
  readonly reason: string;
}

/**
 * Overdue deliveries without an alert. A delivery that waits for the next file of its schedule, for hours that its mapping ranks
 * above rights, or for the recipient's decision, is not overdue.
 */
export async function waitingRights(
  sql: Sql,
  minutes: number,
  limit: number,
): Promise<readonly WaitingRight[]> {
  return sql.all<WaitingRight>(
    `SELECT d.id, d.client_id AS clientId, d.destination_id AS destinationId, d.state, d.reason
       FROM deliveries d FORCE INDEX (deliveries_open)
      WHERE d.settled_at IS NULL AND d.action IN ('update', 'erase') AND d.state IN ('planned', 'queued', 'waiting', 'withheld')
        AND d.reason NOT IN ('slot', 'outside_hours') AND d.created_at < TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3))
        AND ${carriesRightSql('d')}
        AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.delivery_id = d.id AND a.kind = 'right_waits')
      LIMIT ${Math.trunc(limit)}`,
    [-minutes],
  );
}

/** Closes the tasks of ended deliveries: rights that were delivered or failed with a task of their own, and internal errors. */
export async function closeSettled(sql: Sql): Promise<void> {
  await sql.run(
    `UPDATE alerts a JOIN deliveries d ON d.id = a.delivery_id SET a.closed_at = UTC_TIMESTAMP(3)
      WHERE a.closed_at IS NULL AND d.settled_at IS NOT NULL
        AND (a.kind = 'right_waits' OR (a.kind = 'internal_error' AND a.reason NOT LIKE 'BULK%'))`,
  );
}

/** True when a task is open for withdrawals of this client that were refused at intake. */
export async function isRefusedRightTold(sql: Sql, clientId: string): Promise<boolean> {
  const rows = await sql.all(
    `SELECT 1 FROM alerts WHERE kind = 'right_waits' AND reason = 'withdrawal_refused' AND client_id = ? AND closed_at IS NULL LIMIT 1`,
    [clientId],
  );
  return rows.length > 0;
}
