// Reads the state of the gateway for `relais status`: its processes, and the number and age of what waits.
// Invariant: reads only; counts come from indexes, never from the rows of millions of settled deliveries.
import type { ReadOnlySql } from './database.ts';
import { countUnsealed } from './handovers-unsealed.ts';
import { oldestNewRow } from './intake.ts';
import { seenProcesses, type SeenProcess } from './processes.ts';
import { closedCounts } from './tasks.ts';

export interface DeliveryCount {
  readonly destination: string;
  readonly state: string;
  /** Given for open states only: settled deliveries are too many to read. */
  readonly reason: string;
  readonly count: number;
  readonly oldest: Date;
}

export interface GatewayStatus {
  readonly deliveries: readonly DeliveryCount[];
  readonly intakeNew: number;
  readonly oldestIntake: Date | undefined;
  readonly intakeRefused: number;
  readonly changes: number;
  readonly unsealed: number;
  readonly alertsUnsent: number;
  /** Processes of the gateway that are alive. */
  readonly processes: readonly SeenProcess[];
}

export async function gatewayStatus(sql: ReadOnlySql): Promise<GatewayStatus> {
  const countOf = async (statement: string): Promise<number> =>
    (await sql.all<{ n: number }>(statement))[0]?.n ?? 0;
  const settled = await sql.all<DeliveryCount>(
    `SELECT g.destination_id AS destination, g.state, '' AS reason, g.n AS count, d.created_at AS oldest
       FROM (SELECT state, destination_id, COUNT(*) AS n, MIN(id) AS first_id FROM deliveries FORCE INDEX (deliveries_due)
              WHERE state NOT IN ('waiting', 'withheld', 'pending') GROUP BY state, destination_id) g
       JOIN deliveries d ON d.id = g.first_id`,
  );
  const open = await sql.all<DeliveryCount>(
    `SELECT destination_id AS destination, state, reason, COUNT(*) AS count, MIN(created_at) AS oldest
       FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state IN ('waiting', 'withheld', 'pending') GROUP BY destination_id, state, reason`,
  );
  const closed = await closedCounts(sql);
  // Failures that support has closed are not counted.
  const dealtWith = settled.flatMap((row) => {
    const count = row.state === 'failed' ? row.count - (closed.get(row.destination) ?? 0) : row.count;
    return count > 0 ? [{ ...row, count }] : [];
  });
  return {
    deliveries: [...dealtWith, ...open].sort(
      (a, b) => a.destination.localeCompare(b.destination) || a.state.localeCompare(b.state),
    ),
    intakeNew: await countOf("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'new'"),
    oldestIntake: await oldestNewRow(sql),
    intakeRefused: await countOf("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'refused'"),
    changes: await countOf('SELECT COUNT(*) AS n FROM lead_changes'),
    unsealed: await countUnsealed(sql),
    alertsUnsent: await countOf('SELECT COUNT(*) AS n FROM alerts WHERE sent_at IS NULL'),
    processes: await seenProcesses(sql),
  };
}
