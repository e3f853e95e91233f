// Reads the log as a feed: sealed entries in the order of their seals; stores how far each consumer has read.
// Invariant: reads only. Ids are assigned before the commit, so that a lower one may become visible later; a seal never does.
import type { Action } from '../../../connectors/contract.ts';
import type { DeliveryFilter } from '../../domain/delivery-filter.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { firstAs, firstNumber, type ReadOnlySql, type Sql, type SqlValue, inList } from '../database.ts';
import type { HandoverEntry } from './handovers.ts';
import { fromStored } from '../columns.ts';
import type { LoggedTry } from './lead-log.ts';

interface SealedRange {
  readonly sequence: number;
  /** Ranges of ids: `1-5,7`. */
  readonly entries: string;
}

/** Seals from this one on, oldest first. */
export const sealsFrom = (
  sql: ReadOnlySql,
  sequence: number,
  limit: number,
): Promise<readonly SealedRange[]> =>
  sql.all<SealedRange>(
    `SELECT sequence, entries FROM seals WHERE sequence >= ? ORDER BY sequence LIMIT ${Math.trunc(limit)}`,
    [sequence],
  );

export const newestSeal = (sql: ReadOnlySql): Promise<number> =>
  firstNumber(sql, 'SELECT MAX(sequence) AS sequence FROM seals');

export interface FeedEntry {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly clientId: string;
  readonly destinationId: string;
  readonly deliveryId: number;
  readonly key: string | null;
  readonly reference: string | null;
  readonly action: Action | '';
  readonly run: number;
  readonly outcome: string;
  readonly reason: string;
  readonly nextStep: string;
}

/** Entries between two ids, ascending; archived ones are missing. */
export const feedEntries = (sql: ReadOnlySql, from: number, to: number): Promise<readonly FeedEntry[]> =>
  sql.all<FeedEntry>(
    `SELECT h.id, h.at, h.entry, h.client_id AS clientId, h.destination_id AS destinationId, h.delivery_id AS deliveryId,
            d.delivery_key AS \`key\`, l.reference, h.action, h.run, h.outcome, h.reason, h.next_step AS nextStep
       FROM handovers h FORCE INDEX (PRIMARY) LEFT JOIN deliveries d ON d.id = h.delivery_id LEFT JOIN leads l ON l.id = d.lead_id
      WHERE h.id BETWEEN ? AND ? ORDER BY h.id`,
    [from, to],
  );

// Stores how far the feed of events has been delivered, one cursor by name for each consumer.
// Invariant: a cursor only moves forward, after an event was accepted; times are the database's.

export interface EventCursor {
  readonly after: string;
  /** The last accepted event behind `after`; 0: none. */
  readonly lastEvent: number;
  /** Failed tries in a row. */
  readonly failures: number;
  readonly isDue: boolean;
}

export const readCursor = (sql: Sql, name: string): Promise<EventCursor | undefined> =>
  firstAs(
    sql,
    fromStored<EventCursor>('isDue'),
    `SELECT after_position AS after, last_event AS lastEvent, failures, due_at <= UTC_TIMESTAMP(3) AS isDue
       FROM event_cursors WHERE name = ?`,
    [name],
  );

export async function beginCursor(sql: Sql, name: string, after: string): Promise<void> {
  await sql.run('INSERT INTO event_cursors (name, after_position, due_at) VALUES (?, ?, UTC_TIMESTAMP(3))', [
    name,
    after,
  ]);
}

/** Moves the cursor past an accepted event, or to a position up to which all events were read. */
export async function moveCursor(
  sql: Sql,
  name: string,
  { after, lastEvent }: { readonly after: string; readonly lastEvent: number },
): Promise<void> {
  await sql.run(
    'UPDATE event_cursors SET after_position = ?, last_event = ?, failures = 0, due_at = UTC_TIMESTAMP(3) WHERE name = ?',
    [after, lastEvent, name],
  );
}

export async function deferCursor(sql: Sql, name: string, afterMs: number): Promise<void> {
  await sql.run(
    'UPDATE event_cursors SET failures = failures + 1, due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE name = ?',
    [Math.round(afterMs), name],
  );
}

// Reads the end of the sealed log for the live tail: entries about deliveries and destinations.
// Invariant: reads only, by the primary key, at most the given ids; no personal data.

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

export interface TailEntry extends LoggedTry {
  readonly entry: HandoverEntry;
  readonly clientId: string;
  readonly destinationId: string;
  /** 0: the entry is the destination's. */
  readonly deliveryId: number;
  readonly reference: string | null;
  readonly action: Action | '';
  /** Current state of the delivery; null when there is none. */
  readonly state: DeliveryState | null;
  readonly callName: string;
  readonly fileName: string;
  readonly durationMs: number;
  readonly nextStep: string;
  readonly fields: string | null;
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
