// Decides what a change of a lead means for one destination: one table of rules (docs/design.md, "Order"). Pure.
// Invariant: before the create has departed a change is absorbed; afterwards it is one update; a departed lead is followed by an erase.
import type { Action } from '../../../connectors/contract.ts';
import { isEnd, mayBeHeld, splitReason, type DeliveryState, type Reason } from '../../domain/delivery.ts';
import type { Lead } from '../../domain/lead.ts';

/** A delivery of the same lead and destination, as the rules see it. */
export interface KnownDelivery {
  readonly id: number;
  readonly action: Action;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly departures: number;
  readonly attempt: number;
  readonly departedAttempt: number;
  readonly maybeReceived: boolean;
  readonly sentRevision: number;
}

/** `consent_ended`: a grant is over without a statement of the person (C16b). */
export type ChangeKind =
  | 'created'
  | 'corrected'
  | 'consent'
  | 'consent_ended'
  | 'interaction'
  | 'erased'
  | 'backfill';

export interface ChangeSituation {
  readonly change: {
    readonly clientId: string;
    readonly leadId: number;
    readonly revision: number;
    readonly kind: ChangeKind;
  };
  readonly lead: Pick<Lead, 'revision' | 'erasedAt'>;
  /** The lead came after the destination began to take leads (or is backfilled). */
  readonly due: boolean;
  /** `unusable`: what is published does not compile; `archived`: it takes nothing new. */
  readonly destination: 'open' | 'unusable' | 'archived';
  readonly actions: readonly Action[];
  /** Kinds of change that travel as an update; a consent always does (C20). */
  readonly updateOn: readonly ChangeKind[];
  readonly accepted: boolean;
  readonly existing: readonly KnownDelivery[];
}

export type PlanStep =
  | {
      readonly do: 'insert';
      readonly action: Action;
      readonly state: DeliveryState;
      readonly reason: Reason;
      readonly priority?: number;
      readonly alert?: 'manual_task' | 'mapping_unusable';
    }
  | {
      readonly do: 'cancel';
      readonly ids: readonly number[];
      readonly reason: Reason;
      readonly includeDeparted: boolean;
    }
  | { readonly do: 'reopen'; readonly ids: readonly number[] }
  | { readonly do: 'refuse'; readonly reason: string };

/**
 * The state of the destination's create of the lead. `unsent`: it will carry the change itself; `may_be_held`: the recipient has, or may
 * have, the earlier content, by the create or by an update; `failed`: it ended, and the recipient has nothing.
 */
export type CreateStanding = 'none' | 'unsent' | 'may_be_held' | 'failed';

/** The decision about a change; `PlanStep`s are made of it below. */
export type Effect =
  | 'nothing'
  | 'create'
  | 'create_behind'
  | 'absorb'
  | 'update'
  | 'create_again'
  | 'refuse'
  | 'erase';

/** The rules. A lead that has been erased gets nothing more but its erasure. */
export const effects: Readonly<Record<ChangeKind, Readonly<Record<CreateStanding, Effect>>>> = {
  created: { none: 'create', unsent: 'nothing', may_be_held: 'nothing', failed: 'nothing' },
  // Behind the fresh ones.
  backfill: { none: 'create_behind', unsent: 'nothing', may_be_held: 'nothing', failed: 'nothing' },
  // A repaired lead deserves a new start: it may have become acceptable, or was refused for what is corrected now.
  corrected: { none: 'create', unsent: 'absorb', may_be_held: 'update', failed: 'create_again' },
  consent: { none: 'create', unsent: 'absorb', may_be_held: 'update', failed: 'create_again' },
  // Nothing that anybody did: it begins nothing, and a create that has not left says it by itself.
  consent_ended: { none: 'nothing', unsent: 'nothing', may_be_held: 'update', failed: 'nothing' },
  interaction: { none: 'create', unsent: 'absorb', may_be_held: 'update', failed: 'refuse' },
  erased: { none: 'erase', unsent: 'erase', may_be_held: 'erase', failed: 'erase' },
};

/** An archived destination takes nothing new, but still holds what it was given: what the prospect takes back goes to it in writing. */
export const archivedEffects: Readonly<Record<ChangeKind, Effect>> = {
  created: 'nothing',
  backfill: 'nothing',
  corrected: 'nothing',
  consent: 'update',
  consent_ended: 'update',
  interaction: 'nothing',
  erased: 'erase',
};

export function planSteps(at: ChangeSituation): readonly PlanStep[] {
  switch (at.destination) {
    case 'open':
      return openSteps(at);
    case 'unusable':
      return openSteps(at).map(untilRepaired);
    case 'archived':
      return archivedSteps(at);
  }
}

function openSteps(at: ChangeSituation): readonly PlanStep[] {
  const { kind } = at.change;
  if (kind !== 'erased' && at.lead.erasedAt !== undefined) return [];
  const create = createOf(at);
  const steps = stepsOf(effects[kind][standingOf(at, create)], at, create);
  const isChange = kind === 'corrected' || kind === 'consent' || kind === 'interaction';
  return isChange && create !== undefined ? [...reopened(at), ...steps] : steps;
}

function archivedSteps(at: ChangeSituation): readonly PlanStep[] {
  const effect = archivedEffects[at.change.kind];
  if (effect === 'update' && at.existing.every((delivery) => delivery.departures === 0)) return [];
  return stepsOf(effect, { ...at, actions: ['create'], updateOn: [] }, createOf(at));
}

/** Nothing is lost while a mapping cannot be used: deliveries are planned as withheld and reopen with the repair. */
function untilRepaired(step: PlanStep): PlanStep {
  return step.do === 'insert' && step.state === 'planned'
    ? { ...step, state: 'withheld', reason: 'mapping_missing', alert: 'mapping_unusable' }
    : step;
}

const createOf = (at: ChangeSituation): KnownDelivery | undefined =>
  at.existing.findLast((delivery) => delivery.action === 'create');

export function standingOf(at: ChangeSituation, create: KnownDelivery | undefined): CreateStanding {
  if (create === undefined) return 'none';
  const isInFlight = hasDeparted(create);
  // A recipient that takes updates under our own reference may hold the lead by one of them alone.
  if (at.existing.some((one) => one.action === 'update' && (mayBeHeld(one) || hasDeparted(one))))
    return 'may_be_held';
  // A recipient that may have the content receives the change, also where the rest of the create failed.
  if (isEnd(create.state)) return mayBeHeld(create) ? 'may_be_held' : 'failed';
  // This try's answer says what the recipient holds, unless it has an earlier try of the same key and answers from that one.
  const carriesIt = isInFlight && !create.maybeReceived && create.sentRevision >= at.change.revision;
  const isOut = isInFlight || create.maybeReceived || create.state === 'pending';
  return isOut && !carriesIt ? 'may_be_held' : 'unsent';
}

const hasDeparted = ({ state, attempt, departedAttempt }: KnownDelivery): boolean =>
  state === 'sending' && departedAttempt === attempt && attempt > 0;

function stepsOf(
  effect: Effect,
  at: ChangeSituation,
  create: KnownDelivery | undefined,
): readonly PlanStep[] {
  switch (effect) {
    case 'nothing':
      return [];
    case 'create':
      return begin(at, 0);
    case 'create_behind':
      return begin(at, 1);
    case 'absorb':
      return [{ do: 'insert', action: 'update', state: 'cancelled', reason: 'superseded' }];
    case 'update':
      return sendUpdate(at);
    case 'create_again':
      return beginAgain(at, create);
    case 'refuse':
      return [{ do: 'refuse', reason: 'create_not_delivered' }];
    case 'erase':
      return sendErase(at);
  }
}

function begin(at: ChangeSituation, priority: number): readonly PlanStep[] {
  if (!at.accepted || !at.due) return [];
  return [{ do: 'insert', action: 'create', state: 'planned', reason: '', priority }];
}

/** Corrected after a refusal, or answered after its opt-in stayed missing too long. */
function beginAgain(at: ChangeSituation, create: KnownDelivery | undefined): readonly PlanStep[] {
  const { base } = splitReason(create?.reason ?? '');
  const isRepaired = at.change.kind === 'corrected' || base === 'expired';
  const isOlder = (create?.sentRevision ?? 0) < at.change.revision;
  if (isRepaired && isOlder && base !== 'by_support' && at.accepted)
    return [{ do: 'insert', action: 'create', state: 'planned', reason: '' }];
  return [{ do: 'refuse', reason: 'create_not_delivered' }];
}

/** Causes of `withheld` that a change of the lead can repair. */
const repairable: ReadonlySet<Reason> = new Set([
  'opt_in_missing',
  'opt_in_held',
  'category_not_authorised',
  'inactive',
]);

/** A delivery withheld for opt-in or data is judged again, also if an earlier attempt may have been received. */
function reopened(at: ChangeSituation): readonly PlanStep[] {
  const ids = at.existing
    .filter(({ state, reason }) => state === 'withheld' && repairable.has(splitReason(reason).base))
    .map((delivery) => delivery.id);
  return ids.length === 0 ? [] : [{ do: 'reopen', ids }];
}

/** Whatever the mapping's `update.on` says (C20). */
const alwaysTold: ReadonlySet<ChangeKind> = new Set(['consent', 'consent_ended']);

function sendUpdate(at: ChangeSituation): readonly PlanStep[] {
  if (!alwaysTold.has(at.change.kind) && !at.updateOn.includes(at.change.kind))
    return [{ do: 'refuse', reason: 'update_not_wanted' }];
  if (!at.actions.includes('update')) return [byHand('update', 'manual_update_required')];
  // Not dropped for a later revision: that one may be of a kind that makes no update, and this one would never travel.
  const older = at.existing.filter(
    ({ action, state, departures }) =>
      action === 'update' && !isEnd(state) && state !== 'sending' && departures === 0,
  );
  return [
    ...cancelled(older, 'superseded', false),
    { do: 'insert', action: 'update', state: 'planned', reason: '' },
  ];
}

function sendErase(at: ChangeSituation): readonly PlanStep[] {
  const others = at.existing.filter((delivery) => delivery.action !== 'erase');
  const open = others.filter(({ state }) => !isEnd(state) && state !== 'sending');
  const cancel = cancelled(open, 'erased', true);
  if (others.every((delivery) => delivery.departures === 0)) return cancel;
  return at.actions.includes('erase')
    ? [...cancel, { do: 'insert', action: 'erase', state: 'planned', reason: '' }]
    : [...cancel, byHand('erase', 'manual_erasure_required')];
}

const byHand = (action: Action, reason: Reason): PlanStep => ({
  do: 'insert',
  action,
  state: 'failed',
  reason,
  alert: 'manual_task',
});

function cancelled(
  deliveries: readonly KnownDelivery[],
  reason: Reason,
  includeDeparted: boolean,
): readonly PlanStep[] {
  const ids = deliveries.map((delivery) => delivery.id);
  return ids.length === 0 ? [] : [{ do: 'cancel', ids, reason, includeDeparted }];
}
