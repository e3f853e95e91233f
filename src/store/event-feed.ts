// Reads the log as a feed: sealed entries in the order of their seals.
// Invariant: reads only. Ids are assigned before the commit, so that a lower one may become visible later; a seal never does.
import type { Action } from '../../connectors/contract.ts';
import type { ReadOnlySql } from './database.ts';

export interface SealedRange {
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

export const newestSeal = async (sql: ReadOnlySql): Promise<number> =>
  (await sql.all<{ sequence: number | null }>('SELECT MAX(sequence) AS sequence FROM seals'))[0]?.sequence ??
  0;

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
