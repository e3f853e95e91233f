// Station 2: lead changes x the client's published destinations -> deliveries, or a written refusal; one transaction.
// Invariant: exactly one delivery per (lead, revision, destination, action); a change is absorbed, followed or refused, never dropped.
import { randomUUID } from 'node:crypto';
import type { Action } from '../../connectors/contract.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { Log } from '../log.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { raiseAlerts, raisedSince, type Alert } from '../store/alerts.ts';
import type { Database, Sql } from '../store/database.ts';
import { archivedLeads } from '../store/delivery-keys.ts';
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
        const targets = await targetsOf(destinations, options.published);
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
      });
      if (result.taken > 0) options.log.info('planner.planned', { count: result.planned });
      return result;
    },
  };
}

interface Target {
  readonly destination: Destination;
  /** Undefined: what is published does not compile with this program, or the destination is archived. */
  readonly mapping: CompiledMapping | undefined;
}

/** Kept while the mapping cannot say how long: the destination's own `maxAge` counts again once it is repaired. */
const unusableMaxAgeMs = 10 * 86_400_000;

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

const allActions: readonly Action[] = ['create', 'update', 'erase'];

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
    const mine = knownOf(change.leadId, destination.id, existing, work);
    if (destination.status !== 'archived') considered += 1;
    // Another planner took a later change of the lead first: it is not without destination.
    if (kind === 'created' && mine.some((one) => one.action === 'create')) taken += 1;
    const accepted = mapping?.accepts(read.lead) ?? { yes: true };
    if (!accepted.yes) because = `not_accepted:${accepted.because}`;
    const steps = followUp({
      change: { ...change, kind },
      lead: read.lead,
      due: kind === 'backfill' || read.createdAt >= destination.leadsFrom,
      way: destination.status === 'archived' ? 'closed' : mapping === undefined ? 'unusable' : 'open',
      actions: mapping === undefined ? allActions : (Object.keys(mapping.actions) as Action[]),
      updateOn: mapping?.updateOn ?? ['corrected', 'interaction'],
      accepted: accepted.yes,
      existing: mine,
    });
    for (const step of steps) taken += note(step, change, destination, mapping?.maxAgeMs, work);
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
  maxAgeMs: number | undefined,
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
        maxAgeMs: maxAgeMs ?? unusableMaxAgeMs,
      });
      if (step.alert !== undefined)
        work.alerts.push({
          kind: step.alert,
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
  await raiseAlerts(tx, await withoutRepeats(tx, work.alerts));
}

/** A mapping that cannot be used is told once an hour and destination, not once a lead. */
export async function withoutRepeats(tx: Sql, alerts: readonly Alert[]): Promise<readonly Alert[]> {
  const told = new Set<string>();
  const kept: Alert[] = [];
  for (const alert of alerts) {
    if (alert.kind === 'mapping_unusable') {
      const destinationId = alert.destinationId ?? '';
      if (told.has(destinationId) || (await raisedSince(tx, alert.kind, destinationId, 3_600))) continue;
      told.add(destinationId);
    }
    kept.push(alert);
  }
  return kept;
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
