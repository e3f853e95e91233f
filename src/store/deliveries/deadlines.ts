// Finds deliveries whose time has come: past their maximum age, pending ones to look up again, or with a lapsed lease.
// Invariant: the database's clock decides.
import type { Delivery } from './deliveries.ts';
import { inList, type Sql, columnOf } from '../database.ts';
import { dueColumns, dueJobOf, type DueJobAt, type DueRow } from './due-work.ts';
import { whichClause, type Which } from '../named-rows.ts';

/** The columns that identify a due row. */
export type DueName = Pick<Delivery, 'id' | 'clientId' | 'destinationId' | 'batchId'>;

/** `locked`: the rows are locked in the caller's transaction, and rows that others have locked are skipped. */
export interface DueQuestion {
  readonly limit: number;
  readonly which: Which;
  readonly locked: boolean;
}

const nameColumns = 'id, client_id AS clientId, destination_id AS destinationId, batch_id AS batchId';

const namesWhere = async (
  sql: Sql,
  { limit, which, locked }: DueQuestion,
  { from, order }: { readonly from: string; readonly order: string },
): Promise<readonly DueName[]> => {
  const clause = whichClause(which);
  return sql.all<DueName>(
    `SELECT ${nameColumns} FROM deliveries ${from} ${clause.sql} ORDER BY ${order} LIMIT ${Math.trunc(limit)}${locked ? ' FOR UPDATE SKIP LOCKED' : ''}`,
    clause.values,
  );
};

/**
 * Rows past their maximum age, in any waiting state. A restriction stops the clock, and so does an incomplete go-live: the rows
 * they withhold leave afterwards.
 */
export const expiredDeliveries = (sql: Sql, question: DueQuestion): Promise<readonly DueName[]> =>
  namesWhere(sql, question, {
    from: `FORCE INDEX (deliveries_open)
      WHERE settled_at IS NULL AND expires_at <= UTC_TIMESTAMP(3) AND state IN ('planned', 'waiting', 'withheld', 'pending', 'queued')
        AND NOT (state = 'withheld' AND (reason = 'restricted' OR reason LIKE 'go_live_incomplete%'))`,
    order: 'expires_at',
  });

/** `pending` rows whose recipient is due to be asked again, locked. */
export async function duePending(tx: Sql, limit: number, which: Which): Promise<readonly DueJobAt[]> {
  const clause = whichClause(which);
  const rows = await tx.all<DueRow>(
    `SELECT ${dueColumns} FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'pending' AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0 ${clause.sql} ORDER BY due_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    clause.values,
  );
  return rows.map(dueJobOf);
}

/** The same rows, by name. */
export const pendingNames = (sql: Sql, question: DueQuestion): Promise<readonly DueName[]> =>
  namesWhere(sql, question, {
    from: `FORCE INDEX (deliveries_due) WHERE state = 'pending' AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0`,
    order: 'due_at',
  });

/** Queues `pending` rows so that the recipient is asked before anything is sent. */
export async function markAsking(tx: Sql, ids: readonly number[]): Promise<void> {
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'queued', ask_first = 1, queued_at = UTC_TIMESTAMP(3) WHERE id IN (?)`,
    [ids],
  );
}

/** Postpones the next question about `pending` rows to an instant. */
export async function putOffAsking(tx: Sql, ids: readonly number[], until: Date): Promise<void> {
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET due_at = ? WHERE id IN (?) AND state = 'pending'`,
    [until, ids],
  );
}

const lapsed = `state = 'sending' AND lease_until < UTC_TIMESTAMP(3)`;

/**
 * Deliveries whose lease lapsed: their worker died or stalled. The rows of a file come together, so the last file may exceed the
 * limit. Not ordered by id, which would read every row under way at each call.
 */
export async function lapsedLeases(sql: Sql, question: DueQuestion): Promise<readonly DueName[]> {
  const { limit, which, locked } = question;
  const named = { from: `FORCE INDEX (PRIMARY) WHERE ${lapsed}`, order: 'id' };
  if ('among' in which) return namesWhere(sql, question, named);
  const clause = whichClause(which);
  const found = await findLapsed(sql, limit, which);
  const files = [...new Set(found.map((row) => row.batchId))].filter((id) => id > 0);
  const ids = found.filter((row) => row.batchId === 0).map((row) => row.id);
  const names = [...(await namesWhere(sql, { ...question, which: { among: ids } }, named))];
  for (const id of files) {
    if (names.length >= limit) break;
    names.push(
      ...(await sql.all<DueName>(
        `SELECT ${nameColumns} FROM deliveries FORCE INDEX (deliveries_batch)
          WHERE batch_id = ? AND ${lapsed} ${clause.sql} ORDER BY id${locked ? ' FOR UPDATE SKIP LOCKED' : ''}`,
        [id, ...clause.values],
      )),
    );
  }
  return names;
}

/**
 * The rows of a long file are `sending` as long as it is, under its lease: for a destination that sends one, only the rows of its
 * other files are checked.
 */
async function findLapsed(sql: Sql, limit: number, which: Which): Promise<readonly DueName[]> {
  const most = `LIMIT ${Math.trunc(limit)}`;
  const busy = await sendingLongFiles(sql);
  if (busy.length === 0) {
    const clause = whichClause(which);
    return sql.all(
      `SELECT ${nameColumns} FROM deliveries FORCE INDEX (deliveries_due) WHERE ${lapsed} ${clause.sql} ${most}`,
      clause.values,
    );
  }
  const { marks, values: destinations } = inList(busy);
  const clause = whichClause(which, 'd.id');
  const values = [...destinations, ...clause.values];
  const others = await sql.all<DueName>(
    `SELECT STRAIGHT_JOIN ${ofDelivery} FROM destinations t JOIN deliveries d FORCE INDEX (deliveries_due) ON d.destination_id = t.id
      WHERE t.id NOT IN (${marks}) AND d.state = 'sending' AND d.lease_until < UTC_TIMESTAMP(3) ${clause.sql} ${most}`,
    values,
  );
  const files = await sql.all<DueName>(
    `SELECT STRAIGHT_JOIN ${ofDelivery} FROM batches b LEFT JOIN batches w ON w.id = b.whole_id
       JOIN deliveries d FORCE INDEX (deliveries_batch) ON d.batch_id = b.id
      WHERE b.state IN ('open', 'written') AND b.role <> 'whole' AND b.destination_id IN (${marks})
        AND (w.lease_until IS NULL OR w.lease_until < UTC_TIMESTAMP(3))
        AND d.state = 'sending' AND d.lease_until < UTC_TIMESTAMP(3) ${clause.sql} ${most}`,
    values,
  );
  return [...others, ...files];
}

const ofDelivery = 'd.id, d.client_id AS clientId, d.destination_id AS destinationId, d.batch_id AS batchId';

/** Destinations for which a long file is being written or sent. */
const sendingLongFiles = (sql: Sql): Promise<readonly string[]> =>
  columnOf<string>(
    sql,
    `SELECT DISTINCT destination_id AS id FROM batches
      WHERE state IN ('open', 'written') AND role = 'whole' AND lease_until > UTC_TIMESTAMP(3)`,
  );
