// Reads and closes tasks, which need a person: deliveries that failed or wait for support's decision, and other alerts.
// Invariant: a closing belongs to the run it was made for, so that a replay that fails again is open again.
import { alertKinds, isTask, type AlertKind } from '../../domain/alert-kinds.ts';
import { allAs, inList, type ReadOnlySql, type Sql, columnOf, firstRow, mapOf } from '../database.ts';
import type { Delivery } from '../deliveries/deliveries.ts';
import { fromStored, given, insertRows } from '../columns.ts';

export interface TaskFilter {
  readonly client?: string;
  readonly destination?: string;
}

/** SQL condition on deliveries `d` that need a person; closed failures do not. */
export const needsPerson = `((d.state = 'failed' AND NOT EXISTS (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run))
   OR (d.state = 'waiting' AND d.reason LIKE 'unknown_hold%'))`;

export interface TaskGroup {
  readonly destinationId: string;
  readonly state: string;
  readonly reason: string;
  readonly count: number;
  readonly oldest: Date;
  /** Id of the newest delivery of the group. */
  readonly newest: number;
}

export async function countTasks(sql: ReadOnlySql, filter: TaskFilter): Promise<readonly TaskGroup[]> {
  const { sql: where, values } = ofFilter(filter, 'd');
  return sql.all<TaskGroup>(
    `SELECT d.destination_id AS destinationId, d.state, d.reason, COUNT(*) AS count, MIN(d.created_at) AS oldest, MAX(d.id) AS newest
       FROM deliveries d WHERE d.state IN ('failed', 'waiting') AND ${needsPerson}${where}
      GROUP BY d.destination_id, d.state, d.reason ORDER BY count DESC, d.destination_id`,
    values,
  );
}

const alertColumns = `a.id, a.kind, a.client_id AS clientId, a.destination_id AS destinationId, a.delivery_id AS deliveryId, a.reason,
       a.raised_at AS raisedAt`;
/** Alerts that their delivery's own row shows, or that end by themselves: they are no tasks. */
const notTasks = alertKinds.filter((kind) => !isTask(kind));

export interface AlertTask {
  readonly id: number;
  readonly kind: AlertKind;
  readonly clientId: string;
  readonly destinationId: string;
  readonly deliveryId: number;
  readonly reason: string;
  readonly raisedAt: Date;
}

/** Open alerts that need a person, except those whose delivery is itself a task; newest first. */
export async function alertTasks(
  sql: ReadOnlySql,
  filter: TaskFilter,
  limit: number,
): Promise<readonly AlertTask[]> {
  const { sql: where, values } = ofFilter(filter, 'a');
  const kinds = inList(notTasks);
  return sql.all<AlertTask>(
    `SELECT ${alertColumns}
       FROM alerts a LEFT JOIN deliveries d ON d.id = a.delivery_id
      WHERE a.closed_at IS NULL AND a.kind NOT IN (${kinds.marks})
        AND (d.id IS NULL OR (d.state <> 'failed' AND NOT (d.state = 'waiting' AND d.reason LIKE 'unknown_hold%')))${where}
      ORDER BY a.id DESC LIMIT ${Math.trunc(limit)}`,
    [...kinds.values, ...values],
  );
}

const ofFilter = ({ client, destination }: TaskFilter, table: 'a' | 'd') =>
  given({ [`${table}.client_id = ?`]: client, [`${table}.destination_id = ?`]: destination });

/** Closes failed deliveries in their present run. The caller has locked them. */
export const insertClosings = (tx: Sql, rows: readonly Delivery[]): Promise<void> =>
  insertRows(
    tx,
    'task_closings',
    rows.map(({ id, run, clientId, destinationId }) => ({ deliveryId: id, run, clientId, destinationId })),
    'closed_at = closed_at',
  );

/** The ids of these deliveries that are closed in their current run. */
export const closedAmong = async (sql: ReadOnlySql, ids: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      sql,
      'SELECT d.id FROM deliveries d JOIN task_closings c ON c.delivery_id = d.id AND c.run = d.run WHERE d.id IN (?)',
      [ids],
    ),
  );

/** Closed failed deliveries by destination, to subtract from a count of failures. */
export const closedCounts = (sql: ReadOnlySql): Promise<ReadonlyMap<string, number>> =>
  mapOf<string, number>(
    sql,
    `SELECT c.destination_id AS destination, COUNT(*) AS n FROM task_closings c
       JOIN deliveries d ON d.id = c.delivery_id AND d.run = c.run AND d.state = 'failed' GROUP BY c.destination_id`,
  );

/** Closes those of the alerts that are open, and returns them. */
export async function closeAlerts(tx: Sql, ids: readonly number[]): Promise<readonly AlertTask[]> {
  const open = await tx.all<AlertTask>(
    `SELECT ${alertColumns}
       FROM alerts a FORCE INDEX (PRIMARY) WHERE a.id IN (?) AND a.closed_at IS NULL ORDER BY a.id FOR UPDATE`,
    [ids],
  );
  await tx.run('UPDATE alerts SET closed_at = UTC_TIMESTAMP(3) WHERE id IN (?) AND closed_at IS NULL', [ids]);
  return open;
}

/** Closes the alerts of deliveries that were processed. */
export async function closeAlertsOf(tx: Sql, deliveryIds: readonly number[]): Promise<void> {
  await tx.run(
    'UPDATE alerts FORCE INDEX (alerts_delivery) SET closed_at = UTC_TIMESTAMP(3) WHERE delivery_id IN (?) AND closed_at IS NULL',
    [deliveryIds],
  );
}

/** Closes alerts of a kind with this reason, alone or with a code. */
export async function closeAlertsWith(
  tx: Sql,
  kind: AlertKind,
  reason: string,
  destinationId?: string,
): Promise<void> {
  await tx.run(
    `UPDATE alerts SET closed_at = UTC_TIMESTAMP(3)
      WHERE kind = ? AND SUBSTRING_INDEX(reason, ':', 1) = ? AND closed_at IS NULL${destinationId === undefined ? '' : ' AND destination_id = ?'}`,
    [kind, reason, ...(destinationId === undefined ? [] : [destinationId])],
  );
}

export const readAlert = (sql: ReadOnlySql, id: number): Promise<AlertTask | undefined> =>
  firstRow<AlertTask>(sql, `SELECT ${alertColumns} FROM alerts a WHERE a.id = ?`, [id]);

export interface ListedAlert extends AlertTask {
  readonly sentAt: Date | null;
  readonly closedAt: Date | null;
}

/** Alerts, newest first. */
export function listAlerts(
  sql: ReadOnlySql,
  { kind, since, client, destination }: TaskFilter & { readonly kind?: AlertKind; readonly since?: Date },
  limit: number,
  before: number,
): Promise<readonly ListedAlert[]> {
  const where = given({
    'a.client_id = ?': client,
    'a.destination_id = ?': destination,
    'a.kind = ?': kind,
    'a.raised_at >= ?': since,
  });
  return sql.all<ListedAlert>(
    `SELECT ${alertColumns}, a.sent_at AS sentAt, a.closed_at AS closedAt
       FROM alerts a WHERE a.id < ?${where.sql} ORDER BY a.id DESC LIMIT ${Math.trunc(limit)}`,
    [before, ...where.values],
  );
}

export interface LastAlert {
  readonly clientId: string;
  readonly reason: string;
  readonly isOpen: boolean;
  readonly agoSeconds: number;
}

export async function lastClientAlerts(
  sql: ReadOnlySql,
  kind: AlertKind,
): Promise<ReadonlyMap<string, LastAlert>> {
  const alerts = await allAs(
    sql,
    fromStored<LastAlert>('isOpen'),
    `SELECT client_id AS clientId, reason, closed_at IS NULL AS isOpen,
            TIMESTAMPDIFF(SECOND, raised_at, UTC_TIMESTAMP(3)) AS agoSeconds
       FROM alerts WHERE kind = ? ORDER BY id`,
    [kind],
  );
  return new Map(alerts.map((alert) => [alert.clientId, alert]));
}

/** Closes the alerts of this kind of a client, whose cause is gone. */
export async function closeClientAlerts(tx: Sql, kind: AlertKind, clientId: string): Promise<void> {
  await tx.run(
    'UPDATE alerts SET closed_at = UTC_TIMESTAMP(3) WHERE kind = ? AND client_id = ? AND closed_at IS NULL',
    [kind, clientId],
  );
}
