// Stores the parts of long files: batches whose rows are claimed, written and settled one part at a time.
// Invariant: a statement that writes touches no more rows than one part has.
import { batchColumns, batchOf, type Batch, type EndedState } from './batches.ts';
import { allAs, type Sql, columnOf, firstNumber, firstValue, hasRow } from '../database.ts';
import { deliveryColumns, deliveryOf, packedAttempt, unpackAttempt } from '../deliveries/deliveries.ts';
import type { AttemptDelivery, Delivery, DeliveryRow } from '../deliveries/deliveries.ts';
import type { LockedDelivery } from '../departure-locks.ts';

export async function joinWhole(tx: Sql, partId: number, wholeId: number): Promise<void> {
  await tx.run("UPDATE batches SET role = 'part', whole_id = ? WHERE id = ?", [wholeId, partId]);
}

export const openParts = (sql: Sql, wholeId: number): Promise<readonly Batch[]> =>
  allAs(
    sql,
    batchOf,
    `SELECT ${batchColumns} FROM batches FORCE INDEX (batches_whole) WHERE whole_id = ? AND state IN ('open', 'written') ORDER BY id`,
    [wholeId],
  );

/**
 * State of the file's rows that are still `sending` from an earlier attempt: `leased` ones are not recovered yet. Found by state: a
 * search by parts would read every recovered row each time.
 */
export async function leftOnTheirWay(sql: Sql, wholeId: number): Promise<'none' | 'lapsed' | 'leased'> {
  const [row] = await sql.all<{ leased: number }>(
    `SELECT STRAIGHT_JOIN d.lease_until > UTC_TIMESTAMP(3) AS leased
       FROM batches w JOIN deliveries d FORCE INDEX (deliveries_due) ON d.destination_id = w.destination_id
       JOIN batches b FORCE INDEX (PRIMARY) ON b.id = d.batch_id
      WHERE w.id = ? AND d.state = 'sending' AND b.whole_id = w.id AND b.state IN ('open', 'written') LIMIT 1`,
    [wholeId],
  );
  if (row === undefined) return 'none';
  return row.leased === 1 ? 'leased' : 'lapsed';
}

/** Queues the waiting rows of a part, to be claimed again with it. */
export async function queuePart(sql: Sql, partId: number): Promise<void> {
  await sql.run(
    `UPDATE deliveries FORCE INDEX (deliveries_batch)
        SET ask_first = IF(state = 'pending', 1, ask_first), state = 'queued', queued_at = UTC_TIMESTAMP(3)
      WHERE batch_id = ? AND state IN ('waiting', 'pending')`,
    [partId],
  );
}

/** Rows of a part that are `sending`. */
export async function onTheirWay(
  sql: Sql,
  partId: number,
): Promise<readonly (LockedDelivery & Pick<Delivery, 'departedAttempt'>)[]> {
  const rows = await sql.all<DeliveryRow & { db_now: Date }>(
    `SELECT ${deliveryColumns('d')}, UTC_TIMESTAMP(3) AS db_now FROM deliveries d FORCE INDEX (deliveries_batch)
      WHERE d.batch_id = ? AND d.state = 'sending' ORDER BY d.id`,
    [partId],
  );
  return rows.map((row) => ({ ...deliveryOf(row), now: row.db_now }));
}

type FollowedRow = Pick<Delivery, 'id' | 'action' | 'leadId' | 'clientId' | 'destinationId'>;

/**
 * Rows that departed with a long file and whose lead owes the destination a later update or erasure. Found by the later delivery:
 * the log has no index of files.
 */
export async function followedRows(sql: Sql, wholeId: number): Promise<readonly FollowedRow[]> {
  return sql.all<FollowedRow>(
    `SELECT STRAIGHT_JOIN DISTINCT d.id, d.action, d.lead_id AS leadId, d.client_id AS clientId, d.destination_id AS destinationId
       FROM batches w JOIN deliveries f FORCE INDEX (deliveries_due) ON f.destination_id = w.destination_id
       JOIN deliveries d FORCE INDEX (deliveries_lead) ON d.lead_id = f.lead_id AND d.destination_id = f.destination_id
      WHERE w.id = ? AND f.action <> 'create' AND d.id < f.id AND d.action <> 'erase'
        AND EXISTS (SELECT 1 FROM handovers h FORCE INDEX (handovers_subject) JOIN batches b FORCE INDEX (PRIMARY) ON b.id = h.batch_id
                     WHERE h.lead_id = d.lead_id AND h.delivery_id = d.id AND h.entry = 'departed' AND b.whole_id = w.id)
      ORDER BY d.id`,
    [wholeId],
  );
}

/** Rows that wait in a batch while it ends, locked; they leave in another. */
export async function waitingIn(tx: Sql, batchId: number): Promise<readonly AttemptDelivery[]> {
  const rows = await tx.all<{ packed: unknown }>(
    `SELECT ${packedAttempt('d')} AS packed FROM deliveries d FORCE INDEX (deliveries_batch)
      WHERE d.batch_id = ? AND d.state IN ('queued', 'waiting') ORDER BY d.id FOR UPDATE`,
    [batchId],
  );
  return rows.map((row) => unpackAttempt(row.packed));
}

/** Tries used by the row under way that has used the fewest. */
export const minSpent = (sql: Sql, wholeId: number): Promise<number> =>
  firstNumber(
    sql,
    `SELECT MIN(d.spent) AS spent FROM batches b FORCE INDEX (batches_whole) JOIN deliveries d FORCE INDEX (deliveries_batch) ON d.batch_id = b.id
      WHERE b.whole_id = ? AND b.state IN ('open', 'written') AND d.state = 'sending'`,
    [wholeId],
  );

/** Expiry of the row that expires last. */
export const lastExpiry = async (sql: Sql, wholeId: number): Promise<Date | undefined> =>
  (await firstValue<Date | null>(
    sql,
    `SELECT MAX(d.expires_at) AS at FROM batches b FORCE INDEX (batches_whole) JOIN deliveries d FORCE INDEX (deliveries_batch) ON d.batch_id = b.id
      WHERE b.whole_id = ? AND b.state IN ('open', 'written')`,
    [wholeId],
  )) ?? undefined;

/** True when the file has no row left: each was resolved, cancelled or has expired. */
export const isWithoutRows = async (sql: Sql, wholeId: number): Promise<boolean> =>
  !(await hasRow(
    sql,
    `SELECT 1 FROM batches b FORCE INDEX (batches_whole) JOIN deliveries d FORCE INDEX (deliveries_batch) ON d.batch_id = b.id
      WHERE b.whole_id = ? AND b.state IN ('open', 'written') LIMIT 1`,
    [wholeId],
  ));

/** True when an erasure has deleted bytes of the file. */
export const hasLostBytes = (sql: Sql, wholeId: number): Promise<boolean> =>
  hasRow(
    sql,
    "SELECT 1 FROM batches FORCE INDEX (batches_whole) WHERE whole_id = ? AND state = 'written' AND content IS NULL LIMIT 1",
    [wholeId],
  );

export interface Extent {
  readonly parts: number;
  readonly rows: number;
  /** Bytes of the parts alone. */
  readonly size: number;
}

/** Parts, rows and bytes written so far. */
export async function extentOf(sql: Sql, wholeId: number): Promise<Extent> {
  const [row] = await sql.all<{ parts: number; row_count: number | null; size: number | null }>(
    `SELECT COUNT(*) AS parts, SUM(rows_count) AS row_count, SUM(size_bytes) AS size FROM batches FORCE INDEX (batches_whole)
      WHERE whole_id = ? AND state = 'written'`,
    [wholeId],
  );
  return { parts: row?.parts ?? 0, rows: Number(row?.row_count ?? 0), size: Number(row?.size ?? 0) };
}

/**
 * Parts to be rendered again while nothing has left: a lead changed after they were written, or an erasure deleted their bytes.
 * @param revisions by part, the sum of its leads' revisions when it was written
 */
export async function outdatedParts(
  sql: Sql,
  wholeId: number,
  revisions: ReadonlyMap<number, number>,
): Promise<ReadonlySet<number>> {
  const rows = await sql.all<{ id: number; lost: number; revisions: number | string | null }>(
    `SELECT b.id, b.content IS NULL AS lost,
            (SELECT SUM(l.revision) FROM deliveries d FORCE INDEX (deliveries_batch) JOIN leads l ON l.id = d.lead_id
              WHERE d.batch_id = b.id) AS revisions
       FROM batches b FORCE INDEX (batches_whole) WHERE b.whole_id = ? AND b.state = 'written'`,
    [wholeId],
  );
  const isOutdated = (row: (typeof rows)[number]): boolean =>
    row.lost === 1 || Number(row.revisions) !== revisions.get(row.id);
  return new Set(rows.filter(isOutdated).map((row) => row.id));
}

/** The ids of these batches that are parts of long files of which no byte has left. */
export const unsentParts = async (sql: Sql, ids: readonly number[]): Promise<ReadonlySet<number>> =>
  new Set(
    await columnOf(
      sql,
      `SELECT b.id FROM batches b FORCE INDEX (PRIMARY) JOIN batches w ON w.id = b.whole_id
      WHERE b.id IN (?) AND w.first_sent_at IS NULL`,
      [ids],
    ),
  );

/** True when the file ever had a part, and so a lead. */
export const hasParts = (sql: Sql, wholeId: number): Promise<boolean> =>
  hasRow(sql, 'SELECT 1 FROM batches FORCE INDEX (batches_whole) WHERE whole_id = ? LIMIT 1', [wholeId]);

export const hasPart = (sql: Sql, wholeId: number, state: EndedState): Promise<boolean> =>
  hasRow(sql, 'SELECT 1 FROM batches FORCE INDEX (batches_whole) WHERE whole_id = ? AND state = ? LIMIT 1', [
    wholeId,
    state,
  ]);

/** Delay until a postponed batch is due, ms. */
export async function partWait(sql: Sql, id: number): Promise<number> {
  const [row] = await sql.all<{ ms: number }>(
    'SELECT TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), due_at) / 1000 AS ms FROM batches WHERE id = ?',
    [id],
  );
  return Math.max(0, Number(row?.ms ?? 0));
}

// Frees deliveries that are in a file that has ended: nothing else would read them again.
// Invariant: a search reads unended rows only, never the rows of years of files, and locks nothing that it does not free.

const stranded = `d.state IN ('queued', 'waiting', 'pending') AND d.batch_id > 0
        AND (b.state NOT IN ('open', 'written') OR w.state NOT IN ('open', 'written'))`;
const withFiles = 'JOIN batches b ON b.id = d.batch_id LEFT JOIN batches w ON w.id = b.whole_id';

/**
 * Sets the rows of ended files back to `planned`. Searched without a lock, among unended rows. Returns the number freed.
 * @param but destinations whose long file is under way: its rows are not searched meanwhile
 */
export async function freeStranded(sql: Sql, but: readonly string[]): Promise<number> {
  const destinations = (await sql.all<{ id: string }>('SELECT DISTINCT destination_id AS id FROM batches'))
    .map(({ id }) => id)
    .filter((id) => !but.includes(id));
  if (destinations.length === 0) return 0;
  let freed = 0;
  for (;;) {
    const ids = await strandedIds(sql, destinations);
    const { affected } = await sql.run(
      `UPDATE deliveries d FORCE INDEX (PRIMARY) ${withFiles}
          SET d.state = 'planned', d.reason = '', d.batch_id = 0, d.due_at = UTC_TIMESTAMP(3)
        WHERE d.id IN (?) AND ${stranded}`,
      [ids],
    );
    freed += affected;
    if (ids.length < atOnce || affected === 0) return freed;
  }
}

const atOnce = 1_000;

const strandedIds = (sql: Sql, destinations: readonly string[]): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT STRAIGHT_JOIN d.id FROM deliveries d FORCE INDEX (deliveries_due) ${withFiles}
      WHERE d.destination_id IN (?) AND ${stranded} LIMIT ${atOnce}`,
    [destinations],
  );
