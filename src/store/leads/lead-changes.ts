// Stores changes of leads to plan: one planner takes each, a failing one is quarantined, a planned one is deleted.
// Invariant: new changes before backfilled ones, each client in its turn; a change is deleted with the result of its planning.
import { inList, type Sql } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';
import { startOfTurns, takeInTurns, type Turns } from '../intake/round-robin.ts';

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

/** Quarantined because its planning failed; planned again after this time, behind all others. */
export const asidePriority = 2;

const asideMinutes = 10;

/** One read without a transaction, for the idle planner's check twenty times a second. */
export async function anyChange(sql: Sql): Promise<boolean> {
  return (await sql.all(`SELECT 1 FROM lead_changes WHERE priority < ${asidePriority} LIMIT 1`)).length > 0;
}

/** Position of a planner in the round of clients, by priority: a backfill does not move the turn of new leads. */
export type PlanningTurns = readonly Turns[];

export const startOfPlanning = (): PlanningTurns => [startOfTurns(), startOfTurns()];

/**
 * Takes changes that no other planner has locked, new before backfilled, each client in its turn; locked in the caller's
 * transaction.
 */
export async function takeChanges(
  tx: Sql,
  limit: number,
  turns: PlanningTurns,
): Promise<readonly LeadChange[]> {
  const most = Math.max(1, Math.trunc(limit));
  if (most >= fewChanges) {
    const few = await tx.all<ChangeRow & { readonly priority: number }>(
      `SELECT ${changeColumns}, priority FROM lead_changes FORCE INDEX (lead_changes_turn) WHERE priority < ${asidePriority}
        ORDER BY priority, client_id, id LIMIT ${fewChanges} FOR UPDATE SKIP LOCKED`,
    );
    if (few.length < fewChanges)
      return few.sort((a, b) => a.priority - b.priority || a.id - b.id).map(changeOf);
  }
  return changesInTurn(tx, most, turns, 'FOR UPDATE SKIP LOCKED');
}

/** Fewer changes than this are taken at once, by one statement: no client waits for its turn. */
const fewChanges = 33;

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

/** These changes, except those that another planner has locked. */
export async function takeThese(tx: Sql, ids: readonly number[]): Promise<readonly LeadChange[]> {
  const { marks, values } = inList(ids);
  const rows = await tx.all<ChangeRow>(
    `SELECT ${changeColumns} FROM lead_changes FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id FOR UPDATE SKIP LOCKED`,
    values,
  );
  return rows.map(changeOf);
}

/** @param minutes until it is planned again */
export async function setAside(tx: Sql, id: number, minutes = asideMinutes): Promise<void> {
  await tx.run(
    `UPDATE lead_changes FORCE INDEX (PRIMARY) SET priority = ${asidePriority}, changed_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3)) WHERE id = ?`,
    [minutes - asideMinutes, id],
  );
}

/** Releases changes that were quarantined long enough: the cause may be repaired. */
export async function takeUpAside(sql: Sql): Promise<void> {
  await sql.run(
    `UPDATE lead_changes SET priority = 1 WHERE priority = ${asidePriority} AND changed_at < TIMESTAMPADD(MINUTE, -${asideMinutes}, UTC_TIMESTAMP(3))`,
  );
}

export async function dropChanges(tx: Sql, ids: readonly number[]): Promise<void> {
  await deleteNamed(tx, { table: 'lead_changes', column: 'id', index: 'PRIMARY' }, ids);
}

export async function addChange(tx: Sql, change: Omit<LeadChange, 'id'>): Promise<void> {
  await tx.run('INSERT INTO lead_changes (client_id, lead_id, revision, kind) VALUES (?, ?, ?, ?)', [
    change.clientId,
    change.leadId,
    change.revision,
    change.kind,
  ]);
}
