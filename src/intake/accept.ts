// Takes new rows of lead_intake into the lead tables, batch by batch; any number of processes may do so at once.
// Invariant: a row is accepted once or refused visibly; one that cannot be stored, or that ends processes, never holds up the others.
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raisedSince } from '../store/alerts.ts';
import type { Database, Sql } from '../store/database.ts';
import { raiseIntakeAlert, refuseRows } from '../store/intake.ts';
import { refuseStrays as refuseStrayRows } from '../store/intake-strays.ts';
import { takeNewRows, takeRows, type IntakeHead } from '../store/intake-take.ts';
import type { LeadChange } from '../store/lead-writes.ts';
import { createTakings } from '../store/takings.ts';
import { startOfTurns } from '../store/round-robin.ts';
import type { ProcessedRows, ProcessDeps } from './batch.ts';
import { added, isOfNoRow, isolate, type IsolateDeps } from './isolate.ts';
import { refusal, refusalText } from './refusals.ts';
import { createRounds, newRound, nothing } from './rounds.ts';

export interface IntakeDeps extends ProcessDeps {
  readonly database: Database;
  /** Commits the marks of what is in work; best a connection that no transaction ever holds. `database` when absent. */
  readonly marks?: Sql;
  readonly log: Log;
}

export interface BatchResult {
  /** Rows settled: accepted, refused or duplicates. 0 means: nothing to do now. */
  readonly taken: number;
  readonly accepted: number;
  readonly refused: number;
  readonly duplicates: number;
  /** Rows left for a later round because an earlier row about their lead is in other hands. */
  readonly waiting: number;
  readonly leads: readonly LeadChange[];
}

export interface Intake {
  /** One batch of at most `limit` rows (1000 at most), the oldest of each client in its turn. @throws DB-001 and other outages; nothing is lost then */
  readonly acceptBatch: (limit: number) => Promise<BatchResult>;
  /** Refuses rows whose status nobody knows. Returns how many. */
  readonly refuseStrays: () => Promise<number>;
}

/** Rows worked on alone in one batch: those behind them do not wait longer. */
const suspectsAtOnce = 20;
const strayAtOnce = 200;
/** Failed so many batches in a row, told once an hour. */
const troublesUntold = 3;
const toldAgainSeconds = 3_600;

export function createIntake(deps: IntakeDeps): Intake {
  const { database, log } = deps;
  const turns = startOfTurns();
  const takings = createTakings(deps.marks ?? database, 'intake');
  let troubles = 0;

  const tell = (tx: Sql, clientId: string, code: string): Promise<void> =>
    raiseIntakeAlert(tx, clientId.length <= 40 ? clientId : '', code);

  const setAside = async (
    tx: Sql,
    head: IntakeHead,
    shownCode: 'INTERNAL' | 'SET_ASIDE',
    code: string,
  ): Promise<number> => {
    const count = await refuseRows(tx, [{ id: head.id, refusal: refusalText([refusal('row', shownCode)]) }]);
    if (count > 0) await tell(tx, head.clientId, code);
    log.error('intake.refused', { reason: shownCode, code, count });
    return count;
  };
  const rounds = createRounds({
    ...deps,
    takings,
    setPoisonAside: (tx, head) => setAside(tx, head, 'SET_ASIDE', 'SET_ASIDE'),
  });
  const refusePoison = async (head: IntakeHead, error: unknown): Promise<ProcessedRows> => {
    const code = foreignCode(error);
    return {
      ...nothing,
      refused: await database.transaction((tx) => setAside(tx, head, 'INTERNAL', code)),
    };
  };

  const oneByOne = async (heads: readonly IntakeHead[]): Promise<ProcessedRows> => {
    // Leads first: a correction must not answer for the lead it pulls in.
    const order = [...heads].sort(
      (a, b) => Number(a.kind !== 'lead') - Number(b.kind !== 'lead') || (a.id < b.id ? -1 : 1),
    );
    let sum = nothing;
    for (const head of order) {
      const settled = await rounds
        .together((tx) => takeRows(tx, [head.id]), newRound())
        .catch((error: unknown) => {
          if (isOfNoRow(error)) throw error;
          return refusePoison(head, error);
        });
      sum = added(sum, settled);
    }
    return sum;
  };
  const isolating: IsolateDeps = { database, rounds, oneByOne, setAside: refusePoison };

  /** The first trouble may be anybody's; what comes back is looked into, row by row if need be. */
  const afterTrouble = async (error: unknown, heads: readonly IntakeHead[]): Promise<ProcessedRows> => {
    troubles += 1;
    if (troubles === 1 || heads.length === 0) throw error;
    try {
      return await isolate(isolating, heads);
    } catch (still) {
      if (troubles >= troublesUntold) await tellTrouble(still).catch(() => undefined);
      throw still;
    }
  };
  const tellTrouble = async (error: unknown): Promise<void> => {
    if (await raisedSince(database, 'intake_failed', '', toldAgainSeconds)) return;
    await tell(database, '', foreignCode(error));
  };

  /** A suspect in trouble keeps nobody waiting. */
  const leftAlone = async (head: IntakeHead, error: unknown): Promise<ProcessedRows> => {
    await database.all('SELECT 1');
    await tellTrouble(error);
    return isolate(isolating, [head]).catch(() => nothing);
  };

  /** One by one, each under a mark of its own: whoever dies again has shown which row it is. */
  const suspects = async (heads: readonly IntakeHead[]): Promise<ProcessedRows> => {
    let sum = nothing;
    for (const head of heads.slice(0, suspectsAtOnce)) {
      const settled = await rounds.alone(head.id).catch((error: unknown) => {
        if (!isOfNoRow(error)) return refusePoison(head, error);
        return leftAlone(head, error);
      });
      sum = added(sum, settled);
    }
    return sum;
  };

  return {
    refuseStrays: () =>
      database.transaction(async (tx) => {
        const text = refusalText([refusal('status', 'UNKNOWN_STATUS')]);
        const strays = await refuseStrayRows(tx, text, strayAtOnce);
        for (const clientId of strays.keys()) await tell(tx, clientId, 'UNKNOWN_STATUS');
        const count = [...strays.values()].reduce((sum, n) => sum + n, 0);
        if (count > 0) log.error('intake.refused', { reason: 'UNKNOWN_STATUS', count });
        return count;
      }),
    acceptBatch: async (limit) => {
      await takings.clear();
      const round = newRound();
      const settled = await rounds
        .together((tx) => takeNewRows(tx, limit, turns), round)
        .then((done) => {
          troubles = 0;
          return done;
        })
        .catch((error: unknown) => {
          const heads = [...round.worked.values()];
          return isOfNoRow(error) ? afterTrouble(error, heads) : oneByOne(heads);
        });
      const { accepted, refused, duplicates, waiting, changes } = added(
        settled,
        await suspects([...round.suspects.values()]),
      );
      if (accepted > 0) log.info('intake.accepted', { count: accepted });
      if (refused > 0) log.warn('intake.refused', { count: refused });
      const taken = accepted + refused + duplicates;
      return { taken, accepted, refused, duplicates, waiting, leads: changes };
    },
  };
}
