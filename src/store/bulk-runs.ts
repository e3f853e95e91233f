// Bulk runs: what support asked of many deliveries at once, how far it is, and what is left of it.
// Invariant: who changes a run holds its row; its lease only keeps a second process from waiting for that row.
import { dropOldLists, dropUndoneItems, isDone } from './bulk-outcomes.ts';
import type { Delivery } from './deliveries.ts';
import { insertGroups, rowMarks, type ReadOnlySql, type Sql } from './database.ts';

export const bulkKinds = ['replay', 'cancel', 'close', 'resolve', 'backfill'] as const;
export type BulkKind = (typeof bulkKinds)[number];
export const bulkStates = ['running', 'paused', 'done', 'cancelled'] as const;
export type BulkState = (typeof bulkStates)[number];

/** How many ended so, and which were the first of them. */
export interface BulkTally {
  readonly count: number;
  readonly ids: readonly number[];
}

export interface BulkRow {
  readonly id: number;
  readonly kind: BulkKind;
  readonly state: BulkState;
  /** What was asked, for people: a filter as JSON. */
  readonly filter: string;
  /** What the kind needs to work, as JSON. */
  readonly options: string;
  readonly actor: string;
  readonly reason: string;
  readonly counted: number;
  readonly done: number;
  readonly refused: number;
  readonly results: Readonly<Record<string, BulkTally>>;
  /** How far a backfill is in the client's leads, another run in its list. */
  readonly lastId: number;
  readonly leaseToken: number;
  /** Whether a process has it in work at this moment. */
  readonly isLeased: boolean;
  /** Steps that failed since the last that passed, and the code of the latest. */
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

/** A new run, leased to the caller under token 1. */
export async function insertBulkRun(
  tx: Sql,
  run: Pick<BulkRow, 'kind' | 'filter' | 'options' | 'actor' | 'reason' | 'counted'>,
  leaseMs: number,
): Promise<number> {
  const { insertId } = await tx.run(
    `INSERT INTO bulk_runs (kind, filter, options, actor, reason, counted, results, lease_token, lease_until, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, '{}', 1, TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [run.kind, run.filter, run.options, run.actor, run.reason, run.counted, leaseMs],
  );
  return insertId;
}

/** A delivery as it was counted. Run 0: it was counted by an earlier version, which did not keep that. */
export interface BulkItem extends Pick<Delivery, 'id' | 'run' | 'attempt'> {
  readonly state: Delivery['state'] | '';
}

export async function insertBulkItems(tx: Sql, runId: number, items: readonly BulkItem[]): Promise<void> {
  for (const group of insertGroups(items))
    await tx.run(
      `INSERT INTO bulk_items (run_id, delivery_id, run, attempt, state) VALUES ${rowMarks(group.length, 5)}`,
      group.flatMap(({ id, run, attempt, state }) => [runId, id, run, attempt, state]),
    );
}

/**
 * A running run that no process has in work, leased to the caller: the one named, else the one that waited longest.
 * Undefined where there is none.
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

/** One look without a lock: what an idle planner does once a second. */
export const anyBulkRun = async (sql: ReadOnlySql): Promise<boolean> =>
  (await sql.all("SELECT 1 FROM bulk_runs FORCE INDEX (bulk_runs_turn) WHERE state = 'running' LIMIT 1"))
    .length > 0;

/** Runs in work, and how many of them had a step that failed last. */
export async function countBulkRuns(
  sql: ReadOnlySql,
): Promise<{ readonly running: number; readonly failing: number }> {
  const [row] = await sql.all<{ running: number; failing: number | null }>(
    "SELECT COUNT(*) AS running, SUM(failures > 0) AS failing FROM bulk_runs FORCE INDEX (bulk_runs_turn) WHERE state = 'running'",
  );
  return { running: row?.running ?? 0, failing: Number(row?.failing ?? 0) };
}

export async function lockBulkRun(tx: Sql, id: number): Promise<BulkRow | undefined> {
  const [row] = await tx.all<StoredRow>(
    `SELECT ${columns} FROM bulk_runs FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE`,
    [id],
  );
  return row === undefined ? undefined : rowOf(row);
}

export async function readBulkRun(sql: ReadOnlySql, id: number): Promise<BulkRow | undefined> {
  const [row] = await sql.all<StoredRow>(`SELECT ${columns} FROM bulk_runs WHERE id = ?`, [id]);
  return row === undefined ? undefined : rowOf(row);
}

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

/** The next deliveries of a run, oldest first: those behind the place it has come to, but what is done. */
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

/** What a step did, and a longer lease. The caller holds the run. */
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

/** A step of the caller's lease failed. Answers how many did in a row; 0 where the lease is another's by now, or the run is over. */
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

/** Removes runs that ended longer ago than so many days, and sooner the lists of what they did. Returns how many. */
export async function dropEndedBulkRuns(sql: Sql, days: number): Promise<number> {
  await dropOldLists(sql);
  const { affected } = await sql.run(
    "DELETE FROM bulk_runs WHERE state <> 'running' AND ended_at < TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3))",
    [-days],
  );
  return affected;
}

/** Gives a run back, so that another process may take it at once; nothing where the lease is another's by now. */
export async function releaseBulkRun(
  sql: Sql,
  { id, leaseToken }: Pick<BulkRow, 'id' | 'leaseToken'>,
): Promise<void> {
  await sql.run(
    "UPDATE bulk_runs SET lease_until = NULL WHERE id = ? AND lease_token = ? AND state = 'running'",
    [id, leaseToken],
  );
}

/** It rests, or goes on: no process has it in work then, and the next that looks may take what goes on. The caller holds it. */
export async function setBulkState(tx: Sql, id: number, state: 'paused' | 'running'): Promise<void> {
  const change = 'state = ?, lease_until = NULL, failures = 0, updated_at = UTC_TIMESTAMP(3)';
  await tx.run(`UPDATE bulk_runs SET ${change} WHERE id = ?`, [state, id]);
}

/** Ends a run where it stands; what it has done stays on its list. The caller holds it. */
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
