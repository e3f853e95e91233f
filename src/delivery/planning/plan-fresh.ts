// Plans new leads in the transaction of their intake, where nothing but a delivery to each destination, or a written refusal, is due.
// Invariant: the same rules as for every other change (`plan-change.ts`); a lead that needs more, or breaks them, is left to the planner.
import type { Lead } from '../../domain/lead.ts';
import type { Sql } from '../../store/database.ts';
import { destinationsOfClient } from '../../store/destinations/destinations.ts';
import { newAttempt } from '../../store/deliveries/deliveries.ts';
import type { DueJobAt } from '../../store/deliveries/due-work.ts';
import { insertDeliveries, insertRoutingRefusals } from '../../store/deliveries/planned-deliveries.ts';
import { noteAttempt } from '../trip/known-attempts.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { emptyWork, planChange, type Insert, type PlanTarget, type PlanWork } from './plan-change.ts';
import { targetsOf } from './targets.ts';

interface FreshLead {
  readonly change: { readonly clientId: string; readonly leadId: number; readonly revision: number };
  readonly lead: Lead;
  readonly secret: Buffer | undefined;
}

export interface PlannedFresh {
  readonly leadIds: ReadonlySet<number>;
  /** `job` where it is queued already: it is pushed after the commit. */
  readonly deliveries: readonly { readonly destinationId: string; readonly job: DueJobAt | undefined }[];
}

/** Marks as queued the deliveries that may leave at once. */
type Admit = (tx: Sql, inserts: readonly Insert[], targets: readonly PlanTarget[]) => Promise<void>;

/** Read under the locks of the clients. */
interface UnderLock {
  /** By client: digest of its destinations. */
  readonly destinations: ReadonlyMap<string, string>;
  /** The database's clock, of no process: one that follows it a few seconds behind would take a lead for older than a publication. */
  readonly at: Date;
}

export interface FreshPlanner {
  readonly plan: (tx: Sql, leads: readonly FreshLead[], read: UnderLock) => Promise<PlannedFresh>;
  /** From now on `admit` decides which deliveries are queued as they are planned; undefined: none. */
  readonly admitBy: (admit: Admit | undefined) => void;
}

/** A lead is created right after its client was locked: nearer than this, the planner compares the stored time. */
const nearMs = 1_000;

/**
 * Plans leads of clients that the transaction has locked: a publication takes the same lock, so that the destinations are those in
 * force.
 */
export function createFreshPlanner(published: Published): FreshPlanner {
  let admit: Admit | undefined;
  const targetsOfClient = rememberedTargets(published);
  const plan: FreshPlanner['plan'] = async (tx, leads, { destinations, at: createdAt }) => {
    const clients = [...new Set(leads.map(({ change }) => change.clientId))];
    const targets: PlanTarget[] = [];
    for (const clientId of clients)
      targets.push(...(await targetsOfClient(tx, clientId, destinations.get(clientId))));
    const isNear = targets.some(
      ({ destination }) => Math.abs(destination.leadsFrom.getTime() - createdAt.getTime()) < nearMs,
    );
    const all = emptyWork();
    const leadIds = new Set<number>();
    for (const { change, lead } of isNear ? [] : leads) {
      const work = workOf(change, { lead, createdAt }, targets);
      if (work === undefined || !isSimple(work)) continue;
      leadIds.add(change.leadId);
      all.inserts.push(...work.inserts);
      all.refusals.push(...work.refusals);
    }
    await admit?.(tx, all.inserts, targets);
    const jobs = await insertDeliveries(tx, all.inserts);
    if (all.refusals.length > 0) await insertRoutingRefusals(tx, all.refusals);
    noteAttempts(jobs, all.inserts, leads, createdAt);
    const deliveries: PlannedFresh['deliveries'][number][] = [];
    for (const job of jobs) deliveries.push({ destinationId: job.destinationId, job });
    for (const { state, destinationId } of all.inserts)
      if (state === 'planned') deliveries.push({ destinationId, job: undefined });
    return { leadIds, deliveries };
  };
  return {
    plan,
    admitBy: (given) => {
      admit = given;
    },
  };
}

/** Keeps the content of leads with their jobs; not of those with interactions, whose numbers are not known. */
function noteAttempts(
  jobs: readonly DueJobAt[],
  inserts: readonly Insert[],
  leads: readonly FreshLead[],
  createdAt: Date,
): void {
  const queued = inserts.filter(({ state }) => state === 'queued');
  // Without the jobs of a group in which a delivery existed before.
  if (queued.length !== jobs.length) return;
  const byId = new Map(leads.map((fresh) => [fresh.change.leadId, fresh]));
  for (const [index, job] of jobs.entries()) {
    const insert = queued[index];
    const { lead, secret } = byId.get(insert?.leadId ?? 0) ?? {};
    if (insert === undefined || lead === undefined || secret === undefined) continue;
    if (lead.interactions.length > 0) continue;
    const { maxAgeMs, priority: _, ...names } = insert;
    const row = newAttempt({ ...names, id: job.deliveryId }, createdAt, maxAgeMs);
    noteAttempt(job, { row, lead: { lead, consentRevision: 1, createdAt }, secret });
  }
}

/** The targets of a client are read again when the digest of its destinations is another. */
function rememberedTargets(
  published: Published,
): (tx: Sql, clientId: string, digest: string | undefined) => Promise<readonly PlanTarget[]> {
  const known = new Map<string, { readonly digest: string; readonly targets: readonly PlanTarget[] }>();
  return async (tx, clientId, digest) => {
    const before = known.get(clientId);
    if (before !== undefined && before.digest === digest) return before.targets;
    const read = await destinationsOfClient(tx, clientId);
    const targets = await targetsOf(read.destinations, published);
    known.set(clientId, { digest: read.digest, targets });
    return targets;
  };
}

/** Undefined for a lead that breaks our code: the planner meets it again, and sets it aside with an alert. */
function workOf(
  change: FreshLead['change'],
  { lead, createdAt }: { readonly lead: Lead; readonly createdAt: Date },
  targets: readonly PlanTarget[],
): PlanWork | undefined {
  const work = emptyWork();
  try {
    const read = { lead, consentRevision: 1, createdAt };
    planChange({ ...change, id: 0, kind: 'created' }, read, [], targets, work);
    return work;
  } catch {
    return undefined;
  }
}

const isSimple = ({ inserts, cancels, reopens, alerts }: PlanWork): boolean =>
  cancels.length + reopens.size + alerts.length === 0 && inserts.every(({ state }) => state === 'planned');
