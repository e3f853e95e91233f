// Plans lead changes (station 2): a delivery for each published destination of the client, or a written refusal; one transaction.
// Invariant: exactly one delivery per (lead, revision, destination, action); a change that breaks our code delays no other.
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raiseAlerts, type Alert } from '../store/alerts/alerts.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { archivedLeads } from '../store/deliveries/delivery-keys.ts';
import { deliveriesOfLeads } from '../store/deliveries/deliveries.ts';
import { destinationsOfClients } from '../store/destinations/destinations.ts';
import { lockLeads, readLeads } from '../store/leads/leads.ts';
import {
  anyChange,
  dropChanges,
  nextChanges,
  setAside,
  startOfPlanning,
  takeChanges,
  takeThese,
  type LeadChange,
  type PlanningTurns,
} from '../store/leads/lead-changes.ts';
import { createTakings, suspectParts, verdictOn, type Takings } from '../store/intake/takings.ts';
import type { DueJobAt } from '../store/deliveries/due-work.ts';
import { emptyWork, planChange } from './planning/plan-change.ts';
import type { QueueAtOnce } from './planning/push-jobs.ts';
import { targetsOf } from './planning/targets.ts';
import { writePlan } from './planning/write-plan.ts';
import type { Published } from './trip/mapping-cache.ts';

export interface Planned {
  readonly taken: number;
  readonly planned: number;
  /** Destinations whose work waits for its dispatch. */
  readonly destinations: readonly string[];
  /** Deliveries that were queued as they were planned: the caller pushes them. */
  readonly queued: readonly DueJobAt[];
}

export interface Planner {
  /** Plans up to `limit` changes. Returns how many were taken and which destinations got work. */
  readonly planBatch: (limit: number) => Promise<Planned>;
}

/** Parts of suspects planned in one batch: those behind them do not wait longer. */
const partsAtOnce = 20;
/** Code of the alert for a change that ended a process twice. */
const endsProcesses = 'SET_ASIDE';
const itemOf = (change: LeadChange): string => String(change.id);
const alertOf = (change: LeadChange, code: string): Alert => ({
  kind: 'intake_failed',
  clientId: change.clientId,
  reason: `PLANNING:${code}`,
});

const nothing: Planned = { taken: 0, planned: 0, destinations: [], queued: [] };

/** All that the steps of planning need. */
interface Planning {
  readonly database: Database;
  readonly published: Published;
  readonly admit: QueueAtOnce['admit'] | undefined;
  readonly log: Log;
  /** Which client's changes come next. */
  readonly turns: PlanningTurns;
  /** Marks of what is in work, so that a change a process died over is known. */
  readonly takings: Takings;
}

export function createPlanner(options: {
  readonly database: Database;
  /** Commits the marks of what is in work; best a connection that no transaction ever holds. `database` when absent. */
  readonly marks?: Sql;
  readonly published: Published;
  /** Decides which deliveries are queued as they are planned; none when absent. */
  readonly admit?: QueueAtOnce['admit'];
  readonly log: Log;
}): Planner {
  const { database, published, admit, log } = options;
  const takings = createTakings(options.marks ?? database, 'plan');
  const planning: Planning = { database, published, admit, log, turns: startOfPlanning(), takings };
  return { planBatch: (limit) => planBatch(planning, limit) };
}

async function planBatch(planning: Planning, limit: number): Promise<Planned> {
  const { database, log, takings, turns } = planning;
  if (!(await anyChange(database))) return nothing;
  await takings.clear();
  const before = turns.map((turn) => ({ ...turn }));
  const { planned, suspects } = await planMarked(planning, (tx) => takeChanges(tx, limit, turns)).catch(
    (error: unknown): Promise<Marked> => {
      if (isStoreTrouble(error)) throw error;
      return planEach(planning, limit, before);
    },
  );
  let sum = planned;
  if (suspects.length > 0) sum = together(sum, await planSuspects(planning, suspects));
  if (sum.taken > 0) log.info('planner.planned', { count: sum.planned });
  return sum;
}

interface Marked {
  readonly planned: Planned;
  /** Changes that a process has died over: planned apart from the others. */
  readonly suspects: readonly LeadChange[];
}

/** Plans what `take` locks, without the suspects among it. */
async function planMarked(
  planning: Planning,
  take: (tx: Sql) => Promise<readonly LeadChange[]>,
): Promise<Marked> {
  const { database, takings } = planning;
  return takings.transaction(database, async (tx): Promise<Marked> => {
    const taken = await take(tx);
    if (taken.length === 0) return { planned: nothing, suspects: [] };
    const deaths = await takings.deathsOf(tx, taken.map(itemOf));
    const suspects = taken.filter((change) => deaths.has(itemOf(change)));
    const sound = taken.filter((change) => !deaths.has(itemOf(change)));
    if (sound.length === 0) return { planned: nothing, suspects };
    const planned = await takings.under(tx, sound.map(itemOf), () => planTaken(planning, tx, sound));
    return { planned, suspects };
  });
}

/** Plans suspects part by part: a further crash identifies the part of its change. */
async function planSuspects(planning: Planning, suspects: readonly LeadChange[]): Promise<Planned> {
  const deaths = await planning.takings.deathsOf(planning.database, suspects.map(itemOf));
  let sum = nothing;
  for (const part of suspectParts(suspects, (change) => deaths.get(itemOf(change))).slice(0, partsAtOnce))
    sum = together(sum, await planApart(planning, part));
  return sum;
}

/** Plans suspects apart from all other changes. One that ended a process twice while it was alone is set aside for an hour. */
async function planApart(planning: Planning, suspects: readonly LeadChange[]): Promise<Planned> {
  const { database, takings, log } = planning;
  try {
    return await takings.transaction(database, async (tx) => {
      const taken = await takeThese(
        tx,
        suspects.map((change) => change.id),
      );
      const [first] = taken;
      if (first === undefined) return nothing;
      const deaths = (await takings.deathsOf(tx, [itemOf(first)])).get(itemOf(first));
      const verdict = taken.length === 1 ? verdictOn(deaths) : 'work';
      if (verdict === 'wait') return nothing;
      if (verdict === 'work')
        return takings.under(tx, taken.map(itemOf), () => planTaken(planning, tx, taken), 'suspect');
      await setAside(tx, first.id, 60);
      await raiseAlerts(tx, [alertOf(first, endsProcesses)]);
      log.error('planner.set_aside', { client: first.clientId, lead: first.leadId, code: endsProcesses });
      return nothing;
    });
  } catch (error) {
    const [first] = suspects;
    if (suspects.length === 1 && first !== undefined) return setBrokenAside(planning, first)(error);
    if (isStoreTrouble(error)) throw error;
    let sum = nothing;
    for (const change of suspects) sum = together(sum, await planApart(planning, [change]));
    return sum;
  }
}

/** One of a batch breaks our code: each is planned by itself. */
async function planEach(planning: Planning, limit: number, from: PlanningTurns): Promise<Marked> {
  let sum = nothing;
  const suspects: LeadChange[] = [];
  for (const change of await nextChanges(planning.database, limit, from)) {
    const alone = planMarked(planning, (tx) => takeThese(tx, [change.id])).then((marked) => {
      suspects.push(...marked.suspects);
      return marked.planned;
    });
    sum = together(sum, await alone.catch(setBrokenAside(planning, change)));
  }
  return { planned: sum, suspects };
}

/** It breaks our code: set aside, reported, and looked at again later. */
const setBrokenAside =
  ({ database, log }: Planning, change: LeadChange) =>
  async (error: unknown): Promise<Planned> => {
    if (isStoreTrouble(error)) throw error;
    const code = foreignCode(error);
    log.error('planner.set_aside', { client: change.clientId, lead: change.leadId, code });
    await database.transaction(async (tx) => {
      await setAside(tx, change.id);
      await raiseAlerts(tx, [alertOf(change, code)]);
    });
    return nothing;
  };

/** Changes that are locked: what they come to is written, and they are dropped, in the same transaction. */
async function planTaken(planning: Planning, tx: Sql, changes: readonly LeadChange[]): Promise<Planned> {
  const leadIds = [...new Set(changes.map((change) => change.leadId))];
  await lockLeads(tx, leadIds);
  const leads = await readLeads(tx, leadIds);
  const existing = await deliveriesOfLeads(tx, leadIds);
  const clients = [...new Set(changes.map((change) => change.clientId))];
  const targets = await targetsOf(await destinationsOfClients(tx, clients), planning.published);
  const archived = await archivedLeads(
    tx,
    leadIds.filter((id) => leads.get(id)?.lead.erasedAt !== undefined),
  );
  const work = emptyWork();
  for (const change of changes) {
    const read = leads.get(change.leadId);
    if (read !== undefined && !archived.has(change.leadId)) planChange(change, read, existing, targets, work);
  }
  await planning.admit?.(tx, work.inserts, targets);
  const queued = await writePlan(tx, work);
  await dropChanges(
    tx,
    changes.map((change) => change.id),
  );
  const planned = work.inserts.filter((insert) => insert.state === 'planned');
  return {
    taken: changes.length,
    planned: planned.length + queued.length,
    queued,
    destinations: [...new Set([...planned.map((insert) => insert.destinationId), ...work.reopenedAt])],
  };
}

const together = (a: Planned, b: Planned): Planned => ({
  taken: a.taken + b.taken,
  planned: a.planned + b.planned,
  destinations: [...new Set([...a.destinations, ...b.destinations])],
  queued: [...a.queued, ...b.queued],
});
