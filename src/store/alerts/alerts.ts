// Stores alerts and their sending state: the outbox that the senders of mail and webhook read.
// Invariant: an alert is inserted in the transaction of the event it reports, and is sent until every channel has accepted it.
import type { AlertKind } from '../../domain/alert-kinds.ts';
import { alone } from '../alone.ts';
import { columnOf, allAs, type Database, type Sql, firstValue, hasRow } from '../database.ts';
import { insertRows, fromStored } from '../columns.ts';
import type { Delivery } from '../deliveries/deliveries.ts';

export interface Alert {
  readonly kind: AlertKind;
  readonly clientId?: string;
  readonly destinationId?: string;
  readonly deliveryId?: number;
  readonly reason?: string;
}

export const raiseAlerts = (tx: Sql, alerts: readonly Alert[]): Promise<void> =>
  insertRows(
    tx,
    'alerts',
    alerts.map(({ kind, clientId = '', destinationId = '', deliveryId = 0, reason = '' }) => ({
      kind,
      clientId,
      destinationId,
      deliveryId,
      reason: reason.slice(0, 80),
    })),
  );

/** An alert about a delivery. */
export const alertAbout = (
  { id: deliveryId, clientId, destinationId }: Pick<Delivery, 'id' | 'clientId' | 'destinationId'>,
  kind: AlertKind,
  reason?: string,
): Alert => ({ kind, clientId, destinationId, deliveryId, reason });

/** True when an alert of this kind, client and destination (and reason, where given) was raised within the last `seconds`. */
export const raisedSince = (
  sql: Sql,
  { kind, clientId = '', destinationId = '', reason }: Omit<Alert, 'deliveryId'>,
  seconds: number,
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM alerts FORCE INDEX (alerts_kind)
      WHERE kind = ? AND destination_id = ? AND client_id = ? AND raised_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3))
        ${reason === undefined ? '' : 'AND reason = ?'} LIMIT 1`,
    [kind, destinationId, clientId, -seconds, ...(reason === undefined ? [] : [reason.slice(0, 80)])],
  );

/**
 * Raises the alert, unless one of its kind, client and destination was raised within the last `seconds`; of several processes
 * at once one raises it.
 * @param cause an alert of another reason does not count
 */
export async function raiseAgainAfter(
  database: Database,
  alert: Alert,
  seconds: number,
  cause?: 'by reason',
): Promise<void> {
  const { kind, clientId = '', destinationId = '', reason } = alert;
  const same = { kind, clientId, destinationId, ...(cause === undefined ? {} : { reason }) };
  if (await raisedSince(database, same, seconds)) return;
  await alone(database, `alert-${kind}-${destinationId}`, async () => {
    if (!(await raisedSince(database, same, seconds))) await raiseAlerts(database, [alert]);
  });
}

/** Raises the alert, unless the same is open: of two at once the second finds that of the first. */
export async function raiseOnce(tx: Sql, alert: Omit<Alert, 'deliveryId'>): Promise<void> {
  if (await isOpen(tx, alert)) return;
  // Two that share this lock already are a deadlock: one of them is repeated.
  await tx.all('SELECT id FROM clients FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE', [
    alert.clientId ?? '',
  ]);
  if (!(await isOpen(tx, alert))) await raiseAlerts(tx, [alert]);
}

const isOpen = (
  sql: Sql,
  { kind, clientId = '', destinationId = '', reason = '' }: Omit<Alert, 'deliveryId'>,
): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM alerts FORCE INDEX (alerts_kind)
      WHERE kind = ? AND destination_id = ? AND client_id = ? AND reason = ? AND closed_at IS NULL LIMIT 1`,
    [kind, destinationId, clientId, reason.slice(0, 80)],
  );

/** True when an alert of this kind and reason was ever raised for the destination. */
export const raisedFor = (
  sql: Sql,
  { kind, destinationId = '', reason = '' }: Pick<Alert, 'kind' | 'destinationId' | 'reason'>,
): Promise<boolean> =>
  hasRow(sql, 'SELECT 1 FROM alerts WHERE kind = ? AND destination_id = ? AND reason = ? LIMIT 1', [
    kind,
    destinationId,
    reason,
  ]);

export interface DueAlert extends Required<Alert> {
  readonly id: number;
  readonly raisedAt: Date;
  /** Names of the channels that accepted it. */
  readonly through: readonly string[];
}

/** Unsent alerts whose try is due, locked in the caller's transaction. */
export async function takeAlerts(tx: Sql, limit: number): Promise<readonly DueAlert[]> {
  const rows = await tx.all<Omit<DueAlert, 'through'> & { readonly through: string }>(
    `SELECT id, kind, client_id AS clientId, destination_id AS destinationId, delivery_id AS deliveryId, reason, raised_at AS raisedAt, through
       FROM alerts
      WHERE sent_at IS NULL AND next_try_at <= UTC_TIMESTAMP(3) ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  if (rows.length > 0) {
    // The next try is pushed ahead, so that another sender takes over when this one dies. The exponent is bounded: past about a
    // thousand tries POW would overflow and fail every later round.
    await tx.run(
      `UPDATE alerts FORCE INDEX (PRIMARY) SET tries = tries + 1,
         next_try_at = TIMESTAMPADD(SECOND, LEAST(30 * POW(2, LEAST(tries, 10)), 3600), UTC_TIMESTAMP(3)) WHERE id IN (?)`,
      [rows.map((row) => row.id)],
    );
  }
  return rows.map((row) => ({ ...row, through: row.through.split(' ').filter(Boolean) }));
}

/** Records that these channels accepted the alerts; `isAll`: every channel has. */
export async function alertsThrough(
  sql: Sql,
  ids: readonly number[],
  { channels, isAll }: { readonly channels: readonly string[]; readonly isAll: boolean },
): Promise<void> {
  if (ids.length === 0 || (channels.length === 0 && !isAll)) return;
  await sql.run(
    `UPDATE alerts FORCE INDEX (PRIMARY) SET told_at = UTC_TIMESTAMP(3), through = TRIM(CONCAT(through, ' ', ?)),
       sent_at = IF(?, UTC_TIMESTAMP(3), sent_at) WHERE id IN (?)`,
    [channels.join(' '), isAll, ids],
  );
}

/** Seconds since any channel last accepted an alert of this kind and destination; undefined when none did within a day. */
export const toldAgo = async (
  sql: Sql,
  kind: AlertKind,
  destinationId: string,
): Promise<number | undefined> =>
  (await firstValue<number | null>(
    sql,
    `SELECT TIMESTAMPDIFF(SECOND, MAX(told_at), UTC_TIMESTAMP(3)) AS ago FROM alerts
      WHERE kind = ? AND destination_id = ? AND raised_at > TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3))`,
    [kind, destinationId],
  )) ?? undefined;

/** Postpones alerts for a later message; no try is counted. */
export async function deferAlerts(sql: Sql, ids: readonly number[], seconds: number): Promise<void> {
  await sql.run(
    'UPDATE alerts FORCE INDEX (PRIMARY) SET tries = IF(tries > 0, tries - 1, 0), next_try_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) WHERE id IN (?)',
    [Math.trunc(seconds), ids],
  );
}

interface ClientAlert {
  readonly id: number;
  readonly reason: string;
  readonly isOpen: boolean;
}

/** Alerts of one kind about a client as a whole, closed ones included; oldest first. */
export const clientAlerts = (sql: Sql, kind: AlertKind, clientId: string): Promise<readonly ClientAlert[]> =>
  allAs(
    sql,
    fromStored<ClientAlert>('isOpen'),
    `SELECT id, reason, closed_at IS NULL AS isOpen FROM alerts FORCE INDEX (alerts_kind)
      WHERE kind = ? AND destination_id = '' AND client_id = ? ORDER BY id`,
    [kind, clientId],
  );

// Raises and closes alerts about a delivery or destination at which a step of the gateway fails with an error of its own.
// Invariant: one alert is open per subject and step, until the step passes; its reason is the step and a code.

interface BrokenStep {
  readonly clientId?: string;
  readonly destinationId: string;
  readonly deliveryId?: number;
  /** For example `RECOVERY`. */
  readonly step: string;
}

const openOnes = `FROM alerts FORCE INDEX (alerts_kind) WHERE kind = 'internal_error' AND destination_id = ? AND delivery_id = ?
   AND (destination_id <> '' OR client_id = ?) AND SUBSTRING_INDEX(reason, ':', 1) = ? AND closed_at IS NULL`;

const valuesOf = ({
  clientId = '',
  destinationId,
  deliveryId = 0,
  step,
}: BrokenStep): (string | number)[] => [destinationId, deliveryId, clientId, step];

/** Raises the alert, unless it is open already. */
export async function raiseBroken(
  sql: Sql,
  { code, ...broken }: BrokenStep & { readonly code: string },
): Promise<void> {
  const told = await sql.all(`SELECT 1 ${openOnes} LIMIT 1`, valuesOf(broken));
  if (told.length > 0) return;
  const { step, ...subject } = broken;
  await raiseAlerts(sql, [{ kind: 'internal_error', ...subject, reason: `${step}:${code}` }]);
}

/** Closes the step's alerts of a destination, for all deliveries. */
export async function closeAllBroken(sql: Sql, destinationId: string, step: string): Promise<void> {
  await sql.run(
    `UPDATE alerts FORCE INDEX (alerts_kind) SET closed_at = UTC_TIMESTAMP(3)
      WHERE kind = 'internal_error' AND destination_id = ? AND SUBSTRING_INDEX(reason, ':', 1) = ? AND closed_at IS NULL`,
    [destinationId, step],
  );
}

export async function closeBroken(sql: Sql, broken: BrokenStep): Promise<void> {
  const rows = await columnOf(sql, `SELECT id ${openOnes}`, valuesOf(broken));
  for (const id of rows)
    await sql.run('UPDATE alerts SET closed_at = UTC_TIMESTAMP(3) WHERE id = ? AND closed_at IS NULL', [id]);
}
