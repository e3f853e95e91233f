// What a change of a lead comes to at the client's destinations: deliveries, cancellations, reopenings, written refusals. Pure.
// Invariant: a change is absorbed, followed or refused, never dropped; a later change of the same batch sees what an earlier one made.
import { randomUUID } from 'node:crypto';
import type { Action } from '../../../connectors/contract.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Alert } from '../../store/alerts.ts';
import type { Delivery } from '../../store/deliveries.ts';
import type { Destination } from '../../store/destinations.ts';
import type { LeadRead } from '../../store/leads.ts';
import type { LeadChange } from '../../store/lead-changes.ts';
import type { PlannedDelivery } from '../../store/planned-deliveries.ts';
import { followUp, type ChangeKind, type Known, type Step } from './change-rules.ts';

export interface Target {
  readonly destination: Destination;
  /** Undefined: what is published does not compile with this program, or the destination is archived. */
  readonly mapping: CompiledMapping | undefined;
}

/** Kept while the mapping cannot say how long: the destination's own `maxAge` counts again once it is repaired. */
const unusableMaxAgeMs = 10 * 86_400_000;

/** A delivery about to be inserted. A later change of the same batch may still supersede it. */
export interface Insert extends Omit<PlannedDelivery, 'state' | 'reason'> {
  readonly id: number;
  state: DeliveryState;
  reason: string;
}

export interface PlanWork {
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
  /** With the key of the delivery they speak of. */
  readonly alerts: (Alert & { readonly key: string })[];
}

export const emptyWork = (): PlanWork => ({
  inserts: [],
  cancels: [],
  reopens: new Set(),
  reopenedAt: new Set(),
  refusals: [],
  alerts: [],
});

const allActions: readonly Action[] = ['create', 'update', 'erase'];

/** What one change means for each destination of its client. */
export function planChange(
  change: LeadChange,
  read: LeadRead,
  existing: readonly Delivery[],
  targets: readonly Target[],
  work: PlanWork,
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
      reason: read.lead.erasedAt !== undefined ? 'erased' : considered === 0 ? 'no_destination' : because,
    });
  }
}

function knownOf(
  leadId: number,
  destinationId: string,
  existing: readonly Delivery[],
  work: PlanWork,
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
  work: PlanWork,
): number {
  switch (step.do) {
    case 'insert': {
      const key = randomUUID();
      work.inserts.push({
        // Negative until MySQL gives the real one: a later change of this batch refers to it.
        id: -1 - work.inserts.length,
        ...namesOf(change),
        destinationId: destination.id,
        action: step.action,
        key,
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
          key,
        });
      return 1;
    }
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
