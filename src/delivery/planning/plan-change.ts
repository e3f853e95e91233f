// Plans a change of a lead at the destinations of its client: deliveries, cancellations, reopenings, written refusals. Pure.
// Invariant: a change is absorbed, followed or refused, never dropped; a later change of the same batch sees the result of an earlier one.
import { randomUUID } from 'node:crypto';
import type { Action } from '../../../connectors/contract.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { isArchived } from '../../domain/hosting.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Alert } from '../../store/alerts/alerts.ts';
import type { Delivery } from '../../store/deliveries/deliveries.ts';
import type { Destination } from '../../store/destinations/destinations.ts';
import type { LeadRead } from '../../store/leads/leads.ts';
import type { LeadChange } from '../../store/leads/lead-changes.ts';
import type { PlannedDelivery } from '../../store/deliveries/planned-deliveries.ts';
import {
  planSteps,
  type ChangeKind,
  type ChangeSituation,
  type KnownDelivery,
  type PlanStep,
} from './change-rules.ts';

export interface PlanTarget {
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

/** A file of all current leads tells changes and erasures without a block of theirs. */
export const actionsOf = (mapping: CompiledMapping | undefined): readonly Action[] =>
  mapping === undefined || mapping.full !== undefined
    ? allActions
    : (Object.keys(mapping.actions) as Action[]);

/** Plans one change for each destination of its client. */
export function planChange(
  change: LeadChange,
  read: LeadRead,
  existing: readonly Delivery[],
  targets: readonly PlanTarget[],
  work: PlanWork,
): void {
  const [kind, ...only] = change.kind.split(':') as [ChangeKind, ...string[]];
  const concerned = targets.filter(
    (target) => target.destination.clientId === change.clientId && concerns(kind, only, target),
  );
  let hasDelivery = false;
  let refusedBecause = 'no_destination';
  for (const target of concerned) {
    const { destination, mapping } = target;
    const isFirst = existing.length === 0 && work.inserts.length === 0;
    const known = isFirst ? [] : knownDeliveries(change.leadId, destination.id, existing, work);
    // Another planner took a later change of the lead first: it is not without destination.
    if (kind === 'created' && known.some((delivery) => delivery.action === 'create')) hasDelivery = true;
    const accepted = mapping?.accepts(read.lead) ?? { yes: true };
    if (!accepted.yes) refusedBecause = `not_accepted:${accepted.because}`;
    const steps = planSteps({
      change: { ...change, kind },
      lead: read.lead,
      due: kind === 'backfill' || read.createdAt >= destination.leadsFrom,
      destination: stateOf(target),
      actions: actionsOf(mapping),
      updateOn: mapping?.updateOn ?? ['corrected', 'interaction'],
      accepted: accepted.yes,
      existing: known,
    });
    for (const step of steps) noteStep(step, change, target, work);
    if (steps.some((step) => step.do === 'insert')) hasDelivery = true;
  }
  if (change.kind !== 'created' || hasDelivery) return;
  const hasDestination = concerned.some(({ destination }) => !isArchived(destination));
  const reason = hasDestination ? refusedBecause : 'no_destination';
  work.refusals.push({
    ...namesOf(change),
    destinationId: '',
    reason: read.lead.erasedAt === undefined ? reason : 'erased',
  });
}

/** A backfill names its destination; the end of a consent its opt-in, and where it ended at one destination only, that one. */
function concerns(
  kind: ChangeKind,
  [first, second]: readonly string[],
  { destination, mapping }: PlanTarget,
): boolean {
  if (first === undefined) return true;
  if (kind !== 'consent_ended') return first === destination.id;
  if (second !== undefined && second !== destination.id) return false;
  return mapping === undefined || tellsOptIn(mapping, first);
}

/** @param optIn `purpose.channel` */
const tellsOptIn = ({ actions, tells }: CompiledMapping, optIn: string): boolean =>
  (['create', 'update'] as const).some((action) =>
    [undefined, ...(actions[action]?.calls ?? []).map(({ name }) => name)].some((call) =>
      tells(action, call).has(optIn),
    ),
  );

function stateOf({ destination, mapping }: PlanTarget): ChangeSituation['destination'] {
  if (isArchived(destination)) return 'archived';
  return mapping === undefined ? 'unusable' : 'open';
}

/** Deliveries of the pair: those that stand, and those that earlier changes of the batch came to. */
function knownDeliveries(
  leadId: number,
  destinationId: string,
  existing: readonly Delivery[],
  work: PlanWork,
): readonly KnownDelivery[] {
  const isOfPair = (row: { readonly leadId: number; readonly destinationId: string }): boolean =>
    row.leadId === leadId && row.destinationId === destinationId;
  const planned = work.inserts.filter(isOfPair).map((insert): KnownDelivery => ({
    id: insert.id,
    action: insert.action,
    state: insert.state,
    reason: insert.reason,
    departures: 0,
    attempt: 0,
    departedAttempt: 0,
    maybeReceived: false,
    sentRevision: 0,
  }));
  return [...existing.filter(isOfPair), ...planned];
}

function noteStep(
  step: PlanStep,
  change: LeadChange,
  { destination, mapping }: PlanTarget,
  work: PlanWork,
): void {
  switch (step.do) {
    case 'insert':
      noteInsert(step, change, { destination, mapping }, work);
      return;
    case 'cancel':
      for (const insert of work.inserts.filter(({ id }) => step.ids.includes(id))) {
        insert.state = 'cancelled';
        insert.reason = step.reason;
      }
      work.cancels.push({ ...step, ids: step.ids.filter((id) => id > 0) });
      return;
    case 'reopen':
      for (const id of step.ids) if (id > 0) work.reopens.add(id);
      work.reopenedAt.add(destination.id);
      return;
    case 'refuse':
      work.refusals.push({ ...namesOf(change), destinationId: destination.id, reason: step.reason });
  }
}

function noteInsert(
  step: Extract<PlanStep, { do: 'insert' }>,
  change: LeadChange,
  { destination, mapping }: PlanTarget,
  work: PlanWork,
): void {
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
    maxAgeMs: mapping?.maxAgeMs ?? unusableMaxAgeMs,
  });
  if (step.alert === undefined) return;
  work.alerts.push({
    kind: step.alert,
    clientId: change.clientId,
    destinationId: destination.id,
    reason: step.reason,
    key,
  });
}

const namesOf = (
  change: LeadChange,
): { readonly clientId: string; readonly leadId: number; readonly revision: number } => ({
  clientId: change.clientId,
  leadId: change.leadId,
  revision: change.revision,
});
