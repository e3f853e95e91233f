// The outbox of alerts: raised in the transaction of what they tell, sent until they get through.
import { inList, type Sql } from './database.ts';

export const alertKinds = [
  'destination_held',
  'destination_reopened',
  'delivery_failed',
  'delivery_expired',
  'support_decides',
  'manual_task',
  'intake_failed',
  'intake_refused',
  'mapping_unusable',
  'seal_lag',
] as const;
export type AlertKind = (typeof alertKinds)[number];

export interface Alert {
  readonly kind: AlertKind;
  readonly clientId?: string;
  readonly destinationId?: string;
  readonly deliveryId?: number;
  readonly reason?: string;
}

export async function raiseAlerts(tx: Sql, alerts: readonly Alert[]): Promise<void> {
  for (const one of alerts) {
    await tx.run(
      'INSERT INTO alerts (kind, client_id, destination_id, delivery_id, reason) VALUES (?, ?, ?, ?, ?)',
      [
        one.kind,
        one.clientId ?? '',
        one.destinationId ?? '',
        one.deliveryId ?? 0,
        (one.reason ?? '').slice(0, 80),
      ],
    );
  }
}

/** Whether an alert of this kind was raised for the destination ('' for the house) within the last `seconds`. */
export async function raisedSince(
  sql: Sql,
  kind: AlertKind,
  destinationId: string,
  seconds: number,
): Promise<boolean> {
  const rows = await sql.all(
    'SELECT 1 FROM alerts WHERE kind = ? AND destination_id = ? AND raised_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) LIMIT 1',
    [kind, destinationId, -seconds],
  );
  return rows.length > 0;
}

export interface DueAlert extends Required<Alert> {
  readonly id: number;
  readonly raisedAt: Date;
}

/** Unsent alerts whose try is due; the caller's transaction holds them. */
export async function takeAlerts(tx: Sql, limit: number): Promise<readonly DueAlert[]> {
  const rows = await tx.all<{
    id: number;
    kind: AlertKind;
    client_id: string;
    destination_id: string;
    delivery_id: number;
    reason: string;
    raised_at: Date;
  }>(
    `SELECT id, kind, client_id, destination_id, delivery_id, reason, raised_at FROM alerts
      WHERE sent_at IS NULL AND next_try_at <= UTC_TIMESTAMP(3) ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  if (rows.length > 0) {
    const { marks, values } = inList(rows.map((row) => row.id));
    // Pushed ahead while being sent, so that a sender that dies is followed by another.
    await tx.run(
      `UPDATE alerts FORCE INDEX (PRIMARY) SET tries = tries + 1, next_try_at = TIMESTAMPADD(SECOND, LEAST(30 * POW(2, tries), 3600), UTC_TIMESTAMP(3)) WHERE id IN (${marks})`,
      values,
    );
  }
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    clientId: row.client_id,
    destinationId: row.destination_id,
    deliveryId: row.delivery_id,
    reason: row.reason,
    raisedAt: row.raised_at,
  }));
}

export async function alertsSent(sql: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await sql.run(
    `UPDATE alerts FORCE INDEX (PRIMARY) SET sent_at = UTC_TIMESTAMP(3) WHERE id IN (${marks})`,
    values,
  );
}
