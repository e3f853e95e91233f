// Reads the end of the sealed log for the live tail: entries about deliveries and destinations.
// Invariant: reads only, by the primary key, at most the given ids; no personal data.
import type { Action } from '../../connectors/contract.ts';
import type { DeliveryFilter } from '../domain/delivery-filter.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import { inList, type ReadOnlySql, type SqlValue } from './database.ts';
import type { SealedRange } from './event-feed.ts';
import type { HandoverEntry } from './handovers.ts';

/** Seals up to this one, newest first. */
export const sealsUpTo = (
  sql: ReadOnlySql,
  sequence: number,
  limit: number,
): Promise<readonly SealedRange[]> =>
  sql.all<SealedRange>(
    `SELECT sequence, entries FROM seals WHERE sequence <= ? ORDER BY sequence DESC LIMIT ${Math.trunc(limit)}`,
    [sequence],
  );

/** Filter of the tail: the conditions of a list without its period. */
export type TailFilter = Pick<DeliveryFilter, 'client' | 'destination' | 'state' | 'reason' | 'lead'>;

export interface TailEntry {
  readonly id: number;
  readonly at: Date;
  readonly entry: HandoverEntry;
  readonly clientId: string;
  readonly destinationId: string;
  /** 0: the entry is the destination's. */
  readonly deliveryId: number;
  readonly reference: string | null;
  readonly action: Action | '';
  /** Current state of the delivery; null when there is none. */
  readonly state: DeliveryState | null;
  readonly run: number;
  readonly attempt: number;
  readonly callName: string;
  readonly target: string;
  readonly fileName: string;
  readonly outcome: string;
  readonly reason: string;
  readonly status: number;
  readonly durationMs: number;
  readonly nextStep: string;
  readonly fields: string | null;
  readonly actor: string;
  /** 1: a person gave a reason, so the actor is a person. */
  readonly isTyped: number;
}

/** The entries with these ids and kinds that match the filter, ascending by id. */
export async function tailEntries(
  sql: ReadOnlySql,
  ids: readonly number[],
  kinds: readonly HandoverEntry[],
  filter: TailFilter,
): Promise<readonly TailEntry[]> {
  if (ids.length === 0) return [];
  const among = inList(ids);
  const told = inList(kinds);
  const { parts, values } = conditionsOf(filter);
  return sql.all<TailEntry>(
    `SELECT h.id, h.at, h.entry, h.client_id AS clientId, h.destination_id AS destinationId, h.delivery_id AS deliveryId,
            l.reference, h.action, d.state, h.run, h.attempt, h.call_name AS callName, h.target, h.file_name AS fileName,
            h.outcome, h.reason, h.status, h.duration_ms AS durationMs, h.next_step AS nextStep, h.fields, h.actor, h.purpose <> '' AS isTyped
       FROM handovers h FORCE INDEX (PRIMARY) LEFT JOIN deliveries d ON d.id = h.delivery_id LEFT JOIN leads l ON l.id = d.lead_id
      WHERE h.id IN (${among.marks}) AND h.destination_id <> '' AND h.entry IN (${told.marks})${parts.join('')} ORDER BY h.id`,
    [...among.values, ...told.values, ...values],
  );
}

function conditionsOf({ client, destination, state, reason, lead }: TailFilter): {
  readonly parts: readonly string[];
  readonly values: readonly SqlValue[];
} {
  const conditions: readonly (readonly [string, readonly (SqlValue | undefined)[]])[] = [
    [' AND h.client_id = ?', [client]],
    [' AND h.destination_id = ?', [destination]],
    [' AND d.state = ?', [state]],
    [" AND (d.reason = ? OR SUBSTRING_INDEX(d.reason, ':', 1) = ?)", [reason, reason]],
    [' AND l.reference = ?', [lead]],
  ];
  const asked = conditions.filter(([, values]) => values[0] !== undefined);
  return {
    parts: asked.map(([part]) => part),
    values: asked.flatMap(([, values]) => values as readonly SqlValue[]),
  };
}
