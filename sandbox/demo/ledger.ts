// Reads the gateway's side of the account from its tables with plain SQL: accepted rows, deliveries, hand-over log.
// Invariant: reads only, and judges nothing.
import type { DemoConnection } from './sql.ts';

export interface TakenRow {
  readonly clientId: string;
  readonly reference: string;
  readonly status: string;
  /** `column CODE`, in order. */
  readonly refusals: readonly string[];
  readonly unrouted: boolean;
}

export interface LoggedDelivery {
  readonly id: number;
  readonly key: string;
  readonly destination: string;
  readonly reference: string;
  readonly action: string;
  readonly state: string;
  readonly reason: string;
  /** Departures in the log. */
  readonly departed: number;
  /** True when the log has an outcome by which the recipient has it. */
  readonly acceptedByLog: boolean;
  /** Outcomes other than an acceptance, as `outcome reason`. */
  readonly setbacks: readonly string[];
  /** The opt-ins of the last departure: the client's field and the value written. */
  readonly optIn: readonly { readonly field: string; readonly value: string }[];
  readonly committedAt: Date;
  readonly settledAt: Date | undefined;
}

export interface DemoLedger {
  readonly rows: readonly TakenRow[];
  readonly deliveries: readonly LoggedDelivery[];
}

interface RowOfIntake {
  client_id: string;
  reference: string;
  status: string;
  refusal: string | null;
  unrouted: number;
}
interface RowOfDelivery {
  id: number;
  delivery_key: string;
  destination_id: string;
  reference: string;
  action: string;
  state: string;
  reason: string;
  committed_at: Date;
  settled_at: Date | null;
}
interface RowOfLog {
  delivery_id: number;
  entry: string;
  outcome: string;
  reason: string;
  consents: string | null;
}

const acceptances = new Set(['accepted', 'duplicate', 'unconfirmed']);

export async function readLedger(gateway: DemoConnection): Promise<DemoLedger> {
  // An accepted row has left lead_intake; its lead has its commit time there.
  const intake = await gateway.all<RowOfIntake>(
    `SELECT l.client_id, l.reference, 'accepted' AS status, NULL AS refusal,
            EXISTS (SELECT 1 FROM routing_refusals n WHERE n.client_id = l.client_id AND n.lead_id = l.id) AS unrouted
       FROM leads l
     UNION ALL
     SELECT i.client_id, i.reference, i.status, i.refusal, 0 FROM lead_intake i
      WHERE i.kind = 'lead' AND i.status IN ('new', 'refused')
      ORDER BY reference`,
  );
  const deliveries = await gateway.all<RowOfDelivery>(
    `SELECT d.id, d.delivery_key, d.destination_id, l.reference, d.action, d.state, d.reason, d.settled_at,
            l.received_at AS committed_at
       FROM deliveries d JOIN leads l ON l.id = d.lead_id
      ORDER BY d.id`,
  );
  const log = await gateway.all<RowOfLog>(
    `SELECT delivery_id, entry, outcome, reason, consents FROM handovers
      WHERE delivery_id > 0 AND entry IN ('departed', 'outcome', 'outcome_unknown', 'late', 'lookup') ORDER BY id`,
  );
  const entries = Map.groupBy(log, (entry) => entry.delivery_id);
  return {
    rows: intake.map((row) => ({
      clientId: row.client_id,
      reference: row.reference,
      status: row.status,
      refusals: refusalsOf(row.refusal),
      unrouted: row.unrouted === 1,
    })),
    deliveries: deliveries.map((row) => loggedOf(row, entries.get(row.id) ?? [])),
  };
}

function loggedOf(row: RowOfDelivery, entries: readonly RowOfLog[]): LoggedDelivery {
  const departures = entries.filter((entry) => entry.entry === 'departed');
  const outcomes = entries.filter((entry) => entry.entry !== 'departed');
  const consents = departures.at(-1)?.consents ?? null;
  return {
    id: row.id,
    key: row.delivery_key,
    destination: row.destination_id,
    reference: row.reference,
    action: row.action,
    state: row.state,
    reason: row.reason,
    departed: departures.length,
    acceptedByLog: outcomes.some((entry) => acceptances.has(entry.outcome)),
    setbacks: outcomes
      .filter((entry) => !acceptances.has(entry.outcome))
      .map((entry) => `${entry.outcome} ${entry.reason}`.trim()),
    optIn: consents === null ? [] : (JSON.parse(consents) as { field: string; value: string }[]),
    committedAt: row.committed_at,
    settledAt: row.settled_at ?? undefined,
  };
}

function refusalsOf(text: string | null): readonly string[] {
  if (text === null || text === '') return [];
  return (JSON.parse(text) as { column: string; code: string }[]).map(
    ({ column, code }) => `${column} ${code}`,
  );
}

export interface Counts {
  /** Rows not yet processed, and changes not yet planned. */
  readonly unplanned: number;
  readonly departed: number;
  /** By destination, then by state. */
  readonly states: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A few cheap counts, several times a second while the demo runs. */
export async function readCounts(gateway: DemoConnection): Promise<Counts> {
  const [unplanned] = await gateway.all<{ n: number }>(
    "SELECT (SELECT COUNT(*) FROM lead_intake WHERE status = 'new') + (SELECT COUNT(*) FROM lead_changes) AS n",
  );
  const [departed] = await gateway.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM handovers WHERE entry = 'departed'",
  );
  const rows = await gateway.all<{ destination_id: string; state: string; n: number }>(
    'SELECT destination_id, state, COUNT(*) AS n FROM deliveries GROUP BY destination_id, state',
  );
  const states: Record<string, Record<string, number>> = {};
  for (const { destination_id: destination, state, n } of rows) (states[destination] ??= {})[state] = n;
  return { unplanned: unplanned?.n ?? 0, departed: departed?.n ?? 0, states };
}
