// Accepts new rows of lead_intake into the lead tables, batch by batch; several processes may do so at once.
// Invariant: a row is accepted once or refused visibly; a row that cannot be stored, or that crashes processes, never delays the others.
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { Database, Sql } from '../store/database.ts';
import { takeNewRows, takeRows, type IntakeHead, type RowId } from '../store/intake/intake-take.ts';
import type { NewLeadChange } from '../store/leads/lead-writes.ts';
import { startOfTurns } from '../store/intake/round-robin.ts';
import { createTakings, suspectParts, type Takings } from '../store/intake/takings.ts';
import { createAnomalyCounter, type AnomalyDeps } from './anomalies.ts';
import type { ProcessDeps, ProcessedRows } from './batch.ts';
import { maxBroken } from '../domain/bisect.ts';
import { added, isOfNoRow, isolate, type IsolateDeps } from './isolate.ts';
import { createRounds, newRound, nothing, type Rounds } from './rounds.ts';
import { createTogether, type Together } from './together.ts';
import { foreignCode } from '../errors.ts';
import { raiseAgainAfter } from '../store/alerts/alerts.ts';
import { raiseIntakeAlert, refuseRows, refuseStrays as refuseStrayRows } from '../store/intake/intake.ts';
import { refusal, refusalText } from './refusals.ts';

export interface IntakeDeps extends Omit<ProcessDeps, 'anomalies'>, AnomalyDeps {
  readonly database: Database;
  /** Commits the marks of rows in work; best a connection that no transaction ever uses. `database` when absent. */
  readonly marks?: Sql;
  /** Batches after which this process is proven (`store/intake/takings.ts`). */
  readonly provenAfter?: number;
  /** Waits a little between two commits of a rush of posts; some ms when absent. */
  readonly gather?: () => Promise<unknown>;
  readonly log: Log;
}

export interface BatchResult extends Omit<ProcessedRows, 'changes'> {
  /** Rows settled: accepted, refused or duplicates. 0: no row to settle now. */
  readonly taken: number;
  readonly leads: readonly NewLeadChange[];
}

export interface Intake {
  /**
   * One batch of at most `limit` rows (1000 at most), the oldest of each client in its turn. @throws DB-001 and other outages; nothing is
   * lost then
   * @param wait where there is no row, the same transaction, which locks nothing then, looks again; a call of `acceptRows` ends the wait
   */
  readonly acceptBatch: (
    limit: number,
    wait?: {
      readonly forMs: number;
      readonly everyMs: number;
      readonly onFound?: () => void;
      /** Ends the wait. */
      readonly signal?: AbortSignal;
    },
  ) => Promise<BatchResult>;
  /** The same for these rows, except those that another process works on. */
  readonly acceptRows: (ids: readonly RowId[]) => Promise<BatchResult>;
  /** Takes a post of leads in at once, with others in one commit. */
  readonly takePost: Together['take'];
  /** Refuses rows with an unknown status. Returns how many. */
  readonly refuseStrays: () => Promise<number>;
  /**
   * Calls `listener` after each batch of this process that accepted rows, whichever caller asked for it, so that its deliveries are
   * pushed and its other changes planned at once.
   */
  readonly onAccepted: (listener: (accepted: Pick<BatchResult, 'planned' | 'unplanned'>) => void) => void;
}

/** Parts of suspects worked on in one batch: rows behind them wait no longer than this. */
const partsAtOnce = 20;
/** Batches that fail in a row before an alert. */
const troublesUntold = 3;

/** State shared by the batches of this process. */
interface Running {
  readonly deps: IntakeDeps;
  readonly rounds: Rounds;
  readonly takings: Takings;
  /** Batches in a row that failed for an error of no row. */
  troubles: number;
  /** Rows in a row that were accused of an error of ours; a row that passes ends the count. */
  accused: number;
}

export function createIntake(deps: IntakeDeps): Intake {
  const turns = startOfTurns();
  const takings = createTakings(deps.marks ?? deps.database, 'intake', deps.provenAfter);
  const listeners: Parameters<Intake['onAccepted']>[0][] = [];
  const tell = (result: Pick<BatchResult, 'planned' | 'unplanned'>): void => {
    running.accused = 0;
    if (result.planned.length > 0) deps.log.info('planner.planned', { count: result.planned.length });
    for (const listener of listeners) listener(result);
  };
  const processing = { ...deps, anomalies: createAnomalyCounter(deps), clear: new Map(), takings };
  const together = createTogether({ ...processing, onCommitted: tell });
  const rounds = createRounds({
    ...processing,
    setPoisonAside: (tx, head) => refuseWithAlert(tx, deps.log, head, 'SET_ASIDE', 'SET_ASIDE'),
  });
  const running: Running = { deps, rounds, takings, troubles: 0, accused: 0 };
  const alone = inTurn();
  const batch = async (
    take: (tx: Sql) => Promise<readonly IntakeHead[]>,
    named: readonly RowId[] = [],
  ): Promise<BatchResult> => {
    await takings.clear();
    const result = await acceptBatch(running, take, named);
    if (result.accepted > 0) tell(result);
    return result;
  };
  let waiting: { readonly ids: RowId[]; readonly done: Promise<BatchResult> } | undefined;
  return {
    takePost: together.take,
    refuseStrays: () => refuseUnknownStatus(deps),
    onAccepted: (listener) => void listeners.push(listener),
    acceptBatch: (limit, { forMs, everyMs, onFound, signal } = { forMs: 0, everyMs: 0 }) =>
      alone(async () => {
        const named = (await takings.named()).map(BigInt);
        const until = performance.now() + forMs;
        const take = async (tx: Sql): Promise<readonly IntakeHead[]> => {
          const heads = await takeNewRows(tx, limit, turns, named);
          if (heads.length > 0) onFound?.();
          const isOver = waiting !== undefined || signal?.aborted === true || performance.now() >= until;
          if (heads.length > 0 || isOver) return heads;
          await pause(everyMs);
          return take(tx);
        };
        return batch(take, named);
      }),
    // Rows requested while a batch is under way form one batch after it.
    acceptRows: (rows) => {
      const ids = waiting?.ids ?? [];
      ids.push(...rows);
      const done = (): Promise<BatchResult> => {
        waiting = undefined;
        return batch((tx) => takeRows(tx, ids));
      };
      waiting ??= { ids, done: alone(done) };
      return waiting.done;
    },
  };
}

/** One batch at a time in a process: the marks it leaves are those of one batch (`store/intake/takings.ts`). */
function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}

/** @param named rows that other processes' marks name; they are not taken with the rest, so that rows behind them do not wait */
async function acceptBatch(
  running: Running,
  take: (tx: Sql) => Promise<readonly IntakeHead[]>,
  named: readonly RowId[],
): Promise<BatchResult> {
  const { database, log } = running.deps;
  const round = newRound();
  let settled: ProcessedRows;
  try {
    settled = await running.rounds.together(take, round, running.troubles === 0 ? 'planned' : undefined);
    running.troubles = 0;
  } catch (error) {
    const heads = [...round.worked.values()];
    settled = await (isOfNoRow(error) ? afterTrouble(running, error, heads) : oneByOne(running, heads));
  }
  // Named and free: the process that marked them has died.
  const left = named.length === 0 ? [] : await database.transaction((tx) => takeRows(tx, named));
  for (const head of left) round.suspects.set(head.id, head);
  const { accepted, refused, duplicates, waiting, changes, planned, unplanned } =
    round.suspects.size === 0
      ? settled
      : added(settled, await suspects(running, [...round.suspects.values()]));
  if (accepted > 0) log.info('intake.accepted', { count: accepted });
  if (refused > 0) log.warn('intake.refused', { count: refused });
  const taken = accepted + refused + duplicates;
  return { taken, accepted, refused, duplicates, waiting, leads: changes, planned, unplanned };
}

/** One of the rows has an error of its own: each row is taken by itself. */
async function oneByOne(
  running: Running,
  heads: readonly IntakeHead[],
  settle = (ids: readonly RowId[]) => running.rounds.together((tx) => takeRows(tx, ids), newRound()),
): Promise<ProcessedRows> {
  // Leads first: a correction must not be blamed for the lead it pulls in.
  const order = [...heads].sort(
    (a, b) => Number(a.kind !== 'lead') - Number(b.kind !== 'lead') || (a.id < b.id ? -1 : 1),
  );
  let sum = nothing;
  for (const head of order) {
    const settled = await settle([head.id]).catch((error: unknown) => {
      if (isOfNoRow(error)) throw error;
      return accused(running, head, error);
    });
    if (settled.accepted + settled.duplicates > 0) running.accused = 0;
    sum = added(sum, settled);
  }
  return sum;
}

/** @throws the error once so many rows in a row met it and none passed: a fault of this version, which a later one does not have */
async function accused(running: Running, head: IntakeHead, error: unknown): Promise<ProcessedRows> {
  if (running.accused < maxBroken) {
    const refused = await refusePoison(running.deps, head, error);
    running.accused += refused.refused;
    return refused;
  }
  await alertTrouble(running.deps.database, error).catch(() => undefined);
  throw error;
}

const isolating = (running: Running): IsolateDeps => ({
  database: running.deps.database,
  rounds: running.rounds,
  oneByOne: (heads) => oneByOne(running, heads),
  setAside: (head, error) => refusePoison(running.deps, head, error),
});

/** The first failure may be no row's fault; a repeated one is isolated, row by row if necessary. */
async function afterTrouble(
  running: Running,
  error: unknown,
  heads: readonly IntakeHead[],
): Promise<ProcessedRows> {
  running.troubles += 1;
  if (running.troubles === 1 || heads.length === 0) throw error;
  try {
    return await isolate(isolating(running), heads);
  } catch (still) {
    if (running.troubles >= troublesUntold)
      await alertTrouble(running.deps.database, still).catch(() => undefined);
    throw still;
  }
}

/** Part by part, each under a mark of its own: a further crash identifies the part of its row. */
async function suspects(running: Running, heads: readonly IntakeHead[]): Promise<ProcessedRows> {
  const { deps, rounds, takings } = running;
  const ids = heads.map(({ id }) => String(id));
  const deaths = await takings.deathsOf(deps.database, ids);
  let sum = nothing;
  for (const part of suspectParts(heads, ({ id }) => deaths.get(String(id))).slice(0, partsAtOnce)) {
    const settled = await rounds
      .apart(part.map(({ id }) => id))
      .catch((error: unknown) =>
        isOfNoRow(error) ? leftAlone(running, part, error) : oneByOne(running, part, rounds.apart),
      );
    sum = added(sum, settled);
  }
  return sum;
}

/** Failing suspects delay no other row. */
async function leftAlone(
  running: Running,
  heads: readonly IntakeHead[],
  error: unknown,
): Promise<ProcessedRows> {
  const { database } = running.deps;
  await database.all('SELECT 1');
  await alertTrouble(database, error);
  return isolate(isolating(running), heads).catch(() => nothing);
}

// Refuses rows that cannot be stored, visibly and with an alert.
// Invariant: nothing of a row's content reaches the log or the alert.

interface SetAsideDeps {
  readonly database: Database;
  readonly log: Log;
}

const strayAtOnce = 200;
/** A lasting failure is reported once an hour. */
const toldAgainSeconds = 3_600;

/**
 * Refuses a row in the caller's transaction. Returns rows refused.
 * @param shown text of the refusal on the row; `code` is for the log and the alert
 */
export async function refuseWithAlert(
  tx: Sql,
  log: Log,
  head: IntakeHead,
  shown: 'INTERNAL' | 'SET_ASIDE',
  code: string,
): Promise<number> {
  const count = await refuseRows(tx, [{ id: head.id, refusal: refusalText([refusal('row', shown)]) }]);
  if (count > 0) await raiseAlert(tx, head.clientId, code);
  log.error('intake.refused', { reason: shown, code, count });
  return count;
}

/** Refuses a row whose content the database rejects. */
export async function refusePoison(
  { database, log }: SetAsideDeps,
  head: IntakeHead,
  error: unknown,
): Promise<ProcessedRows> {
  const code = foreignCode(error);
  const refused = await database.transaction((tx) => refuseWithAlert(tx, log, head, 'INTERNAL', code));
  return { ...nothing, refused };
}

/** Refuses rows with an unknown status. Returns how many. */
export const refuseUnknownStatus = ({ database, log }: SetAsideDeps): Promise<number> =>
  database.transaction(async (tx) => {
    const text = refusalText([refusal('status', 'UNKNOWN_STATUS')]);
    const strays = await refuseStrayRows(tx, text, strayAtOnce);
    for (const clientId of strays.keys()) await raiseAlert(tx, clientId, 'UNKNOWN_STATUS');
    const count = [...strays.values()].reduce((sum, n) => sum + n, 0);
    if (count > 0) log.error('intake.refused', { reason: 'UNKNOWN_STATUS', count });
    return count;
  });

/** Raises an alert that names no row: intake makes no progress. */
export const alertTrouble = (database: Database, error: unknown): Promise<void> =>
  raiseAgainAfter(database, { kind: 'intake_failed', reason: foreignCode(error) }, toldAgainSeconds);

const raiseAlert = (sql: Sql, clientId: string, code: string): Promise<void> =>
  raiseIntakeAlert(sql, clientId.length <= 40 ? clientId : '', code);
