// Stores bulk runs: an operation of support on many deliveries, with its progress and its lease.
// Invariant: a run is changed under a lock on its row; the lease only keeps a second process from waiting for that lock.
import type { Delivery } from './deliveries.ts';
import { type ReadOnlySql, type Sql, changes, insertedId, firstAs } from '../database.ts';
import { deliveryStates, type DeliveryState } from '../../domain/delivery.ts';
import { deleteNamed } from '../named-rows.ts';
import { insertRows } from '../columns.ts';

const bulkKinds = ['replay', 'cancel', 'close', 'resolve', 'backfill'] as const;
export type BulkKind = (typeof bulkKinds)[number];
export const bulkStates = ['running', 'paused', 'done', 'cancelled'] as const;
export type BulkState = (typeof bulkStates)[number];

/** Count of one result, and the first ids. */
export interface BulkTally {
  readonly count: number;
  readonly ids: readonly number[];
}

export interface BulkRow {
  readonly id: number;
  readonly kind: BulkKind;
  readonly state: BulkState;
  /** The filter that support gave, as JSON. */
  readonly filter: string;
  /** Options of the kind, as JSON. */
  readonly options: string;
  readonly actor: string;
  readonly reason: string;
  readonly counted: number;
  readonly done: number;
  readonly refused: number;
  readonly results: Readonly<Record<string, BulkTally>>;
  /** Cursor: of a backfill in the client's leads, of another run in its list. */
  readonly lastId: number;
  readonly leaseToken: number;
  /** True while a process works on it. */
  readonly isLeased: boolean;
  /** Failed steps since the last success, and the code of the latest. */
  readonly failures: number;
  readonly failure: string;
  readonly cancelledBy: string;
  readonly cancelReason: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}

type StoredRow = Omit<BulkRow, 'results' | 'isLeased'> & {
  readonly results: string;
  readonly isLeased: number;
};

const columns = `id, kind, state, filter, options, actor, reason, counted, done, refused, results, last_id AS lastId,
       lease_token AS leaseToken, (lease_until IS NOT NULL AND lease_until > UTC_TIMESTAMP(3)) AS isLeased,
       failures, failure, cancelled_by AS cancelledBy, cancel_reason AS cancelReason, created_at AS createdAt, updated_at AS updatedAt, ended_at AS endedAt`;

const rowOf = ({ results, isLeased, ...row }: StoredRow): BulkRow => ({
  ...row,
  results: JSON.parse(results) as BulkRow['results'],
  isLeased: isLeased === 1,
});

/** Inserts a run, leased to the caller under token 1. */
export const insertBulkRun = (
  tx: Sql,
  run: Pick<BulkRow, 'kind' | 'filter' | 'options' | 'actor' | 'reason' | 'counted'>,
  leaseMs: number,
): Promise<number> =>
  insertedId(
    tx,
    `INSERT INTO bulk_runs (kind, filter, options, actor, reason, counted, results, lease_token, lease_until, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, '{}', 1, TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [run.kind, run.filter, run.options, run.actor, run.reason, run.counted, leaseMs],
  );

/** A delivery as it was counted. Run 0: an earlier version counted it and did not store that. */
export interface BulkItem extends Pick<Delivery, 'id' | 'run' | 'attempt'> {
  readonly state: Delivery['state'] | '';
}

export const insertBulkItems = (tx: Sql, runId: number, items: readonly BulkItem[]): Promise<void> =>
  insertRows(
    tx,
    'bulk_items',
    items.map(({ id, run, attempt, state }) => ({ runId, deliveryId: id, run, attempt, state })),
  );

/**
 * Leases a running run that no process works on: the one named, else the one that waited longest.
 * Undefined when there is none.
 */
export async function takeBulkRun(
  tx: Sql,
  leaseMs: number,
  named: { readonly id?: number } = {},
): Promise<BulkRow | undefined> {
  const { id } = named;
  const [row] = await tx.all<StoredRow>(
    `SELECT ${columns} FROM bulk_runs FORCE INDEX (${id === undefined ? 'bulk_runs_turn' : 'PRIMARY'})
      WHERE state = 'running' AND (lease_until IS NULL OR lease_until <= UTC_TIMESTAMP(3))${id === undefined ? '' : ' AND id = ?'}
      ORDER BY updated_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    id === undefined ? [] : [id],
  );
  return row === undefined ? undefined : lease(tx, row, leaseMs);
}

async function lease(tx: Sql, row: StoredRow, leaseMs: number): Promise<BulkRow> {
  await tx.run(
    `UPDATE bulk_runs SET lease_token = lease_token + 1, updated_at = UTC_TIMESTAMP(3),
            lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE id = ?`,
    [leaseMs, row.id],
  );
  return rowOf({ ...row, leaseToken: row.leaseToken + 1, isLeased: 1 });
}

/** One read without a lock, for the idle planner's check every second. */
export const anyBulkRun = async (sql: ReadOnlySql): Promise<boolean> =>
  (await sql.all("SELECT 1 FROM bulk_runs FORCE INDEX (bulk_runs_turn) WHERE state = 'running' LIMIT 1"))
    .length > 0;

/** Runs under way, and the number of them whose last step failed. */
export async function countBulkRuns(
  sql: ReadOnlySql,
): Promise<{ readonly running: number; readonly failing: number }> {
  const [row] = await sql.all<{ running: number; failing: number | null }>(
    "SELECT COUNT(*) AS running, SUM(failures > 0) AS failing FROM bulk_runs FORCE INDEX (bulk_runs_turn) WHERE state = 'running'",
  );
  return { running: row?.running ?? 0, failing: Number(row?.failing ?? 0) };
}

export const lockBulkRun = (tx: Sql, id: number): Promise<BulkRow | undefined> =>
  firstAs(tx, rowOf, `SELECT ${columns} FROM bulk_runs FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE`, [id]);

export const readBulkRun = (sql: ReadOnlySql, id: number): Promise<BulkRow | undefined> =>
  firstAs(sql, rowOf, `SELECT ${columns} FROM bulk_runs WHERE id = ?`, [id]);

/** Newest first. @param before the last id of the page before */
export async function listBulkRuns(
  sql: ReadOnlySql,
  filter: { readonly state?: BulkState },
  page: { readonly limit: number; readonly before?: number },
): Promise<readonly BulkRow[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${columns} FROM bulk_runs WHERE id < ?${filter.state === undefined ? '' : ' AND state = ?'}
      ORDER BY id DESC LIMIT ${Math.trunc(page.limit)}`,
    [page.before ?? Number.MAX_SAFE_INTEGER, ...(filter.state === undefined ? [] : [filter.state])],
  );
  return rows.map(rowOf);
}

/** The next deliveries of a run behind its cursor that are not done, oldest first. */
export const bulkItems = (
  tx: Sql,
  { id, lastId }: Pick<BulkRow, 'id' | 'lastId'>,
  limit: number,
): Promise<readonly BulkItem[]> =>
  tx.all<BulkItem>(
    `SELECT i.delivery_id AS id, i.run, i.attempt, i.state FROM bulk_items i FORCE INDEX (PRIMARY)
      WHERE i.run_id = ? AND i.delivery_id > ? AND NOT (${isDone}) ORDER BY i.delivery_id LIMIT ${Math.trunc(limit)}`,
    [id, lastId],
  );

/** Saves the result of a step and renews the lease. The caller has locked the run. */
export async function saveBulkStep(
  tx: Sql,
  run: Pick<BulkRow, 'id' | 'state' | 'done' | 'refused' | 'results' | 'lastId'>,
  leaseMs: number,
): Promise<void> {
  const isOver = run.state === 'running' ? 0 : 1;
  await tx.run(
    `UPDATE bulk_runs SET state = ?, done = ?, refused = ?, results = ?, last_id = ?, failures = 0, failure = '', updated_at = UTC_TIMESTAMP(3),
            lease_until = IF(? = 1, NULL, TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))),
            ended_at = IF(? = 1, UTC_TIMESTAMP(3), NULL)
      WHERE id = ?`,
    [
      run.state,
      run.done,
      run.refused,
      JSON.stringify(run.results),
      run.lastId,
      isOver,
      leaseMs,
      isOver,
      run.id,
    ],
  );
}

/** Counts a failed step of the caller's lease. Returns the failures in a row; 0 when the lease is another's or the run is over. */
export async function countBulkFailure(
  tx: Sql,
  { id, leaseToken }: Pick<BulkRow, 'id' | 'leaseToken'>,
  code: string,
): Promise<number> {
  const run = await lockBulkRun(tx, id);
  if (run?.state !== 'running' || run.leaseToken !== leaseToken) return 0;
  await tx.run('UPDATE bulk_runs SET failures = failures + 1, failure = ? WHERE id = ?', [code, id]);
  return run.failures + 1;
}

/** Deletes runs that ended more than so many days ago, and their lists sooner. Returns the number deleted. */
export async function dropEndedBulkRuns(sql: Sql, days: number): Promise<number> {
  await dropOldLists(sql);
  return changes(
    sql,
    "DELETE FROM bulk_runs WHERE state <> 'running' AND ended_at < TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3))",
    [-days],
  );
}

/** Releases the lease, so that another process may take the run at once; does nothing when the lease is another's. */
export async function releaseBulkRun(
  sql: Sql,
  { id, leaseToken }: Pick<BulkRow, 'id' | 'leaseToken'>,
): Promise<void> {
  await sql.run(
    "UPDATE bulk_runs SET lease_until = NULL WHERE id = ? AND lease_token = ? AND state = 'running'",
    [id, leaseToken],
  );
}

/** Pauses or resumes a run and clears its lease, so that any process may take a running one. The caller has locked the run. */
export async function setBulkState(tx: Sql, id: number, state: 'paused' | 'running'): Promise<void> {
  const change = 'state = ?, lease_until = NULL, failures = 0, updated_at = UTC_TIMESTAMP(3)';
  await tx.run(`UPDATE bulk_runs SET ${change} WHERE id = ?`, [state, id]);
}

/** Cancels a run; the deliveries it processed stay on its list. The caller has locked the run. */
export async function endBulkRun(
  tx: Sql,
  id: number,
  by: { readonly actor: string; readonly reason: string },
): Promise<void> {
  await tx.run(
    `UPDATE bulk_runs SET state = 'cancelled', cancelled_by = ?, cancel_reason = ?, lease_until = NULL,
            updated_at = UTC_TIMESTAMP(3), ended_at = UTC_TIMESTAMP(3) WHERE id = ?`,
    [by.actor, by.reason, id],
  );
  await dropUndoneItems(tx, id);
}

// Keeps the list of deliveries that a bulk run has processed, and counts their states since.
// Invariant: a delivery is processed and marked in one transaction; reads use the key of run and delivery.

/** Days the list of a run is kept after its end: time for support to check the deliveries it replayed. */
export const listDays = 30;

/** SQL condition: the run has processed the delivery; this value replaces the state in which it was counted. */
export const isDone = "i.state = 'done'";

/** Marks deliveries as done on the run's list. */
export async function markBulkDone(tx: Sql, runId: number, ids: readonly number[]): Promise<void> {
  await tx.run(
    `UPDATE bulk_items i FORCE INDEX (PRIMARY) SET i.state = 'done' WHERE i.run_id = ? AND i.delivery_id IN (?)`,
    [runId, ids],
  );
}

/** Removes deliveries from the run's list: the run did nothing with them. */
export async function dropBulkItems(tx: Sql, runId: number, ids: readonly number[]): Promise<void> {
  await deleteNamed(
    tx,
    { table: 'bulk_items', column: 'delivery_id', index: 'PRIMARY', and: 't.run_id = ?', values: [runId] },
    ids,
  );
}

/** Removes from the run's list every delivery that it has not processed. */
async function dropUndoneItems(tx: Sql, runId: number): Promise<void> {
  const and = "t.state <> 'done'";
  await deleteNamed(tx, { table: 'bulk_items', column: 'run_id', index: 'PRIMARY', and }, [runId]);
}

/** Deliveries of a list, ascending by id. */
export const ofBulkList =
  'bulk_items i FORCE INDEX (PRIMARY) STRAIGHT_JOIN deliveries d FORCE INDEX (PRIMARY) ON d.id = i.delivery_id';

export interface BulkOutcome {
  readonly state: DeliveryState;
  readonly count: number;
}

/** Current states of the deliveries that the run has processed, in the order of the states. */
export async function bulkOutcomes(sql: ReadOnlySql, runId: number): Promise<readonly BulkOutcome[]> {
  const rows = await sql.all<BulkOutcome>(
    `SELECT d.state, COUNT(*) AS count FROM ${ofBulkList} WHERE i.run_id = ? AND ${isDone} GROUP BY d.state`,
    [runId],
  );
  return deliveryStates.flatMap((state) => rows.filter((row) => row.state === state));
}

/** Removes these deliveries from every list. */
export async function forgetBulkItems(tx: Sql, deliveryIds: readonly number[]): Promise<void> {
  const runs = await tx.all<{ id: number }>('SELECT DISTINCT run_id AS id FROM bulk_items');
  // One run at a time: for several at once the database reads and locks their whole lists.
  for (const { id } of runs) await dropBulkItems(tx, id, deliveryIds);
}

/** Deletes the lists of runs that ended more than `listDays` ago. */
async function dropOldLists(sql: Sql): Promise<void> {
  const runs = await sql.all<{ id: number }>(
    `SELECT r.id FROM bulk_runs r WHERE r.ended_at < TIMESTAMPADD(DAY, -${listDays}, UTC_TIMESTAMP(3))
        AND EXISTS (SELECT 1 FROM bulk_items i WHERE i.run_id = r.id) ORDER BY r.id`,
  );
  for (const { id } of runs)
    await deleteNamed(sql, { table: 'bulk_items', column: 'run_id', index: 'PRIMARY' }, [id]);
}
