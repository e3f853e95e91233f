// Stores retention runs and the leads that each has yet to process.
// Invariant: a lead is in one run at most; its row is deleted in the transaction that deletes the last of the lead.
import type { CivilDate } from '../../domain/civil-date.ts';
import { firstNumber, type Sql, firstRow, hasRow, insertedId } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';
import { insertRows } from '../columns.ts';

export interface RetentionRun {
  readonly id: number;
  readonly clientId: string;
  readonly day: CivilDate;
  readonly number: number;
  readonly actor: string;
  /** `gathering`: its leads are still being found, and none of them is touched. */
  readonly state: 'gathering' | 'running' | 'done';
  readonly found: number;
  readonly purged: number;
  readonly anonymised: number;
  readonly kept: number;
  readonly proofFiles: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

const columns = `id, client_id AS clientId, DATE_FORMAT(day, '%Y-%m-%d') AS day, number, actor, state, found, purged, anonymised, kept,
       proof_files AS proofFiles, started_at AS startedAt, ended_at AS endedAt`;

export interface NewItem {
  readonly leadId: number;
  /** `proofs`: a deletion, before which the client may have to get proofs. */
  readonly step: 'proofs' | 'due';
}

export interface RetentionItem extends Omit<NewItem, 'step'> {
  /** The last phone consent of which the client got a proof. */
  readonly provedUpto: number;
}

/** True when the daily run of that day has begun, and all of its leads were found. */
export const hasDailyRun = (sql: Pick<Sql, 'all'>, clientId: string, day: CivilDate): Promise<boolean> =>
  hasRow(
    sql,
    "SELECT 1 FROM retention_runs WHERE client_id = ? AND day = ? AND number = 0 AND state <> 'gathering'",
    [clientId, day],
  );

/**
 * Inserts a run, or finds the daily one that a process which ended has left.
 * @param run `daily`: number 0, one for each day
 */
export async function insertRun(
  tx: Sql,
  run: Pick<RetentionRun, 'clientId' | 'day' | 'actor'> & { readonly daily: boolean },
): Promise<number> {
  const { clientId, day, actor, daily } = run;
  const number = daily ? 0 : await nextNumber(tx, clientId, day);
  return insertedId(
    tx,
    `INSERT INTO retention_runs (client_id, day, number, actor, state, found, started_at) VALUES (?, ?, ?, ?, 'gathering', 0, UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)`,
    [clientId, day, number, actor],
  );
}

/**
 * Adds leads to a run that is being gathered. Those of earlier runs that are still under way stay with those. Returns false where its
 * steps have begun.
 */
export async function addItems(tx: Sql, runId: number, items: readonly NewItem[]): Promise<boolean> {
  if ((await lockRun(tx, runId))?.state !== 'gathering') return false;
  const rows = items.map(({ leadId, step }) => ({ runId, leadId, step }));
  await insertRows(tx, 'retention_items', rows, 'lead_id = lead_id', { nextAt: 'UTC_TIMESTAMP(3)' });
  return true;
}

const itemsOf = '(SELECT COUNT(*) FROM retention_items i WHERE i.run_id = retention_runs.id)';

/**
 * Runs by hand, and daily ones of earlier days, of which the process ended go on with the leads that were found; today's daily run finds
 * the others. Left gathering, a run would keep its leads for ever.
 */
export const startAbandoned = (sql: Pick<Sql, 'run'>, today: CivilDate): Promise<unknown> =>
  sql.run(
    `UPDATE retention_runs FORCE INDEX (retention_runs_state) SET state = 'running', found = ${itemsOf}
      WHERE state = 'gathering' AND IF(number = 0, day < ?, started_at < TIMESTAMPADD(HOUR, -1, UTC_TIMESTAMP(3)))`,
    [today],
  );

/** All of its leads are found: its steps may begin, or it ends. Undefined: another process was faster. */
export async function gathered(tx: Sql, runId: number): Promise<RetentionRun | undefined> {
  if ((await lockRun(tx, runId))?.state !== 'gathering') return undefined;
  await tx.run(`UPDATE retention_runs SET state = 'running', found = ${itemsOf} WHERE id = ?`, [runId]);
  const run = await lockRun(tx, runId);
  if (run?.found === 0) await endRun(tx, runId);
  return run;
}

const nextNumber = async (tx: Sql, clientId: string, day: CivilDate): Promise<number> =>
  1 +
  (await firstNumber(tx, 'SELECT MAX(number) AS number FROM retention_runs WHERE client_id = ? AND day = ?', [
    clientId,
    day,
  ]));

export const readRun = (sql: Pick<Sql, 'all'>, id: number): Promise<RetentionRun | undefined> =>
  firstRow<RetentionRun>(sql, `SELECT ${columns} FROM retention_runs WHERE id = ?`, [id]);

/** Running runs with a due item or with none left: a run whose leads all wait is not read every second. */
export function runningRuns(sql: Pick<Sql, 'all'>): Promise<readonly RetentionRun[]> {
  return sql.all<RetentionRun>(
    `SELECT ${columns} FROM retention_runs r FORCE INDEX (retention_runs_state)
      WHERE state = 'running'
        AND (EXISTS (SELECT 1 FROM retention_items i FORCE INDEX (retention_items_turn)
                      WHERE i.run_id = r.id AND i.step IN ('proofs', 'due', 'left') AND i.next_at <= UTC_TIMESTAMP(3))
             OR NOT EXISTS (SELECT 1 FROM retention_items i FORCE INDEX (retention_items_turn) WHERE i.run_id = r.id))
      ORDER BY id`,
  );
}

/** Newest first. */
export function listRuns(
  sql: Pick<Sql, 'all'>,
  clientId: string | undefined,
  limit: number,
): Promise<readonly RetentionRun[]> {
  return sql.all<RetentionRun>(
    `SELECT ${columns} FROM retention_runs ${clientId === undefined ? '' : 'WHERE client_id = ?'}
      ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    clientId === undefined ? [] : [clientId],
  );
}

/** True when any item of a step is due; without a lock. */
export const hasItems = (sql: Pick<Sql, 'all'>, runId: number, step: 'due' | 'left'): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM retention_items FORCE INDEX (retention_items_turn)
      WHERE run_id = ? AND step = ? AND next_at <= UTC_TIMESTAMP(3) LIMIT 1`,
    [runId, step],
  );

/** Due items of a step, locked; items that another process has locked are left out. */
export function takeItems(
  tx: Sql,
  runId: number,
  step: 'proofs' | 'due' | 'left',
  limit: number,
): Promise<readonly RetentionItem[]> {
  return tx.all<RetentionItem>(
    `SELECT lead_id AS leadId, proved_upto AS provedUpto FROM retention_items FORCE INDEX (retention_items_turn)
      WHERE run_id = ? AND step = ? AND next_at <= UTC_TIMESTAMP(3) ORDER BY next_at, lead_id LIMIT ${Math.trunc(limit)}
      FOR UPDATE SKIP LOCKED`,
    [runId, step],
  );
}

export async function dropItems(tx: Sql, leadIds: readonly number[]): Promise<void> {
  await deleteNamed(tx, { table: 'retention_items', column: 'lead_id', index: 'PRIMARY' }, leadIds);
}

export async function moveItems(tx: Sql, leadIds: readonly number[], step: 'proofs' | 'left'): Promise<void> {
  await tx.run(
    `UPDATE retention_items FORCE INDEX (PRIMARY) SET step = ?, waits_for = '', next_at = UTC_TIMESTAMP(3) WHERE lead_id IN (?)`,
    [step, leadIds],
  );
}

/** Marks leads whose proofs are handed over or not needed: they may be deleted. */
export async function proveItems(
  tx: Sql,
  items: readonly { readonly leadId: number; readonly upto: number }[],
): Promise<void> {
  for (const [upto, group] of Map.groupBy(items, (item) => item.upto)) {
    await tx.run(
      `UPDATE retention_items FORCE INDEX (PRIMARY) SET step = 'due', proved_upto = ?, waits_for = '', next_at = UTC_TIMESTAMP(3) WHERE lead_id IN (?)`,
      [upto, group.map(({ leadId }) => leadId)],
    );
  }
}

/** Postpones items for so many seconds. */
export async function putOffItems(
  tx: Sql,
  leadIds: readonly number[],
  waitsFor: string,
  seconds: number,
): Promise<void> {
  await tx.run(
    'UPDATE retention_items FORCE INDEX (PRIMARY) SET waits_for = ?, next_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) WHERE lead_id IN (?)',
    [waitsFor.slice(0, 40), seconds, leadIds],
  );
}

export async function addToRun(
  tx: Sql,
  id: number,
  more: Partial<Pick<RetentionRun, 'purged' | 'anonymised' | 'kept' | 'proofFiles'>>,
): Promise<void> {
  const { purged = 0, anonymised = 0, kept = 0, proofFiles = 0 } = more;
  await tx.run(
    `UPDATE retention_runs SET purged = purged + ?, anonymised = anonymised + ?, kept = kept + ?, proof_files = proof_files + ? WHERE id = ?`,
    [purged, anonymised, kept, proofFiles, id],
  );
}

export const lockRun = (tx: Sql, id: number): Promise<RetentionRun | undefined> =>
  firstRow<RetentionRun>(tx, `SELECT ${columns} FROM retention_runs WHERE id = ? FOR UPDATE`, [id]);

/** The run, locked, when none of its items is left. */
export async function lockFinished(tx: Sql, id: number): Promise<RetentionRun | undefined> {
  const [row] = await tx.all<RetentionRun>(
    `SELECT ${columns} FROM retention_runs WHERE id = ? AND state = 'running' FOR UPDATE`,
    [id],
  );
  if (row === undefined) return undefined;
  const left = await tx.all('SELECT 1 FROM retention_items WHERE run_id = ? LIMIT 1', [id]);
  return left.length > 0 ? undefined : row;
}

export async function endRun(tx: Sql, id: number): Promise<void> {
  await tx.run("UPDATE retention_runs SET state = 'done', ended_at = UTC_TIMESTAMP(3) WHERE id = ?", [id]);
}

export const isRunning = (sql: Pick<Sql, 'all'>, clientId: string): Promise<boolean> =>
  hasRow(
    sql,
    "SELECT 1 FROM retention_runs FORCE INDEX (retention_runs_state) WHERE state = 'running' AND client_id = ? LIMIT 1",
    [clientId],
  );

/** Number of waiting leads by client and cause. */
export async function waitingItems(
  sql: Pick<Sql, 'all'>,
  clientIds: readonly string[],
): Promise<readonly { readonly clientId: string; readonly waitsFor: string; readonly leads: number }[]> {
  return sql.all(
    `SELECT r.client_id AS clientId, i.waits_for AS waitsFor, COUNT(*) AS leads
       FROM retention_items i JOIN retention_runs r ON r.id = i.run_id
      WHERE r.client_id IN (?) AND i.waits_for <> '' GROUP BY r.client_id, i.waits_for ORDER BY r.client_id, i.waits_for`,
    [clientIds],
  );
}

// Postpones leads of retention that wait for a right of their person, for many runs at once: some wait for years.
// Invariant: only postpones items whose cause is unchanged since they were read: a lead's deletion is decided under its lock.

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
  return sql.all(
    `SELECT run_id AS runId, lead_id AS leadId, step, waits_for AS waitsFor
       FROM retention_items FORCE INDEX (retention_items_turn)
      WHERE run_id IN (?) AND step IN ('proofs', 'due', 'left') AND next_at <= UTC_TIMESTAMP(3)
      LIMIT ${Math.trunc(limit)}`,
    [runIds],
  );
}

/** Postpones items that still wait for the same cause, by so many seconds. */
export async function waitOn(
  sql: Pick<Sql, 'run'>,
  leadIds: readonly number[],
  waitsFor: string,
  seconds: number,
): Promise<void> {
  await sql.run(
    `UPDATE retention_items FORCE INDEX (PRIMARY) SET next_at = TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3))
      WHERE lead_id IN (?) AND waits_for = ? AND next_at <= UTC_TIMESTAMP(3)`,
    [seconds, leadIds, waitsFor],
  );
}
