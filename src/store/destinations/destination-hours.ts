// Counts the ends of deliveries per destination and hour, from the sealed log (tables destination_hours, counted_seals).
// Invariant: an entry is counted in the transaction that moves the cursor past its seal, and so exactly once.
import { endingEntries, endingSteps, type DeliveryEnd } from '../../domain/delivery.ts';
import { type ReadOnlySql, type Sql, changes } from '../database.ts';
import { insertRows } from '../columns.ts';

/** Locks and returns the cursor, so that several processes may count. 0: nothing was counted yet. */
export async function lockCountedSeal(tx: Sql): Promise<number> {
  const rows = (): Promise<readonly { sequence: number }[]> =>
    tx.all<{ sequence: number }>('SELECT sequence FROM counted_seals WHERE id = 1 FOR UPDATE');
  const [row] = await rows();
  if (row !== undefined) return row.sequence;
  // A missing row cannot be locked: a second process waits for this insert.
  await tx.run(
    'INSERT INTO counted_seals (id, sequence) VALUES (1, 0) ON DUPLICATE KEY UPDATE sequence = sequence',
  );
  return (await rows())[0]?.sequence ?? 0;
}

export async function moveCountedSeal(tx: Sql, sequence: number): Promise<void> {
  await tx.run('UPDATE counted_seals SET sequence = ? WHERE id = 1', [sequence]);
}

/** The last seal made more than that many days ago; 0 when there is none. By bisection: no index leads by time. */
export async function sealBefore(sql: ReadOnlySql, days: number): Promise<number> {
  const [ends] = await sql.all<{ low: number | null; high: number | null }>(
    'SELECT MIN(sequence) AS low, MAX(sequence) AS high FROM seals',
  );
  let [low, high] = [(ends?.low ?? 1) - 1, ends?.high ?? 0];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [row] = await sql.all<{ isBefore: number }>(
      `SELECT sealed_at < TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)) AS isBefore FROM seals
        WHERE sequence >= ? ORDER BY sequence LIMIT 1`,
      [-days, middle],
    );
    if (row?.isBefore === 1) low = middle;
    else high = middle - 1;
  }
  return low;
}

export interface EndingEntry {
  readonly at: Date;
  readonly destinationId: string;
  readonly entry: string;
  readonly nextStep: string;
  /** When the delivery was planned; null when its row was deleted. */
  readonly plannedAt: Date | null;
  /** When a replay opened its current run. */
  readonly reopenedAt: Date | null;
}

/** Entries between two ids that end a delivery. */
export async function endingEntriesBetween(
  sql: ReadOnlySql,
  from: number,
  to: number,
): Promise<readonly EndingEntry[]> {
  return sql.all<EndingEntry>(
    `SELECT h.at, h.destination_id AS destinationId, h.entry, h.next_step AS nextStep, d.created_at AS plannedAt,
            d.reopened_at AS reopenedAt
       FROM handovers h FORCE INDEX (PRIMARY) LEFT JOIN deliveries d ON d.id = h.delivery_id
      WHERE h.id BETWEEN ? AND ? AND h.delivery_id > 0 AND (h.entry IN (?) OR h.next_step IN (?))`,
    [from, to, endingEntries, endingSteps],
  );
}

export interface HourCount {
  readonly destinationId: string;
  /** The beginning of its hour. */
  readonly hour: Date;
  readonly what: DeliveryEnd;
  /** Step of the scale in `domain/time-scale.ts`; 0 when unknown. */
  readonly step: number;
  readonly count: number;
}

/** Adds to the counts. The caller has locked the cursor. */
export const addHourCounts = (tx: Sql, counts: readonly HourCount[]): Promise<void> =>
  insertRows(tx, 'destination_hours', counts, 'count = count + VALUES(count)');

export interface PeriodCount extends Pick<HourCount, 'what' | 'step' | 'count'> {
  /** Index of the period, from 0. */
  readonly period: number;
}

/** Counts of one destination, summed by period. @param begins of the periods, oldest first; the last one is open */
export async function periodCountsOf(
  sql: ReadOnlySql,
  destinationId: string,
  begins: readonly Date[],
): Promise<readonly PeriodCount[]> {
  const [first] = begins;
  if (first === undefined) return [];
  // Days of Paris differ in length: an hour belongs to the last period that begins at or before it.
  const reached = begins.map(() => '(hour >= ?)').join(' + ');
  const rows = await sql.all<Omit<PeriodCount, 'count'> & { count: number | string }>(
    `SELECT ${reached} - 1 AS period, what, step, SUM(count) AS count FROM destination_hours
      WHERE destination_id = ? AND hour >= ? GROUP BY period, what, step`,
    [...begins, destinationId, first],
  );
  return rows.map(({ period, count, ...row }) => ({ ...row, period: Number(period), count: Number(count) }));
}

/** Deletes counts older than so many days. Returns the number of rows deleted. */
export const dropHourCounts = (sql: Sql, days: number, limit: number): Promise<number> =>
  changes(
    sql,
    `DELETE FROM destination_hours WHERE hour < TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)) LIMIT ${Math.trunc(limit)}`,
    [-days],
  );
