// What dispatch asks of MySQL: which destinations have due work, and a bounded window of it.
// Invariant: a row marked queued is pushed after the commit; what Redis forgets is marked again.
import type { DeliveryState } from '../domain/delivery.ts';
import { inList, type Sql } from './database.ts';

export interface DueJob {
  readonly deliveryId: number;
  readonly run: number;
  /** Number the coming attempt will bear. */
  readonly attempt: number;
  readonly priority: number;
}

/**
 * Destinations for which the condition finds a row of deliveries, by one leap into the index for each of them: cost
 * grows with destinations, not with the backlog. Optimisers read every row of the backlog for a DISTINCT, a GROUP BY
 * or an EXISTS; a scalar subquery with LIMIT is left as it is.
 */
async function destinationsWhere(sql: Sql, conditions: readonly string[]): Promise<readonly string[]> {
  const rows = await sql.all<{ id: string }>(
    `SELECT t.id FROM destinations t WHERE ${conditions.join(' OR ')}`,
  );
  return rows.map((row) => row.id);
}

const rowsOf = 'FROM deliveries d FORCE INDEX (deliveries_due) WHERE d.destination_id = t.id';
const anyIn = (state: DeliveryState): string => `(SELECT 1 ${rowsOf} AND d.state = '${state}' LIMIT 1) = 1`;
// The soonest alone is looked at: a backlog of retries that are not due yet costs nothing.
const dueIn = (state: DeliveryState, priority: 0 | 1): string =>
  `(SELECT d.due_at ${rowsOf} AND d.state = '${state}' AND d.priority = ${priority} ORDER BY d.due_at LIMIT 1) <= UTC_TIMESTAMP(3)`;

/** Destinations with due deliveries. */
export const destinationsWithDueWork = (sql: Sql): Promise<readonly string[]> =>
  destinationsWhere(sql, [
    ...[dueIn('planned', 0), dueIn('planned', 1)],
    ...[dueIn('waiting', 0), dueIn('waiting', 1)],
  ]);

/** Deliveries queued or being sent for a destination: what the window is measured against. */
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

/**
 * Marks due rows queued, oldest first: the replays' reserve, then fresh ones, then other replays.
 * @param room `replays`: replayed or backfilled rows at most, so that they never fill the window fresh leads need;
 *   `reserved`: of these, as many go first, so that a busy destination does not starve them
 */
export async function takeDue(
  tx: Sql,
  destinationId: string,
  limit: number,
  room: { readonly replays: number; readonly reserved: number },
  batch?: { readonly id: number; readonly action: string },
): Promise<readonly DueJob[]> {
  const taken: DueJob[] = [];
  const take = async (priority: 0 | 1, most: number): Promise<void> => {
    let left = Math.trunc(Math.min(limit - taken.length, most));
    for (const state of ['waiting', 'planned']) {
      if (left <= 0) break;
      // What this transaction has taken already is found again.
      const before = taken.filter((one) => one.priority === priority).length;
      const rows = await tx.all<{ id: number; run: number; attempt: number }>(
        `SELECT id, run, attempt FROM deliveries FORCE INDEX (deliveries_due)
          WHERE state = ? AND destination_id = ? AND priority = ? AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0
            ${batch === undefined ? '' : 'AND action = ?'}
          ORDER BY due_at, id LIMIT ${left + before} FOR UPDATE SKIP LOCKED`,
        [state, destinationId, priority, ...(batch === undefined ? [] : [batch.action])],
      );
      const known = new Set(taken.map((one) => one.deliveryId));
      const fresh = rows.filter((row) => !known.has(row.id)).slice(0, left);
      taken.push(
        ...fresh.map((row) => ({ deliveryId: row.id, run: row.run, attempt: row.attempt + 1, priority })),
      );
      left -= fresh.length;
    }
  };
  await take(1, Math.min(room.reserved, room.replays));
  await take(0, limit);
  await take(1, room.replays - taken.filter((one) => one.priority > 0).length);
  if (taken.length === 0) return [];
  const { marks, values } = inList(taken.map((one) => one.deliveryId));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'queued', queued_at = UTC_TIMESTAMP(3), reason = '', batch_id = ? WHERE id IN (${marks})`,
    [batch?.id ?? 0, ...values],
  );
  return taken;
}

/**
 * Rows marked queued longer than `olderThanMs` ago: their job may be lost; pushing it again is harmless.
 * @param where only destinations of the list, or all but those
 */
export async function queuedLongAgo(
  sql: Sql,
  olderThanMs: number,
  limit: number,
  where?: { readonly destinations: readonly string[]; readonly among: boolean },
): Promise<readonly (DueJob & { readonly destinationId: string })[]> {
  const named =
    where === undefined || where.destinations.length === 0 ? undefined : inList(where.destinations);
  if (named === undefined && where?.among === true) return [];
  const rows = await sql.all<{
    id: number;
    run: number;
    attempt: number;
    priority: number;
    destination_id: string;
  }>(
    `SELECT id, run, attempt, priority, destination_id FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'queued' AND batch_id = 0 AND queued_at <= TIMESTAMPADD(MICROSECOND, ? * -1000, UTC_TIMESTAMP(3))
        ${named === undefined ? '' : `AND destination_id ${where?.among === true ? '' : 'NOT '}IN (${named.marks})`}
      ORDER BY priority, id LIMIT ${Math.trunc(limit)}`,
    [olderThanMs, ...(named?.values ?? [])],
  );
  return rows.map((row) => ({
    deliveryId: row.id,
    run: row.run,
    attempt: row.attempt + 1,
    priority: row.priority,
    destinationId: row.destination_id,
  }));
}

export async function touchQueued(sql: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await sql.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET queued_at = UTC_TIMESTAMP(3) WHERE id IN (${marks}) AND state = 'queued'`,
    values,
  );
}

/** Rows whose job left the queue without being done: they count as queued an hour ago, and are pushed again at once. */
export async function forgetQueued(sql: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await sql.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET queued_at = TIMESTAMPADD(HOUR, -1, UTC_TIMESTAMP(3)) WHERE id IN (${marks}) AND state = 'queued'`,
    values,
  );
}

/** Destinations that have something queued, for workers that missed the wake-up. */
export const destinationsWithQueuedWork = (sql: Sql): Promise<readonly string[]> =>
  destinationsWhere(sql, [anyIn('queued')]);

/** Due rows of a held or suspended destination become visibly `waiting`; they stay due. */
export async function showHeld(
  sql: Sql,
  destinationId: string,
  reason: string,
  limit: number,
): Promise<number> {
  const { affected } = await sql.run(
    `UPDATE deliveries FORCE INDEX (deliveries_due) SET state = 'waiting', reason = ? WHERE state = 'planned' AND destination_id = ? AND due_at <= UTC_TIMESTAMP(3) LIMIT ${Math.trunc(limit)}`,
    [reason, destinationId],
  );
  return affected;
}

/**
 * A destination whose probe is due and that has nothing due, queued or on its way: the soonest of what waits out a failure is due
 * now, and its file with it. Returns how many.
 * @param but deliveries whose pause the recipient asked for itself
 */
export async function bringProbe(sql: Sql, destinationId: string, but: readonly number[]): Promise<number> {
  const { all } = await windowUse(sql, destinationId);
  if (all > 0) return 0;
  const excepted = inList(but.length === 0 ? [0] : but);
  const [next] = await sql.all<{ id: number; batch_id: number; later: number }>(
    `SELECT id, batch_id, due_at > UTC_TIMESTAMP(3) AS later FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'waiting' AND destination_id = ? AND id NOT IN (${excepted.marks})
        AND (reason LIKE 'retry%' OR reason LIKE 'throttled%' OR reason LIKE 'destination_held%')
      ORDER BY due_at, id LIMIT 1`,
    [destinationId, ...excepted.values],
  );
  if (next === undefined) return 0;
  if (next.batch_id > 0) {
    const { affected } = await sql.run(
      `UPDATE batches SET due_at = UTC_TIMESTAMP(3)
        WHERE id = ? AND state IN ('open', 'written') AND queued_at IS NULL AND due_at > UTC_TIMESTAMP(3)`,
      [next.batch_id],
    );
    return affected;
  }
  if (next.later === 0) return 0;
  const { affected } = await sql.run(
    "UPDATE deliveries SET due_at = LEAST(due_at, UTC_TIMESTAMP(3)) WHERE id = ? AND state = 'waiting'",
    [next.id],
  );
  return affected;
}

/** Destinations with rows nobody has looked at yet. */
export async function destinationsWithPlannedWork(sql: Sql): Promise<ReadonlySet<string>> {
  return new Set(await destinationsWhere(sql, [anyIn('planned')]));
}

/** Rows of a file flow that wait for one of the causes of waiting for a file now wait for this one. */
export async function relabelWaiting(
  sql: Sql,
  destinationId: string,
  reason: string,
  causes: readonly string[],
): Promise<void> {
  const { marks, values } = inList(causes);
  await sql.run(
    `UPDATE deliveries FORCE INDEX (deliveries_due) SET reason = ?
      WHERE state = 'waiting' AND destination_id = ? AND batch_id = 0 AND reason IN (${marks})`,
    [reason, destinationId, ...values],
  );
}

/** Rows past their maximum age, in any state that could wait. */
export async function expiredDeliveries(tx: Sql, limit: number): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (deliveries_open)
      WHERE settled_at IS NULL AND expires_at <= UTC_TIMESTAMP(3) AND state IN ('planned', 'waiting', 'withheld', 'pending', 'queued')
      ORDER BY expires_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map((row) => row.id);
}

/** Due rows of a destination that stand in no file; the caller's transaction holds them. */
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

/** `pending` rows whose recipient is to be asked again. */
export async function duePending(
  tx: Sql,
  limit: number,
): Promise<readonly (DueJob & { readonly destinationId: string })[]> {
  const rows = await tx.all<{
    id: number;
    run: number;
    attempt: number;
    priority: number;
    destination_id: string;
  }>(
    `SELECT id, run, attempt, priority, destination_id FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state = 'pending' AND due_at <= UTC_TIMESTAMP(3) AND batch_id = 0 ORDER BY due_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map((row) => ({
    deliveryId: row.id,
    run: row.run,
    attempt: row.attempt + 1,
    priority: row.priority,
    destinationId: row.destination_id,
  }));
}

/** `pending` rows on their way to ask: queued, with the question before any sending. */
export async function markAsking(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'queued', ask_first = 1, queued_at = UTC_TIMESTAMP(3) WHERE id IN (${marks})`,
    values,
  );
}

/** Deliveries whose lease ran out: their worker died or stalled. The caller's transaction holds them. */
export async function lapsedLeases(tx: Sql, limit: number): Promise<readonly number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (deliveries_due) WHERE state = 'sending' AND lease_until < UTC_TIMESTAMP(3) ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map((row) => row.id);
}
