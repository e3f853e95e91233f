// Checks the leads that wait for a right of their person together, for all runs, before a run is processed for one of them.
// Invariant: a lead that need not wait any more is left to its run; a run with other leads to process handles its waiting ones too.
import { withOpenRight } from '../store/gone-leads.ts';
import type { Database } from '../store/database.ts';
import type { RetentionRun } from '../store/retention-items.ts';
import { restrictedAmong } from '../store/restrictions.ts';
import { turnsOf, waitOn, type Turn } from '../store/waiting-items.ts';

/** Seconds until the next look. */
export const waitSeconds = { restricted: 86_400, right_open: 3_600 } as const;

const turnsAtOnce = 500;

/** Those of the runs in which something may be done: in the others every lead still waits, and is put off. */
export async function withoutWaiting(
  database: Database,
  runs: readonly RetentionRun[],
): Promise<readonly RetentionRun[]> {
  const turns = await turnsOf(
    database,
    runs.map(({ id }) => id),
    turnsAtOnce,
  );
  // A long queue: the runs check waiting leads themselves.
  if (turns.length === turnsAtOnce) return runs;
  const byRun = [...Map.groupBy(turns, ({ runId }) => runId).values()];
  const asking = byRun.filter((of) => of.every(({ waitsFor }) => waitsFor in waitSeconds)).flat();
  const still = await stillWaiting(database, asking);
  for (const waitsFor of ['restricted', 'right_open'] as const)
    await waitOn(
      database,
      asking.filter((turn) => turn.waitsFor === waitsFor && still.has(turn)).map(({ leadId }) => leadId),
      waitsFor,
      waitSeconds[waitsFor],
    );
  const quiet = new Set(
    byRun.filter((of) => of.every((turn) => still.has(turn))).map(([turn]) => turn?.runId),
  );
  return runs.filter(({ id }) => !quiet.has(id));
}

async function stillWaiting(database: Database, turns: readonly Turn[]): Promise<ReadonlySet<Turn>> {
  const ids = turns.map(({ leadId }) => leadId);
  const restricted = await restrictedAmong(database, ids);
  const untold = await withOpenRight(database, ids);
  return new Set(
    turns.filter(({ leadId, step, waitsFor }) =>
      waitsFor === 'restricted' ? step === 'due' && restricted.has(leadId) : untold.has(leadId),
    ),
  );
}
