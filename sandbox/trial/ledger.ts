// Reads the gateway's side of a trial: its deliveries with their entries in the log.
// Invariant: reads only, with plain SQL: the comparison must not trust the code it checks.
import type { DemoConnection } from '../demo/sql.ts';
import type { TrialDelivery } from './compare.ts';

interface DeliveryRow {
  readonly id: number;
  readonly reference: string;
  readonly action: string;
  readonly state: string;
  readonly reason: string;
  readonly recipient_reference: string | null;
}

interface LogRow {
  readonly delivery_id: number;
  readonly entry: string;
  readonly outcome: string;
  readonly reason: string;
}

export async function readDeliveries(
  connection: DemoConnection,
  destination: string,
): Promise<readonly TrialDelivery[]> {
  const deliveries = await connection.all<DeliveryRow>(
    `SELECT d.id, l.reference, d.action, d.state, d.reason, d.recipient_reference
       FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.destination_id = ? ORDER BY d.id`,
    [destination],
  );
  const log = await connection.all<LogRow>(
    `SELECT h.delivery_id, h.entry, h.outcome, h.reason FROM deliveries d JOIN handovers h ON h.lead_id = d.lead_id AND h.delivery_id = d.id
      WHERE d.destination_id = ? AND h.entry IN ('departed', 'outcome', 'outcome_unknown', 'late', 'lookup', 'resolved')
      ORDER BY h.id`,
    [destination],
  );
  const entries = Map.groupBy(log, (entry) => entry.delivery_id);
  return deliveries.map((row) => {
    const own = entries.get(row.id) ?? [];
    return {
      reference: row.reference,
      action: row.action,
      state: row.state,
      reason: row.reason,
      recipientReference: row.recipient_reference ?? '',
      departures: own.filter(({ entry }) => entry === 'departed').length,
      outcomes: own
        .filter(({ entry }) => entry !== 'departed')
        .map(({ outcome, reason }) => `${outcome} ${reason}`.trim()),
    };
  });
}

/** States that the gateway will still leave by itself. */
export const underWay: readonly string[] = ['planned', 'queued', 'sending', 'waiting', 'pending'];

interface UnsettledRow {
  readonly reference: string;
  readonly action: string;
  readonly state: string;
  readonly reason: string;
  readonly due_at: Date;
  readonly now: Date;
  readonly circuit: string | null;
}

/** Deliveries still under way to these destinations, one line each, with due time and the circuit's state. */
export async function readUnsettled(
  connection: DemoConnection,
  destinations: readonly string[],
): Promise<readonly string[]> {
  const rows = await connection.all<UnsettledRow>(
    `SELECT l.reference, d.action, d.state, d.reason, d.due_at, UTC_TIMESTAMP(3) AS now, s.circuit
       FROM deliveries d JOIN leads l ON l.id = d.lead_id LEFT JOIN destination_states s ON s.destination_id = d.destination_id
      WHERE d.destination_id IN (${destinations.map(() => '?').join(', ')}) AND d.state IN (${underWay.map(() => '?').join(', ')})
      ORDER BY d.id`,
    [...destinations, ...underWay],
  );
  return rows.map(({ reference, action, state, reason, due_at: due, now, circuit }) => {
    const { state: is = 'closed', cause = '' } = JSON.parse(circuit ?? '{}') as Readonly<
      Record<string, string>
    >;
    const seconds = Math.round((due.getTime() - now.getTime()) / 1_000);
    return `${reference}, ${action}, is still ${state} (${reason}), due in ${seconds} s; its destination’s circuit is ${is}${cause === '' ? '' : ` (${cause})`}`;
  });
}
