// Runs one transaction of the intake: takes rows, marks them as in work, fetches and settles them.
// Invariant: a row is marked before it is worked on; a row on which a process died is never worked on beside others.
import { isDuplicateKey, type Database, type Sql } from '../store/database.ts';
import {
  fetchRows,
  takeLeadRows,
  takeRows,
  withinBatch,
  type IntakeHead,
  type RowId,
} from '../store/intake/intake-take.ts';
import type { LeadName } from '../store/intake/intake.ts';
import { verdictOn, type Takings } from '../store/intake/takings.ts';
import type { ProcessedRows, ProcessDeps } from './batch.ts';
import { processRows, type Pull } from './process-rows.ts';

export const nothing: ProcessedRows = {
  accepted: 0,
  refused: 0,
  duplicates: 0,
  waiting: 0,
  changes: [],
  planned: [],
  unplanned: 0,
};

/** Rows that a round worked on, committed or not. */
export interface Round {
  readonly worked: Map<RowId, IntakeHead>;
  /** Left for later, each alone: a process has died while working on them. */
  readonly suspects: Map<RowId, IntakeHead>;
}
export const newRound = (): Round => ({ worked: new Map(), suspects: new Map() });

export interface Rounds {
  /** Settles the rows that `take` locks, up to the weight of a batch, without the suspects. */
  readonly together: (
    take: (tx: Sql) => Promise<readonly IntakeHead[]>,
    round: Round,
    /** Plans simple new leads in the same transaction; not where a row is tried again, so that no fault of planning refuses it. */
    how?: 'planned',
  ) => Promise<ProcessedRows>;
  /** Settles suspects apart from all other rows, or quarantines one, without working on it, after a process has died twice over it alone. */
  readonly apart: (ids: readonly RowId[]) => Promise<ProcessedRows>;
}

/** Another process accepted a twin row in between: the next round sees its receipt. */
const twinRounds = 5;

export interface RoundDeps extends ProcessDeps {
  readonly database: Database;
  readonly takings: Takings;
  /** Refuses the row visibly, with an alert; returns rows refused. */
  readonly setPoisonAside: (tx: Sql, head: IntakeHead) => Promise<number>;
}

export function createRounds(deps: RoundDeps): Rounds {
  const { database, takings } = deps;
  const { planFresh: _, ...laterPlanned } = deps;

  const committed = async <T>(work: (tx: Sql) => Promise<T>): Promise<T> => {
    for (let round = 1; ; round += 1) {
      try {
        return await takings.transaction(database, work);
      } catch (error) {
        if (!isDuplicateKey(error) || round >= twinRounds) throw error;
      }
    }
  };

  const work = (
    tx: Sql,
    heads: readonly IntakeHead[],
    round: Round,
    how?: 'suspect' | 'planned',
  ): Promise<ProcessedRows> => {
    const ids = heads.map((head) => head.id);
    for (const head of heads) round.worked.set(head.id, head);
    const settle = async (also: (more: readonly string[]) => Promise<void>): Promise<ProcessedRows> => {
      const pull: Pull = async (names) => {
        const chosen = withinBatch(await soundOf(tx, takings, await leadsOf(tx, names, ids), round));
        for (const head of chosen) round.worked.set(head.id, head);
        if (chosen.length > 0) await also(chosen.map((head) => String(head.id)));
        return fetchRows(tx, chosen);
      };
      return processRows(tx, how === 'planned' ? deps : laterPlanned, await fetchRows(tx, heads), pull);
    };
    return takings.under(tx, ids.map(String), settle, how === 'suspect' ? how : undefined);
  };

  return {
    together: (take, round, how) =>
      committed(async (tx) => {
        const sound = await soundOf(tx, takings, await take(tx), round);
        return sound.length === 0 ? nothing : work(tx, withinBatch(sound), round, how);
      }),
    apart: (ids) =>
      committed(async (tx) => {
        const heads = await takeRows(tx, ids);
        const [first] = heads;
        if (first === undefined) return nothing;
        const deaths = (await takings.deathsOf(tx, [String(first.id)])).get(String(first.id));
        const verdict = heads.length === 1 ? verdictOn(deaths) : 'work';
        if (verdict === 'wait') return { ...nothing, waiting: 1 };
        if (verdict === 'set_aside') return { ...nothing, refused: await deps.setPoisonAside(tx, first) };
        return work(tx, withinBatch(heads), newRound(), 'suspect');
      }),
  };
}

const leadsOf = async (
  tx: Sql,
  names: readonly LeadName[],
  ours: readonly RowId[],
): Promise<readonly IntakeHead[]> =>
  (await takeLeadRows(tx, names)).filter((head) => !ours.includes(head.id));

/** Those that no process has died over; the others are suspects of the round. */
async function soundOf(
  tx: Sql,
  takings: Takings,
  heads: readonly IntakeHead[],
  round: Round,
): Promise<readonly IntakeHead[]> {
  if (heads.length === 0) return heads;
  const ids: string[] = [];
  let anyMarks = false;
  for (const head of heads) {
    ids.push(String(head.id));
    anyMarks ||= head.anyMarks !== false;
  }
  const deaths = await takings.deathsOf(tx, ids, anyMarks);
  if (deaths.size === 0) return heads;
  for (const head of heads) if (deaths.has(String(head.id))) round.suspects.set(head.id, head);
  return heads.filter(({ id }) => !round.suspects.has(id));
}
