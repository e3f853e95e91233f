// Postpones leads of retention that wait for a right of their person, for many runs at once: some wait for years.
// Invariant: only postpones items whose cause is unchanged since they were read: a lead's deletion is decided under its lock.
import { inList, type Sql } from './database.ts';

export interface Turn {
  readonly runId: number;
  readonly leadId: number;
  readonly step: 'proofs' | 'due' | 'left';
  /** The cause of its waiting; empty: none. */
  readonly waitsFor: string;
}

/** Due items of these runs, at most `limit`. */
export async function turnsOf(
  sql: Pick<Sql, 'all'>,
  runIds: readonly number[],
  limit: number,
): Promise<readonly Turn[]> {
  if (runIds.length === 0) return [];
  const { marks, values } = inList(runIds);
  return sql.all(
    `SELECT run_id AS runId, lead_id AS leadId, step, waits_for AS waitsFor
       FROM retention_items FORCE INDEX (retention_items_turn)
      WHERE run_id IN (${marks}) AND step IN ('proofs', 'due', 'left') AND next_at <= UTC_TIMESTAMP(3)
      LIMIT ${Math.trunc(limit)}`,
    values,
  );
}

/** Postpones items that still wait for the same cause, by so many seconds. */
export async function waitOn(
  sql: Pick<Sql, 'run'>,
  leadIds: readonly number[],
  waitsFor: string,
  seconds: number,
): Promise<void> {
  if (leadIds.length === 0) return;
  const { marks, values } = inList(leadIds);
  await sql.run(
    `UPDATE retention_items FORCE INDEX (PRIMARY) SET next_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3))
      WHERE lead_id IN (${marks}) AND waits_for = ? AND next_at <= UTC_TIMESTAMP(3)`,
    [seconds, ...values, waitsFor],
  );
}
