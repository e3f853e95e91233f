// Reads the deliveries of leads that a recipient accepted: an update compares its opt-in with them.
// Invariant: reads only; only an update queries them.
import type { Action, OutcomeKind } from '../../../connectors/contract.ts';
import type { Sql } from '../database.ts';

/** One of its calls; the outcome is that of its last departure. */
export interface ToldCall {
  readonly name: string;
  readonly departures: number;
  readonly outcome: OutcomeKind | '';
  readonly done: boolean;
}

/** A create or update that was delivered. */
export interface ToldDelivery {
  readonly id: number;
  readonly leadId: number;
  readonly destinationId: string;
  readonly action: Action;
  /** `accepted`, `duplicate` or `unproved`. */
  readonly reason: string;
  /** The oldest revision in its content. */
  readonly sentRevision: number;
  readonly sentMappingId: number;
  readonly departures: number;
  readonly settledAt: Date | undefined;
  /** Empty when it was one request. */
  readonly calls: readonly ToldCall[];
}

type Row = Omit<ToldDelivery, 'settledAt' | 'calls'> & {
  readonly settledAt: Date | null;
  readonly name: string | null;
  readonly callDepartures: number | null;
  readonly outcome: OutcomeKind | '' | null;
  readonly done: number | null;
};

export async function toldDeliveries(sql: Sql, leadIds: readonly number[]): Promise<readonly ToldDelivery[]> {
  const rows = await sql.all<Row>(
    `SELECT d.id, d.lead_id AS leadId, d.destination_id AS destinationId, d.action, d.reason, d.sent_revision AS sentRevision,
            d.sent_mapping_id AS sentMappingId, d.departures, d.settled_at AS settledAt,
            c.name, c.departures AS callDepartures, c.outcome, c.done
       FROM deliveries d FORCE INDEX (deliveries_lead) LEFT JOIN delivery_calls c ON c.delivery_id = d.id
      WHERE d.lead_id IN (?) AND d.state = 'delivered' AND d.action IN ('create', 'update') AND d.departures > 0`,
    [[...new Set(leadIds)]],
  );
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [deliveryOf(first, group)];
  });
}

const deliveryOf = (first: Row, group: readonly Row[]): ToldDelivery => {
  const {
    name: _name,
    callDepartures: _departures,
    outcome: _outcome,
    done: _done,
    settledAt,
    ...delivery
  } = first;
  const calls = group.flatMap(({ name, callDepartures, outcome, done }) =>
    name === null
      ? []
      : [{ name, departures: callDepartures ?? 0, outcome: outcome ?? '', done: done === 1 } as const],
  );
  return { ...delivery, settledAt: settledAt ?? undefined, calls };
};
