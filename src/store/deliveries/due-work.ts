// Finds due work: destinations that have some, the number under way, and a bounded window of deliveries for the queue.
// Invariant: a row marked queued is pushed after the commit; one that Redis lost is marked again.
import type { DeliveryState } from '../../domain/delivery.ts';
import { carriesRightSql } from '../leads/rights.ts';
import { inList, type Sql, columnOf, hasRow } from '../database.ts';
import { stateColumns, stateOf, type DestinationState, type StateRow } from '../destinations/destinations.ts';
import { whichClause, type Which } from '../named-rows.ts';

export interface DueJob {
  readonly deliveryId: number;
  readonly run: number;
  /** Number of the coming attempt. */
  readonly attempt: number;
  readonly priority: number;
}

export type DueJobAt = DueJob & { readonly destinationId: string };

/** The columns of `deliveries` that make a job. */
export const dueColumns = 'id, run, attempt, priority, destination_id AS destinationId';
export type DueRow = Omit<DueJobAt, 'deliveryId'> & { readonly id: number };

/** The job of the row's next attempt. */
export const dueJobOf = ({ id, attempt, ...row }: DueRow): DueJobAt => ({
  ...row,
  deliveryId: id,
  attempt: attempt + 1,
});

/**
 * Destinations for which a condition finds a row of deliveries, by one index lookup each: the cost grows with destinations, not
 * with the backlog. Optimisers read every row of the backlog for a DISTINCT, a GROUP BY or an EXISTS; they leave a scalar subquery
 * with LIMIT as it is.
 */
const destinationsWhere = (sql: Sql, conditions: readonly string[]): Promise<readonly string[]> =>
  columnOf<string>(sql, `SELECT t.id FROM destinations t WHERE ${conditions.join(' OR ')}`);

const rowsOf = 'FROM deliveries d FORCE INDEX (deliveries_due) WHERE d.destination_id = t.id';

const anyIn = (state: DeliveryState): string => `(SELECT 1 ${rowsOf} AND d.state = '${state}' LIMIT 1) = 1`;
// Reads the soonest row only: a backlog of retries that are not due costs nothing.

const dueIn = (state: DeliveryState, priority: 0 | 1): string =>
  `(SELECT d.due_at ${rowsOf} AND d.state = '${state}' AND d.priority = ${priority} ORDER BY d.due_at LIMIT 1) <= UTC_TIMESTAMP(3)`;

/** Destinations with due deliveries. */
export const destinationsWithDueWork = (sql: Sql): Promise<readonly string[]> =>
  destinationsWhere(sql, [
    dueIn('planned', 0),
    dueIn('planned', 1),
    dueIn('waiting', 0),
    dueIn('waiting', 1),
  ]);

/** Destinations with queued deliveries, for workers that missed the wake-up. */
export const destinationsWithQueuedWork = (sql: Sql): Promise<readonly string[]> =>
  destinationsWhere(sql, [anyIn('queued')]);

/** Destinations with deliveries planned and not taken yet. */
export async function destinationsWithPlannedWork(sql: Sql): Promise<ReadonlySet<string>> {
  return new Set(await destinationsWhere(sql, [anyIn('planned')]));
}

/** Deliveries queued or being sent for a destination: the window limits their number. */
export async function windowUse(
  sql: Sql,
  destinationId: string,
): Promise<{ readonly all: number; readonly replays: number }> {
  const [row] = await sql.all<{ n: number; replays: number | null }>(
    "SELECT COUNT(*) AS n, SUM(priority > 0) AS replays FROM deliveries FORCE INDEX (deliveries_due) WHERE state IN ('queued', 'sending') AND destination_id = ?",
    [destinationId],
  );
  return { all: row?.n ?? 0, replays: Number(row?.replays ?? 0) };
}

/** Limits of one take. */
export interface TakeRoom {
  /** States and priorities that had due rows a moment ago; read when absent. */
  readonly due?: ReadonlySet<DueKind>;
  /** Most replayed or backfilled rows, so that they never fill the window that new leads need. */
  readonly replays: number;
  /** Replayed rows that go first, so that a busy destination does not starve them. */
  readonly reserved: number;
  /** The destination is held, or has just recovered: deliveries that carry a prospect's right go first. */
  readonly rightsFirst?: boolean;
  /** All, when absent. */
  readonly which?: Which;
}

const dueStates = ['waiting', 'planned'] as const;
export type DueKind = `${(typeof dueStates)[number]}${0 | 1}`;
const dueKindNames = dueStates.flatMap((state): readonly DueKind[] => [`${state}0`, `${state}1`]);

const anyDueKind = dueStates
  .flatMap((state) =>
    [0, 1].map(
      (priority) =>
        `(SELECT 1 FROM deliveries FORCE INDEX (deliveries_due) WHERE state = '${state}' AND destination_id = ? AND priority = ${priority} AND due_at <= UTC_TIMESTAMP(3) LIMIT 1) AS ${state}${priority}`,
    ),
  )
  .join(', ');

type DueKindRow = Record<DueKind, number | null>;
const dueKindsIn = (row: DueKindRow | undefined): ReadonlySet<DueKind> =>
  new Set(dueKindNames.filter((kind) => row?.[kind] === 1));

/** States and priorities with due rows, in one statement: mostly one of the four. */
async function dueKinds(sql: Sql, destinationId: string): Promise<ReadonlySet<DueKind>> {
  const [row] = await sql.all<DueKindRow>(
    `SELECT ${anyDueKind}`,
    dueKindNames.map(() => destinationId),
  );
  return dueKindsIn(row);
}

/** A destination as its dispatch sees it. */
export interface Window {
  /** Deliveries queued or being sent. */
  readonly all: number;
  /** Those of them that are replayed or backfilled. */
  readonly replays: number;
  /** States and priorities with due rows. */
  readonly due: ReadonlySet<DueKind>;
  /** Its state if it is held, as domain/send-policy defines it. */
  readonly held: DestinationState | undefined;
}

/** Reads the window of a destination, its due work and its state in one statement. */
export async function readWindow(sql: Sql, destinationId: string): Promise<Window> {
  const inFlight =
    "SELECT COUNT(*) AS n, SUM(priority > 0) AS replays FROM deliveries FORCE INDEX (deliveries_due) WHERE state IN ('queued', 'sending') AND destination_id = ?";
  const [row] = await sql.all<
    DueKindRow & Nullable<StateRow> & { n: number; replays: number | null; held: number | null }
  >(
    `SELECT u.n, u.replays, s.held, ${stateColumns}, ${anyDueKind}
       FROM (${inFlight}) u LEFT JOIN destination_states s FORCE INDEX (PRIMARY) ON s.destination_id = ?`,
    [...dueKindNames, 'used', 'state'].map(() => destinationId),
  );
  return {
    all: row?.n ?? 0,
    replays: Number(row?.replays ?? 0),
    due: dueKindsIn(row),
    held: row?.held === 1 ? stateOf(row as StateRow) : undefined,
  };
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

/** Rows that a file takes. */
export interface FileRows {
  readonly action: string;
  readonly rightsOnly?: boolean;
}

/**
 * Due rows, oldest first: rights when they go first, the replays' reserve, then new leads, then other replays. Locked in the
 * caller's transaction.
 */
export async function chooseDue(
  tx: Sql,
  destinationId: string,
  limit: number,
  room: TakeRoom,
  file?: FileRows,
): Promise<readonly DueJob[]> {
  const taken: DueJob[] = [];
  const clause = whichClause(room.which ?? { without: [] });
  const kinds = room.due ?? (await dueKinds(tx, destinationId));
  const take = async (priority: 0 | 1, most: number, only = ''): Promise<void> => {
    let left = Math.trunc(Math.min(limit - taken.length, most));
    for (const state of dueStates) {
      if (left <= 0) break;
      if (!kinds.has(`${state}${priority}`)) continue;
      // The query also finds rows that this transaction has taken already.
      const before = taken.filter((job) => job.priority === priority).length;
      const rows = await tx.all<{ id: number; run: number; attempt: number }>(
        `SELECT id, run, attempt FROM deliveries FORCE INDEX (deliveries_due)
          WHERE state = ? AND destination_id = ? AND priority = ? AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0
            ${ofFile(file)} ${only} ${clause.sql}
          ORDER BY due_at, id LIMIT ${left + before} FOR UPDATE SKIP LOCKED`,
        [state, destinationId, priority, ...(file === undefined ? [] : [file.action]), ...clause.values],
      );
      const known = new Set(taken.map((job) => job.deliveryId));
      const fresh = rows.filter((row) => !known.has(row.id)).slice(0, left);
      taken.push(
        ...fresh.map((row) => ({ deliveryId: row.id, run: row.run, attempt: row.attempt + 1, priority })),
      );
      left -= fresh.length;
    }
  };
  if (room.rightsFirst === true)
    for (const priority of [0, 1] as const) await take(priority, limit, firstInLineSql);
  await take(1, Math.min(room.reserved, room.replays));
  await take(0, limit);
  await take(1, room.replays - taken.filter((job) => job.priority > 0).length);
  return taken;
}

/** A delivery that carries a right, with no earlier open delivery of its lead. */
const firstInLineSql = `AND ${carriesRightSql('deliveries')} AND NOT EXISTS (
              SELECT 1 FROM deliveries e FORCE INDEX (deliveries_lead)
               WHERE e.lead_id = deliveries.lead_id AND e.destination_id = deliveries.destination_id AND e.id < deliveries.id AND e.settled_at IS NULL)`;

const ofFile = (file: FileRows | undefined): string =>
  `${file === undefined ? '' : 'AND action = ?'} ${file?.rightsOnly === true ? `AND ${carriesRightSql('deliveries')}` : ''}`;

/** Marks as queued the rows that `chooseDue` chooses. */
export async function takeDue(
  tx: Sql,
  destinationId: string,
  limit: number,
  room: TakeRoom,
  batch?: FileRows & { readonly id: number },
): Promise<readonly DueJob[]> {
  const taken = await chooseDue(tx, destinationId, limit, room, batch);
  if (taken.length === 0) return [];
  const { marks, values } = inList(taken.map((job) => job.deliveryId));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'queued', queued_at = UTC_TIMESTAMP(3), reason = '', batch_id = ? WHERE id IN (${marks})`,
    [batch?.id ?? 0, ...values],
  );
  return taken;
}

/**
 * True when due rows of an action are still in no file: a file leaves out rows that others have locked. One statement, so one
 * snapshot: two would miss a row that moves from `planned` to `waiting` in between.
 */
export async function anyDue(tx: Sql, destinationId: string, file: FileRows, which: Which): Promise<boolean> {
  const clause = whichClause(which);
  return hasRow(
    tx,
    `SELECT 1 FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state IN ('waiting', 'planned') AND destination_id = ? AND priority IN (0, 1) AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0
        ${ofFile(file)} ${clause.sql} LIMIT 1`,
    [destinationId, file.action, ...clause.values],
  );
}

/** Names of due rows of a destination that are in no file, the longest waiting first; nothing is locked. */
export async function dueNames(
  sql: Sql,
  destinationId: string,
  limit: number,
  which: Which,
): Promise<readonly { readonly id: number; readonly clientId: string; readonly destinationId: string }[]> {
  const clause = whichClause(which);
  return sql.all(
    `SELECT id, client_id AS clientId, destination_id AS destinationId FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state IN ('waiting', 'planned') AND destination_id = ? AND priority IN (0, 1) AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0
        ${clause.sql} ORDER BY due_at, id LIMIT ${Math.trunc(limit)}`,
    [destinationId, ...clause.values],
  );
}

/** Due rows of a destination that are in no file, locked in the caller's transaction. */
export async function dueOfDestination(
  tx: Sql,
  destinationId: string,
  limit: number,
): Promise<readonly number[]> {
  const ids: number[] = [];
  for (const state of ['planned', 'waiting']) {
    const rows = await tx.all<{ id: number }>(
      `SELECT id FROM deliveries FORCE INDEX (deliveries_due)
        WHERE state = ? AND destination_id = ? AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0 ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
      [state, destinationId],
    );
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}
