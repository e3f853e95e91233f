// Station 2: lead changes x the client's published destinations -> deliveries, or a written refusal; one transaction.
// Invariant: exactly one delivery per (lead, revision, destination, action); a change that breaks our code holds up no other.
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raiseAlerts, type Alert } from '../store/alerts.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { archivedLeads } from '../store/delivery-keys.ts';
import { deliveriesByKeys, deliveriesOfLeads, readDeliveries, type Delivery } from '../store/deliveries.ts';
import { destinationsOfClients, type Destination } from '../store/destinations.ts';
import { appendHandovers, type Handover } from '../store/handovers.ts';
import { lockLeads, readLeads } from '../store/leads.ts';
import {
  anyChange,
  dropChanges,
  nextChanges,
  setAside,
  startOfPlanning,
  takeChange,
  takeChanges,
  type LeadChange,
  type PlanningTurns,
} from '../store/lead-changes.ts';
import { cancelUnsent, insertDeliveries, insertRoutingRefusals } from '../store/planned-deliveries.ts';
import { reopenWithheld } from '../store/withheld.ts';
import { createTakings, deathsAloneAtMost } from '../store/takings.ts';
import { emptyWork, planChange, type Insert, type PlanWork, type Target } from './planning/plan-change.ts';
import { entryNames } from './planning/entry-names.ts';
import { withoutRepeats } from './planning/hourly-alerts.ts';
import type { Published } from './mapping-cache.ts';

export interface Planned {
  readonly taken: number;
  readonly planned: number;
  readonly destinations: readonly string[];
}

export interface Planner {
  /** Plans up to `limit` changes. Returns how many were taken and which destinations got work. */
  readonly planBatch: (limit: number) => Promise<Planned>;
}

/** Planned alone in one batch: those behind them do not wait longer. */
const suspectsAtOnce = 20;
/** Told of a change that took a process down twice. */
const endsProcesses = 'SET_ASIDE';
const itemOf = (change: LeadChange): string => String(change.id);
const alertOf = (change: LeadChange, code: string): Alert => ({
  kind: 'intake_failed',
  clientId: change.clientId,
  reason: `PLANNING:${code}`,
});

const nothing: Planned = { taken: 0, planned: 0, destinations: [] };

export function createPlanner(options: {
  readonly database: Database;
  /** Commits the marks of what is in work; best a connection that no transaction ever holds. `database` when absent. */
  readonly marks?: Sql;
  readonly published: Published;
  readonly log: Log;
}): Planner {
  const { database, published, log } = options;
  const turns = startOfPlanning();
  const takings = createTakings(options.marks ?? database, 'plan');

  /** Plans what `take` locks, without the changes that a process has died over: those are left to `suspects`. */
  const planMarked = async (
    take: (tx: Sql) => Promise<readonly LeadChange[]>,
    suspects: Map<number, LeadChange>,
  ): Promise<Planned> => {
    const result = await database.transaction(async (tx) => {
      const taken = await take(tx);
      if (taken.length === 0) return nothing;
      const deaths = await takings.deathsOf(tx, taken.map(itemOf));
      for (const change of taken) if (deaths.has(itemOf(change))) suspects.set(change.id, change);
      const sound = taken.filter((change) => !suspects.has(change.id));
      if (sound.length === 0) return nothing;
      return takings.under(tx, sound.map(itemOf), () => planTaken(tx, sound));
    });
    takings.committed();
    return result;
  };

  /** Each by itself; one that twice took a process down alone is set aside for an hour. */
  const planAlone = async (change: LeadChange): Promise<Planned> => {
    const result = await database.transaction(async (tx) => {
      const taken = await takeChange(tx, change.id);
      if (taken.length === 0) return nothing;
      const deaths = (await takings.deathsOf(tx, taken.map(itemOf))).get(itemOf(change));
      if ((deaths?.alone ?? 0) < deathsAloneAtMost)
        return takings.under(tx, taken.map(itemOf), () => planTaken(tx, taken));
      await setAside(tx, change.id, 60);
      await raiseAlerts(tx, [alertOf(change, endsProcesses)]);
      log.error('planner.set_aside', { client: change.clientId, lead: change.leadId, code: endsProcesses });
      return nothing;
    });
    takings.committed();
    return result;
  };

  const planTaken = async (tx: Sql, changes: readonly LeadChange[]): Promise<Planned> => {
    if (changes.length === 0) return nothing;
    const leadIds = [...new Set(changes.map((change) => change.leadId))];
    await lockLeads(tx, leadIds);
    const [leads, existing, destinations] = [
      await readLeads(tx, leadIds),
      await deliveriesOfLeads(tx, leadIds),
      await destinationsOfClients(tx, [...new Set(changes.map((change) => change.clientId))]),
    ];
    const targets = await targetsOf(destinations, published);
    const archived = await archivedLeads(
      tx,
      leadIds.filter((id) => leads.get(id)?.lead.erasedAt !== undefined),
    );
    const work = emptyWork();
    for (const change of changes) {
      const read = leads.get(change.leadId);
      if (read !== undefined && !archived.has(change.leadId))
        planChange(change, read, existing, targets, work);
    }
    await carryOut(tx, work);
    await dropChanges(
      tx,
      changes.map((change) => change.id),
    );
    const planned = work.inserts.filter((one) => one.state === 'planned');
    return {
      taken: changes.length,
      planned: planned.length,
      destinations: [...new Set([...planned.map((one) => one.destinationId), ...work.reopenedAt])],
    };
  };

  /** It breaks our code: set aside, told, and looked at again later. */
  const broke =
    (change: LeadChange) =>
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

  /** One of them breaks our code: each is planned by itself. */
  const oneByOne = async (limit: number, from: PlanningTurns): Promise<Planned> => {
    let sum = nothing;
    for (const change of await nextChanges(database, limit, from)) {
      const alone = planMarked((tx) => takeChange(tx, change.id), new Map());
      sum = together(sum, await alone.catch(broke(change)));
    }
    return sum;
  };

  return {
    planBatch: async (limit) => {
      if (!(await anyChange(database))) return nothing;
      await takings.clear();
      const before = turns.map((turn) => ({ ...turn }));
      const suspects = new Map<number, LeadChange>();
      let result = await planMarked((tx) => takeChanges(tx, limit, turns), suspects).catch(
        (error: unknown) => {
          if (isStoreTrouble(error)) throw error;
          return oneByOne(limit, before);
        },
      );
      for (const change of [...suspects.values()].slice(0, suspectsAtOnce))
        result = together(result, await planAlone(change).catch(broke(change)));
      if (result.taken > 0) log.info('planner.planned', { count: result.planned });
      return result;
    },
  };
}

const together = (a: Planned, b: Planned): Planned => ({
  taken: a.taken + b.taken,
  planned: a.planned + b.planned,
  destinations: [...new Set([...a.destinations, ...b.destinations])],
});

async function targetsOf(
  destinations: readonly Destination[],
  published: Published,
): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const destination of destinations) {
    if (destination.mappingVersionId === 0) continue;
    const archived = destination.status === 'archived';
    targets.push({
      destination,
      mapping: archived ? undefined : await published.version(destination.mappingVersionId),
    });
  }
  return targets;
}

async function carryOut(tx: Sql, work: PlanWork): Promise<void> {
  const handovers: Handover[] = [];
  for (const cancel of work.cancels) {
    const ended = await cancelUnsent(tx, cancel.ids, cancel.reason, cancel.includeDeparted);
    for (const row of await readDeliveries(tx, ended))
      handovers.push({ entry: 'cancelled', ...entryNames(row), actor: 'planner', reason: cancel.reason });
  }
  for (const row of await readDeliveries(tx, await reopenWithheld(tx, [...work.reopens]))) {
    handovers.push({ entry: 'reopened', ...entryNames(row), actor: 'planner' });
  }
  await insertDeliveries(tx, work.inserts);
  const still = await stillHere(tx, work.inserts);
  handovers.push(...still.map(entryOfStill));
  await insertRoutingRefusals(tx, work.refusals);
  await appendHandovers(tx, handovers);
  // An alert that knows its delivery is one task with it, and is closed with it.
  const ids = new Map(still.map((row) => [row.key, row.id]));
  const alerts = work.alerts.map(({ key, ...alert }): Alert => {
    const deliveryId = ids.get(key);
    return alert.kind !== 'manual_task' || deliveryId === undefined ? alert : { ...alert, deliveryId };
  });
  await raiseAlerts(tx, await withoutRepeats(tx, alerts));
}

/** What is planned and cannot leave is in the log from the start (C09); what can leave gets its entry when it departs. */
async function stillHere(tx: Sql, inserts: readonly Insert[]): Promise<readonly Delivery[]> {
  const still = inserts.filter((one) => one.state === 'withheld' || one.state === 'failed');
  return deliveriesByKeys(
    tx,
    still.map((one) => one.key),
  );
}

const entryOfStill = (row: Delivery): Handover => ({
  entry: row.state === 'withheld' ? 'withheld' : 'invalid',
  ...entryNames(row),
  actor: 'planner',
  reason: row.reason,
});
