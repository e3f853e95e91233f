// The outbox of alerts: raised in the transaction of what they report, sent until they get through.
import type { AlertKind } from '../domain/alert-kinds.ts';
import { inList, insertGroups, rowMarks, type Sql } from './database.ts';

export interface Alert {
  readonly kind: AlertKind;
  readonly clientId?: string;
  readonly destinationId?: string;
  readonly deliveryId?: number;
  readonly reason?: string;
}

export async function raiseAlerts(tx: Sql, alerts: readonly Alert[]): Promise<void> {
  for (const group of insertGroups(alerts)) {
    await tx.run(
      `INSERT INTO alerts (kind, client_id, destination_id, delivery_id, reason) VALUES ${rowMarks(group.length, 5)}`,
      group.flatMap((alert) => [
        alert.kind,
        alert.clientId ?? '',
        alert.destinationId ?? '',
        alert.deliveryId ?? 0,
        (alert.reason ?? '').slice(0, 80),
      ]),
    );
  }
}

/** Whether an alert of this kind was raised for the destination ('' for the gateway as a whole) within the last `seconds`. */
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

/** Whether a task of this kind is open for the client. */
export async function isTaskOpen(sql: Sql, kind: AlertKind, clientId: string): Promise<boolean> {
  const rows = await sql.all(
    'SELECT 1 FROM alerts WHERE kind = ? AND client_id = ? AND closed_at IS NULL LIMIT 1',
    [kind, clientId],
  );
  return rows.length > 0;
}

/** Whether an alert of this kind and reason was ever raised for the destination. */
export async function raisedFor(
  sql: Sql,
  { kind, destinationId = '', reason = '' }: Pick<Alert, 'kind' | 'destinationId' | 'reason'>,
): Promise<boolean> {
  const rows = await sql.all(
    'SELECT 1 FROM alerts WHERE kind = ? AND destination_id = ? AND reason = ? LIMIT 1',
    [kind, destinationId, reason],
  );
  return rows.length > 0;
}

export type AlertChannel = 'mail' | 'webhook';
const columnOf: Readonly<Record<AlertChannel, string>> = { mail: 'mailed_at', webhook: 'hooked_at' };

export interface DueAlert extends Required<Alert> {
  readonly id: number;
  readonly raisedAt: Date;
  /** Channels it got through by. */
  readonly through: readonly AlertChannel[];
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
    mailed_at: Date | null;
    hooked_at: Date | null;
  }>(
    `SELECT id, kind, client_id, destination_id, delivery_id, reason, raised_at, mailed_at, hooked_at FROM alerts
      WHERE sent_at IS NULL AND next_try_at <= UTC_TIMESTAMP(3) ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  if (rows.length > 0) {
    const { marks, values } = inList(rows.map((row) => row.id));
    // Pushed ahead while being sent, so that a sender that dies is followed by another. The exponent is bounded: past about
    // a thousand tries POW overflows and would end every later round.
    await tx.run(
      `UPDATE alerts FORCE INDEX (PRIMARY) SET tries = tries + 1,
         next_try_at = TIMESTAMPADD(SECOND, LEAST(30 * POW(2, LEAST(tries, 10)), 3600), UTC_TIMESTAMP(3)) WHERE id IN (${marks})`,
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
    through: [
      ...(row.mailed_at === null ? [] : ['mail' as const]),
      ...(row.hooked_at === null ? [] : ['webhook' as const]),
    ],
  }));
}

/** They got through by these channels; `isAll`: by every channel there is. */
export async function alertsThrough(
  sql: Sql,
  ids: readonly number[],
  { channels, isAll }: { readonly channels: readonly AlertChannel[]; readonly isAll: boolean },
): Promise<void> {
  const columns = [...channels.map((channel) => columnOf[channel]), ...(isAll ? ['sent_at'] : [])];
  if (ids.length === 0 || columns.length === 0) return;
  const { marks, values } = inList(ids);
  await sql.run(
    `UPDATE alerts FORCE INDEX (PRIMARY) SET ${columns.map((column) => `${column} = UTC_TIMESTAMP(3)`).join(', ')} WHERE id IN (${marks})`,
    values,
  );
}

/** Seconds since a message of this kind and destination last got through by any channel; undefined for none within a day. */
export async function toldAgo(sql: Sql, kind: AlertKind, destinationId: string): Promise<number | undefined> {
  const [row] = await sql.all<{ ago: number | null }>(
    `SELECT TIMESTAMPDIFF(SECOND, MAX(COALESCE(sent_at, mailed_at, hooked_at)), UTC_TIMESTAMP(3)) AS ago FROM alerts
      WHERE kind = ? AND destination_id = ? AND raised_at > TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3))`,
    [kind, destinationId],
  );
  return row?.ago ?? undefined;
}

/** Gathers alerts for a later message; no try is counted. */
export async function deferAlerts(sql: Sql, ids: readonly number[], seconds: number): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await sql.run(
    `UPDATE alerts FORCE INDEX (PRIMARY) SET tries = IF(tries > 0, tries - 1, 0), next_try_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) WHERE id IN (${marks})`,
    [Math.trunc(seconds), ...values],
  );
}

export interface ClientAlert {
  readonly id: number;
  readonly reason: string;
  readonly isOpen: boolean;
}

/** Alerts of one kind that are of a client as a whole, closed ones too; oldest first. */
export async function clientAlerts(
  sql: Sql,
  kind: AlertKind,
  clientId: string,
): Promise<readonly ClientAlert[]> {
  const rows = await sql.all<Omit<ClientAlert, 'isOpen'> & { isOpen: number }>(
    `SELECT id, reason, closed_at IS NULL AS isOpen FROM alerts FORCE INDEX (alerts_kind)
      WHERE kind = ? AND destination_id = '' AND client_id = ? ORDER BY id`,
    [kind, clientId],
  );
  return rows.map((row) => ({ ...row, isOpen: row.isOpen === 1 }));
}
