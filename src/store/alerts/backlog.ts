// Counts waiting rows and their ages, for health, metrics and alerts: intake rows, changes, deliveries, log entries, alerts.
// Invariant: reads only; the cost grows with the open rows alone.
import { heldStates } from '../destinations/destinations.ts';
import { countUnsealed } from '../log/handovers-unsealed.ts';
import { allAs, columnOf, type ReadOnlySql, firstNumber } from '../database.ts';

export interface Backlog {
  /** Deliveries that are not final; settled ones are too many to count. */
  readonly open: readonly {
    readonly state: string;
    readonly destinationId: string;
    readonly count: number;
    readonly oldestSeconds: number;
    readonly oldestReason: string;
  }[];
  readonly destinations: readonly {
    readonly id: string;
    readonly connector: string;
    readonly status: string;
  }[];
  readonly circuits: readonly { readonly state: string; readonly cause: string }[];
  readonly intakeWaiting: number;
  readonly intakeOldestSeconds: number;
  readonly changesWaiting: number;
  readonly unsealedSeconds: number;
  readonly unsealedEntries: number;
  readonly alertsWaiting: number;
}

/** One pass over an index; the cost grows with the open rows, never with the settled ones. */
export async function readBacklog(sql: ReadOnlySql): Promise<Backlog> {
  const count = (statement: string): Promise<number> => firstNumber(sql, statement);
  return {
    open: await openDeliveries(sql),
    destinations: await sql.all('SELECT id, connector, status FROM destinations ORDER BY id'),
    circuits: (await heldStates(sql))
      .filter(({ circuit }) => circuit.state !== 'closed')
      .map(({ circuit }) => ({ state: circuit.state, cause: circuit.cause })),
    intakeWaiting: await count("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'new'"),
    intakeOldestSeconds: await count(
      `SELECT TIMESTAMPDIFF(SECOND, received_at, UTC_TIMESTAMP(3)) AS n FROM lead_intake
        WHERE id = (SELECT MIN(id) FROM lead_intake FORCE INDEX (lead_intake_turn) WHERE status = 'new')`,
    ),
    changesWaiting: await count('SELECT COUNT(*) AS n FROM lead_changes'),
    unsealedSeconds: await oldestUnsealedSeconds(sql),
    unsealedEntries: await countUnsealed(sql),
    alertsWaiting: await count('SELECT COUNT(*) AS n FROM alerts WHERE sent_at IS NULL'),
  };
}

/** Open deliveries by state and destination, with the age of the oldest: a new one counts before reopened ones. */
export const openDeliveries = (sql: ReadOnlySql): Promise<Backlog['open']> =>
  allAs(
    sql,
    (row: Backlog['open'][number]) => ({ ...row, oldestSeconds: Math.max(0, row.oldestSeconds) }),
    `SELECT g.state, g.destination_id AS destinationId, g.n AS count, d.reason AS oldestReason,
            TIMESTAMPDIFF(SECOND, COALESCE(d.reopened_at, d.created_at), UTC_TIMESTAMP(3)) AS oldestSeconds
       FROM (SELECT state, destination_id, COUNT(*) AS n, COALESCE(MIN(IF(priority = 0, id, NULL)), MIN(id)) AS first_id FROM deliveries FORCE INDEX (deliveries_due)
              WHERE state IN ('planned', 'queued', 'sending', 'waiting', 'withheld', 'pending') GROUP BY state, destination_id) g
       JOIN deliveries d ON d.id = g.first_id`,
  );

/** Rows refused at intake since the last alert about them. */
export const refusedSinceAlert = (sql: ReadOnlySql): Promise<number> =>
  firstNumber(
    sql,
    `SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'refused'
        AND settled_at > COALESCE((SELECT MAX(raised_at) FROM alerts WHERE kind = 'intake_refused'), '2000-01-01')`,
  );

/** 0 when everything is sealed. */
export const oldestUnsealedSeconds = async (sql: ReadOnlySql): Promise<number> =>
  Math.max(
    0,
    await firstNumber(
      sql,
      `SELECT TIMESTAMPDIFF(SECOND, h.at, UTC_TIMESTAMP(6)) AS age FROM handovers_unsealed u JOIN handovers h ON h.id = u.handover_id
        ORDER BY u.handover_id LIMIT 1`,
    ),
  );

// Reads when leads came in, departed and were settled: for the metrics of a sample, and for the health of a destination.
// Invariant: reads only; all three times are the database's.

/** Receipt, first departure and settlement of these deliveries; those of a deleted lead are missing. */
export async function deliveryTimes(
  sql: ReadOnlySql,
  deliveryIds: readonly number[],
): Promise<
  ReadonlyMap<
    number,
    { readonly receivedAt: Date; readonly departedAt: Date | null; readonly settledAt: Date | null }
  >
> {
  const rows = await sql.all<{
    id: number;
    receivedAt: Date;
    departedAt: Date | null;
    settledAt: Date | null;
  }>(
    `SELECT d.id, COALESCE(l.received_at, l.created_at) AS receivedAt, d.first_departed_at AS departedAt, d.settled_at AS settledAt
       FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.id IN (?)`,
    [deliveryIds],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Reads how long a destination's newest delivered ones took, for its health: milliseconds from planning to
 * acceptance.
 */
export const recentDurations = async (
  sql: ReadOnlySql,
  destinationId: string,
  count: number,
): Promise<readonly number[]> =>
  (
    await columnOf(
      sql,
      `SELECT TIMESTAMPDIFF(MICROSECOND, created_at, settled_at) / 1000 AS ms
         FROM deliveries FORCE INDEX (deliveries_destination)
        WHERE destination_id = ? AND state = 'delivered' AND settled_at IS NOT NULL ORDER BY id DESC LIMIT ${Math.trunc(count)}`,
      [destinationId],
    )
  ).map((ms) => Math.max(0, Number(ms)));
