// Reads the deliveries of leads that a recipient accepted: an update compares its opt-in with them.
// Invariant: reads only; only an update queries them.
import type { Action, OutcomeKind } from '../../../connectors/contract.ts';
import { inList, type Sql } from '../database.ts';

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

type Row = {
  id: number;
  lead_id: number;
  destination_id: string;
  action: Action;
  reason: string;
  sent_revision: number;
  sent_mapping_id: number;
  departures: number;
  settled_at: Date | null;
  name: string | null;
  call_departures: number | null;
  outcome: OutcomeKind | '' | null;
  done: number | null;
};

export async function toldDeliveries(sql: Sql, leadIds: readonly number[]): Promise<readonly ToldDelivery[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList([...new Set(leadIds)]);
  const rows = await sql.all<Row>(
    `SELECT d.id, d.lead_id, d.destination_id, d.action, d.reason, d.sent_revision, d.sent_mapping_id, d.departures, d.settled_at,
            c.name, c.departures AS call_departures, c.outcome, c.done
       FROM deliveries d FORCE INDEX (deliveries_lead) LEFT JOIN delivery_calls c ON c.delivery_id = d.id
      WHERE d.lead_id IN (${marks}) AND d.state = 'delivered' AND d.action IN ('create', 'update') AND d.departures > 0`,
    values,
  );
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [deliveryOf(first, group)];
  });
}

const deliveryOf = (row: Row, group: readonly Row[]): ToldDelivery => ({
  id: row.id,
  leadId: row.lead_id,
  destinationId: row.destination_id,
  action: row.action,
  reason: row.reason,
  sentRevision: row.sent_revision,
  sentMappingId: row.sent_mapping_id,
  departures: row.departures,
  settledAt: row.settled_at ?? undefined,
  calls: group.flatMap(({ name, call_departures: departures, outcome, done }) =>
    name === null ? [] : [{ name, departures: departures ?? 0, outcome: outcome ?? '', done: done === 1 }],
  ),
});
