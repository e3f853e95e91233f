// What the planner writes: changes taken, deliveries inserted, absorbed, reopened or refused.
// Invariant: one row per (client, lead, revision, destination, action); only what has not departed is cancelled unasked.
import type { Action } from '../../connectors/contract.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import { inList, insertGroups, rowMarks, type Sql, type SqlValue } from './database.ts';
import { startOfTurns, takeInTurns, type Turns } from './round-robin.ts';

export interface LeadChange {
  readonly id: number;
  readonly clientId: string;
  readonly leadId: number;
  readonly revision: number;
  readonly kind: string;
}

type ChangeRow = { id: number; client_id: string; lead_id: number; revision: number; kind: string };
const changeColumns = 'id, client_id, lead_id, revision, kind';
const changeOf = (row: ChangeRow): LeadChange => ({
  id: row.id,
  clientId: row.client_id,
  leadId: row.lead_id,
  revision: row.revision,
  kind: row.kind,
});
/** Set aside because planning it broke; back in the queue, behind all others, after this time. */
export const asidePriority = 2;
const asideMinutes = 10;

/** One look without a transaction: what an idle planner does twenty times a second. */
export async function anyChange(sql: Sql): Promise<boolean> {
  return (await sql.all(`SELECT 1 FROM lead_changes WHERE priority < ${asidePriority} LIMIT 1`)).length > 0;
}

/** Where a planner stands in the round of clients, for each priority: a backfill does not move the turn of fresh leads. */
export type PlanningTurns = readonly Turns[];

export const startOfPlanning = (): PlanningTurns => [startOfTurns(), startOfTurns()];

/** Takes changes nobody else is planning, fresh before backfilled, each client in its turn; the caller's transaction holds them. */
export const takeChanges = (tx: Sql, limit: number, turns: PlanningTurns): Promise<readonly LeadChange[]> =>
  changesInTurn(tx, limit, turns, 'FOR UPDATE SKIP LOCKED');

/** The changes that would be taken next, without a lock. */
export const nextChanges = (sql: Sql, limit: number, turns: PlanningTurns): Promise<readonly LeadChange[]> =>
  changesInTurn(sql, limit, turns, '');

async function changesInTurn(
  sql: Sql,
  limit: number,
  turns: PlanningTurns,
  lock: string,
): Promise<readonly LeadChange[]> {
  const taken: ChangeRow[] = [];
  const most = Math.max(1, Math.trunc(limit));
  for (const [priority, turn] of turns.entries()) {
    if (taken.length >= most) break;
    taken.push(
      ...(await takeInTurns<ChangeRow>(turn, most - taken.length, {
        clientAfter: async (client) => {
          const [next] = await sql.all<{ client_id: string }>(
            `SELECT client_id FROM lead_changes FORCE INDEX (lead_changes_turn)
              WHERE priority = ? ${client === undefined ? '' : 'AND client_id > ?'} ORDER BY client_id LIMIT 1`,
            client === undefined ? [priority] : [priority, client],
          );
          return next?.client_id;
        },
        rowsOf: (client, afterId, count) =>
          sql.all<ChangeRow>(
            `SELECT ${changeColumns} FROM lead_changes FORCE INDEX (lead_changes_turn)
              WHERE priority = ? AND client_id = ? AND id > ? ORDER BY id LIMIT ${count} ${lock}`,
            [priority, client, afterId],
          ),
      })),
    );
  }
  return taken.map(changeOf);
}

/** One change, unless another planner has it. */
export async function takeChange(tx: Sql, id: number): Promise<readonly LeadChange[]> {
  return (
    await tx.all<ChangeRow>(
      `SELECT ${changeColumns} FROM lead_changes FORCE INDEX (PRIMARY) WHERE id = ? FOR UPDATE SKIP LOCKED`,
      [id],
    )
  ).map(changeOf);
}

/** @param minutes after which it is looked at again */
export async function setAside(tx: Sql, id: number, minutes = asideMinutes): Promise<void> {
  await tx.run(
    `UPDATE lead_changes FORCE INDEX (PRIMARY) SET priority = ${asidePriority}, changed_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)) WHERE id = ?`,
    [minutes - asideMinutes, id],
  );
}

/** Changes set aside long enough ago are planned again: the cause may be gone. */
export async function takeUpAside(sql: Sql): Promise<void> {
  await sql.run(
    `UPDATE lead_changes SET priority = 1 WHERE priority = ${asidePriority} AND changed_at < TIMESTAMPADD(MINUTE, -${asideMinutes}, UTC_TIMESTAMP(3))`,
  );
}

export async function dropChanges(tx: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { marks, values } = inList(ids);
  await tx.run(`DELETE lead_changes FROM lead_changes FORCE INDEX (PRIMARY) WHERE id IN (${marks})`, values);
}

export async function addChange(tx: Sql, change: Omit<LeadChange, 'id'>): Promise<void> {
  await tx.run('INSERT INTO lead_changes (client_id, lead_id, revision, kind) VALUES (?, ?, ?, ?)', [
    change.clientId,
    change.leadId,
    change.revision,
    change.kind,
  ]);
}

export interface PlannedDelivery {
  readonly clientId: string;
  readonly destinationId: string;
  readonly leadId: number;
  readonly revision: number;
  readonly action: Action;
  readonly key: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly priority: number;
  readonly maxAgeMs: number;
}

/**
 * Inserts deliveries; one that exists already (same lead, revision, destination, action) is left as it is.
 * The no-op assignment, and not INSERT IGNORE, keeps every other error loud.
 */
export async function insertDeliveries(tx: Sql, planned: readonly PlannedDelivery[]): Promise<void> {
  for (const part of insertGroups(planned)) {
    const one =
      '(?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)), IF(? = 1, UTC_TIMESTAMP(3), NULL))';
    await tx.run(
      `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, priority, due_at, expires_at, settled_at)
       VALUES ${part.map(() => one).join(', ')} ON DUPLICATE KEY UPDATE id = id`,
      part.flatMap((row): SqlValue[] => [
        row.clientId,
        row.destinationId,
        row.leadId,
        row.revision,
        row.action,
        row.key,
        row.state,
        row.reason,
        row.priority,
        row.maxAgeMs,
        ['delivered', 'failed', 'cancelled'].includes(row.state) ? 1 : 0,
      ]),
    );
  }
}

export async function insertRoutingRefusals(
  tx: Sql,
  refusals: readonly {
    readonly clientId: string;
    readonly leadId: number;
    readonly revision: number;
    readonly destinationId: string;
    readonly reason: string;
  }[],
): Promise<void> {
  for (const part of insertGroups(refusals)) {
    await tx.run(
      `INSERT INTO routing_refusals (client_id, lead_id, revision, destination_id, reason) VALUES ${rowMarks(part.length, 5)}
       ON DUPLICATE KEY UPDATE reason = VALUES(reason)`,
      part.flatMap((one) => [
        one.clientId,
        one.leadId,
        one.revision,
        one.destinationId,
        one.reason.slice(0, 80),
      ]),
    );
  }
}

/** Ends deliveries that never departed (in this life) and are not being sent. Returns the ids that really ended. */
export async function cancelUnsent(
  tx: Sql,
  ids: readonly number[],
  reason: string,
  includeDeparted = false,
): Promise<readonly number[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (${marks}) AND state IN ('planned', 'queued', 'waiting', 'withheld', 'pending')
       ${includeDeparted ? '' : 'AND departures = 0'} ORDER BY id FOR UPDATE`,
    values,
  );
  if (rows.length === 0) return [];
  const found = inList(rows.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'cancelled', reason = ?, settled_at = UTC_TIMESTAMP(3), batch_id = 0 WHERE id IN (${found.marks})`,
    [reason, ...found.values],
  );
  return rows.map((row) => row.id);
}

/** Withheld deliveries come back to be looked at again. Returns their ids. */
export async function reopenWithheld(tx: Sql, ids: readonly number[]): Promise<readonly number[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM deliveries FORCE INDEX (PRIMARY) WHERE id IN (${marks}) AND state = 'withheld' ORDER BY id FOR UPDATE`,
    values,
  );
  if (rows.length === 0) return [];
  const found = inList(rows.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', due_at = UTC_TIMESTAMP(3) WHERE id IN (${found.marks})`,
    found.values,
  );
  return rows.map((row) => row.id);
}

/** Destinations that have something withheld, by a loose scan of the index. */
export async function destinationsWithWithheld(sql: Sql): Promise<ReadonlySet<string>> {
  const rows = await sql.all<{ destination_id: string }>(
    "SELECT DISTINCT destination_id FROM deliveries FORCE INDEX (deliveries_due) WHERE state = 'withheld'",
  );
  return new Set(rows.map((row) => row.destination_id));
}

/** Withheld deliveries of a destination for one of the reasons, in id order after `after`. */
export async function withheldOfDestination(
  sql: Sql,
  destinationId: string,
  reasons: readonly string[],
  limit: number,
  after = 0,
): Promise<readonly number[]> {
  const { marks, values } = inList(reasons);
  const rows = await sql.all<{ id: number }>(
    `SELECT id FROM deliveries WHERE state = 'withheld' AND destination_id = ? AND id > ? AND SUBSTRING_INDEX(reason, ':', 1) IN (${marks})
      ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [destinationId, after, ...values],
  );
  return rows.map((row) => row.id);
}

/** Deliveries of the same lead and destination that waited for one that has just ended. */
export async function wakeSiblings(
  tx: Sql,
  pairs: readonly { readonly leadId: number; readonly destinationId: string }[],
): Promise<void> {
  if (pairs.length === 0) return;
  const { marks, values } = inList(pairs.map((pair) => pair.leadId));
  const rows = await tx.all<{ id: number; lead_id: number; destination_id: string }>(
    `SELECT id, lead_id, destination_id FROM deliveries
      WHERE lead_id IN (${marks}) AND ((state = 'waiting' AND reason = 'waits_for_create') OR (state = 'withheld' AND reason = 'create_unsettled'))`,
    values,
  );
  const wanted = rows.filter((row) =>
    pairs.some((pair) => pair.leadId === row.lead_id && pair.destinationId === row.destination_id),
  );
  if (wanted.length === 0) return;
  const found = inList(wanted.map((row) => row.id));
  await tx.run(
    `UPDATE deliveries FORCE INDEX (PRIMARY) SET state = 'planned', reason = '', due_at = UTC_TIMESTAMP(3) WHERE id IN (${found.marks})
        AND ((state = 'waiting' AND reason = 'waits_for_create') OR (state = 'withheld' AND reason = 'create_unsettled'))`,
    found.values,
  );
}
