// Station 2: lead changes x the client's published destinations -> deliveries, or a written refusal; one transaction.
// Invariant: exactly one delivery per (lead, revision, destination, action); a change is absorbed, followed or refused, never dropped.
import { randomUUID } from 'node:crypto';
import type { Action } from '../../connectors/contract.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { Log } from '../log.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { raiseAlerts, type Alert } from '../store/alerts.ts';
import type { Database, Sql } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries, type Delivery } from '../store/deliveries.ts';
import {
  anyChange,
  cancelUnsent,
  dropChanges,
  insertDeliveries,
  insertRoutingRefusals,
  reopenWithheld,
  takeChanges,
  type LeadChange,
} from '../store/planning.ts';
import { destinationsOfClients, type Destination } from '../store/destinations.ts';
import { appendHandovers, type Handover } from '../store/handovers.ts';
import { lockLeads, readLeads, type LeadRead } from '../store/leads.ts';
import { followUp, type ChangeKind, type Known, type Step } from './follow-up.ts';
import type { Published } from './published.ts';

export interface Planner {
  /** Plans up to `limit` changes. Returns how many were taken and which destinations got work. */
  readonly planBatch: (limit: number) => Promise<{
    readonly taken: number;
    readonly planned: number;
    readonly destinations: readonly string[];
  }>;
}

export function createPlanner(options: {
  readonly database: Database;
  readonly published: Published;
  readonly log: Log;
}): Planner {
  return {
    planBatch: async (limit) => {
      if (!(await anyChange(options.database))) return { taken: 0, planned: 0, destinations: [] };
      const result = await options.database.transaction(async (tx) => {
        const changes = await takeChanges(tx, limit);
        if (changes.length === 0) return { taken: 0, planned: 0, destinations: [] };
        const leadIds = [...new Set(changes.map((change) => change.leadId))];
        await lockLeads(tx, leadIds);
        const [leads, existing, destinations] = [
          await readLeads(tx, leadIds),
          await deliveriesOfLeads(tx, leadIds),
          await destinationsOfClients(tx, [...new Set(changes.map((change) => change.clientId))]),
        ];
        const targets = await publishedOnly(destinations, options.published);
        const work = emptyWork();
        for (const change of changes) {
          const read = leads.get(change.leadId);
          if (read !== undefined) planChange(change, read, existing, targets, work);
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
      });
      if (result.taken > 0) options.log.info('planner.planned', { count: result.planned });
      return result;
    },
  };
}

interface Target {
  readonly destination: Destination;
  readonly mapping: CompiledMapping;
}

async function publishedOnly(
  destinations: readonly Destination[],
  published: Published,
): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const destination of destinations) {
    if (destination.status === 'archived') continue;
    const mapping = await published.version(destination.mappingVersionId);
    if (mapping !== undefined) targets.push({ destination, mapping });
  }
  return targets;
}

/** A delivery about to be inserted. A later change of the same batch may still supersede it. */
interface Insert {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly leadId: number;
  readonly revision: number;
  readonly action: Action;
  readonly key: string;
  state: DeliveryState;
  reason: string;
  readonly priority: number;
  readonly maxAgeMs: number;
}

interface Work {
  readonly inserts: Insert[];
  readonly cancels: {
    readonly ids: readonly number[];
    readonly reason: string;
    readonly includeDeparted: boolean;
  }[];
  readonly reopens: Set<number>;
  readonly reopenedAt: Set<string>;
  readonly refusals: {
    readonly clientId: string;
    readonly leadId: number;
    readonly revision: number;
    readonly destinationId: string;
    readonly reason: string;
  }[];
  readonly alerts: Alert[];
}

const emptyWork = (): Work => ({
  inserts: [],
  cancels: [],
  reopens: new Set(),
  reopenedAt: new Set(),
  refusals: [],
  alerts: [],
});

function planChange(
  change: LeadChange,
  read: LeadRead,
  existing: readonly Delivery[],
  targets: readonly Target[],
  work: Work,
): void {
  let considered = 0;
  let taken = 0;
  let because = 'no_destination';
  for (const { destination, mapping } of targets) {
    if (destination.clientId !== change.clientId) continue;
    // A backfill names its destination; every other change concerns all of the client's.
    const [kind, only] = change.kind.split(':') as [ChangeKind, string | undefined];
    if (only !== undefined && only !== destination.id) continue;
    considered += 1;
    const accepted = mapping.accepts(read.lead);
    if (!accepted.yes) because = `not_accepted:${accepted.because}`;
    const steps = followUp({
      change: { ...change, kind },
      lead: read.lead,
      due: kind === 'backfill' || read.createdAt >= destination.leadsFrom,
      actions: Object.keys(mapping.actions) as Action[],
      updateOn: mapping.updateOn,
      accepted: accepted.yes,
      existing: knownOf(change.leadId, destination.id, existing, work),
    });
    for (const step of steps) taken += note(step, change, destination, mapping, work);
  }
  if (change.kind === 'created' && taken === 0) {
    work.refusals.push({
      ...namesOf(change),
      destinationId: '',
      reason: considered === 0 ? 'no_destination' : because,
    });
  }
}

function knownOf(
  leadId: number,
  destinationId: string,
  existing: readonly Delivery[],
  work: Work,
): readonly Known[] {
  const mine = (one: { readonly leadId: number; readonly destinationId: string }): boolean =>
    one.leadId === leadId && one.destinationId === destinationId;
  const fresh = work.inserts.filter(mine).map((one): Known => ({
    id: one.id,
    action: one.action,
    state: one.state,
    reason: one.reason,
    departures: 0,
    attempt: 0,
    departedAttempt: 0,
    maybeReceived: false,
    sentRevision: 0,
  }));
  return [...existing.filter(mine), ...fresh];
}

/** Notes one step; returns 1 when a delivery comes of it. */
function note(
  step: Step,
  change: LeadChange,
  destination: Destination,
  mapping: CompiledMapping,
  work: Work,
): number {
  switch (step.do) {
    case 'insert':
      work.inserts.push({
        // Negative until MySQL gives the real one: a later change of this batch refers to it.
        id: -1 - work.inserts.length,
        ...namesOf(change),
        destinationId: destination.id,
        action: step.action,
        key: randomUUID(),
        state: step.state,
        reason: step.reason,
        priority: step.priority ?? 0,
        maxAgeMs: mapping.maxAgeMs,
      });
      if (step.alert === true)
        work.alerts.push({
          kind: 'manual_task',
          clientId: change.clientId,
          destinationId: destination.id,
          reason: step.reason,
        });
      return 1;
    case 'cancel':
      for (const insert of work.inserts.filter((one) => step.ids.includes(one.id))) {
        insert.state = 'cancelled';
        insert.reason = step.reason;
      }
      work.cancels.push({ ...step, ids: step.ids.filter((id) => id > 0) });
      return 0;
    case 'reopen':
      for (const id of step.ids) if (id > 0) work.reopens.add(id);
      work.reopenedAt.add(destination.id);
      return 0;
    case 'refuse':
      work.refusals.push({ ...namesOf(change), destinationId: destination.id, reason: step.reason });
      return 0;
  }
}

const namesOf = (
  change: LeadChange,
): { readonly clientId: string; readonly leadId: number; readonly revision: number } => ({
  clientId: change.clientId,
  leadId: change.leadId,
  revision: change.revision,
});

async function carryOut(tx: Sql, work: Work): Promise<void> {
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
  await insertRoutingRefusals(tx, work.refusals);
  await appendHandovers(tx, handovers);
  await raiseAlerts(tx, work.alerts);
}

/** What every entry about a delivery names. */
export const entryNames = (
  row: Delivery,
): Pick<Handover, 'clientId'> &
  Required<
    Pick<Handover, 'destinationId' | 'deliveryId' | 'leadId' | 'batchId' | 'run' | 'attempt' | 'action'>
  > => ({
  clientId: row.clientId,
  destinationId: row.destinationId,
  deliveryId: row.id,
  leadId: row.leadId,
  batchId: row.batchId,
  run: row.run,
  attempt: row.attempt,
  action: row.action,
});
