// What a change of a lead means for one destination: pure rules of order (docs/design.md, "Order").
// Invariant: before the create has departed a change is absorbed; afterwards it is one update; what departed is followed by an erase.
import type { Action } from '../../../connectors/contract.ts';
import { isEnd, splitReason, type DeliveryState, type Reason } from '../../domain/delivery.ts';
import type { Lead } from '../../domain/lead.ts';

/** Deliveries of the same lead and destination as the rules see them. */
export interface Known {
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

export type ChangeKind = 'created' | 'corrected' | 'consent' | 'interaction' | 'erased' | 'backfill';

export interface Situation {
  readonly change: {
    readonly clientId: string;
    readonly leadId: number;
    readonly revision: number;
    readonly kind: ChangeKind;
  };
  readonly lead: Pick<Lead, 'revision' | 'erasedAt'>;
  /** The lead came after the destination began to take leads (or is backfilled). */
  readonly due: boolean;
  /** `unusable`: what is published does not compile; `closed`: the destination is archived and takes nothing new. */
  readonly way: 'open' | 'unusable' | 'closed';
  readonly actions: readonly Action[];
  /** Kinds of change that travel as an update; a consent always does (C20). */
  readonly updateOn: readonly ChangeKind[];
  readonly accepted: boolean;
  readonly existing: readonly Known[];
}

export type Step =
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

export function followUp(at: Situation): readonly Step[] {
  switch (at.way) {
    case 'open':
      return stepsOf(at);
    case 'unusable':
      return stepsOf(at).map(untilRepaired);
    case 'closed':
      return afterClosing(at);
  }
}

/** Nothing is lost while a mapping cannot be used: what would be planned stands withheld and comes back with the repair. */
function untilRepaired(step: Step): Step {
  return step.do === 'insert' && step.state === 'planned'
    ? { ...step, state: 'withheld', reason: 'mapping_missing', alert: 'mapping_unusable' }
    : step;
}

/** An archived destination still holds what it was given: what the prospect takes back goes to it in writing. */
function afterClosing(at: Situation): readonly Step[] {
  const gone: Situation = { ...at, actions: ['create'], updateOn: [] };
  switch (at.change.kind) {
    case 'erased':
      return afterErasure(gone);
    case 'consent':
      return at.existing.some((one) => one.departures > 0) ? sendUpdate(gone) : [];
    case 'created':
    case 'backfill':
    case 'corrected':
    case 'interaction':
      return [];
  }
}

function stepsOf(at: Situation): readonly Step[] {
  switch (at.change.kind) {
    case 'created':
      return begin(at, 0);
    case 'backfill':
      return begin(at, 1);
    case 'erased':
      return afterErasure(at);
    case 'corrected':
    case 'consent':
    case 'interaction':
      return afterChange(at);
  }
}

function begin(at: Situation, priority: number): readonly Step[] {
  if (at.lead.erasedAt !== undefined || !at.accepted || !at.due) return [];
  if (at.existing.some((one) => one.action === 'create')) return [];
  return [{ do: 'insert', action: 'create', state: 'planned', reason: '', priority }];
}

function afterChange(at: Situation): readonly Step[] {
  if (at.lead.erasedAt !== undefined) return [];
  const create = at.existing.filter((one) => one.action === 'create').at(-1);
  if (create === undefined) return begin(at, 0);
  // What the opt-in or the data held back is judged again, also where an earlier attempt may have been received.
  const held = at.existing.filter(
    (one) => one.state === 'withheld' && leadHeld.has(splitReason(one.reason).base),
  );
  const reopened: readonly Step[] =
    held.length === 0 ? [] : [{ do: 'reopen', ids: held.map((one) => one.id) }];
  return [...reopened, ...carriedBy(at, create)];
}

/** Causes of `withheld` that a change of the lead can repair. */
const leadHeld: ReadonlySet<Reason> = new Set(['opt_in_missing', 'opt_in_held', 'category_not_authorised']);

function carriedBy(at: Situation, create: Known): readonly Step[] {
  if (!isEnd(create.state)) return whileOpen(at, create);
  if (create.state === 'delivered') return sendUpdate(at);
  return afterFailedCreate(at, create);
}

/** The create has not ended: it will carry the change itself, unless the recipient may hold the earlier content. */
function whileOpen(at: Situation, create: Known): readonly Step[] {
  const inFlight =
    create.state === 'sending' && create.departedAttempt === create.attempt && create.attempt > 0;
  // What this try says is what the recipient holds, unless it has an earlier try of the same key and answers from that one.
  const carriedAlready = inFlight && !create.maybeReceived && create.sentRevision >= at.change.revision;
  if (!carriedAlready && (inFlight || create.maybeReceived || create.state === 'pending'))
    return sendUpdate(at);
  return [{ do: 'insert', action: 'update', state: 'cancelled', reason: 'superseded' }];
}

function afterFailedCreate(at: Situation, create: Known): readonly Step[] {
  const { base } = splitReason(create.reason);
  // Whoever may hold what was sent learns of the change, whatever became of the rest of the create.
  if (create.maybeReceived) return sendUpdate(at);
  // A repaired lead deserves a new start: corrected after a refusal, or answered after its opt-in stayed missing too long.
  const again = at.change.kind === 'corrected' || (at.change.kind === 'consent' && base === 'expired');
  if (again && base !== 'by_support' && at.accepted && create.sentRevision < at.change.revision) {
    return [{ do: 'insert', action: 'create', state: 'planned', reason: '' }];
  }
  return [{ do: 'refuse', reason: 'create_not_delivered' }];
}

function sendUpdate(at: Situation): readonly Step[] {
  if (at.change.kind !== 'consent' && !at.updateOn.includes(at.change.kind))
    return [{ do: 'refuse', reason: 'update_not_wanted' }];
  if (!at.actions.includes('update')) {
    return [
      {
        do: 'insert',
        action: 'update',
        state: 'failed',
        reason: 'manual_update_required',
        alert: 'manual_task',
      },
    ];
  }
  const updates = at.existing.filter((one) => one.action === 'update');
  // Not dropped for a later revision: that one may be of a kind that makes no update, and this one would never travel.
  const older = updates
    .filter((one) => !isEnd(one.state) && one.state !== 'sending' && one.departures === 0)
    .map((one) => one.id);
  const cancel: readonly Step[] =
    older.length === 0 ? [] : [{ do: 'cancel', ids: older, reason: 'superseded', includeDeparted: false }];
  return [...cancel, { do: 'insert', action: 'update', state: 'planned', reason: '' }];
}

function afterErasure(at: Situation): readonly Step[] {
  const open = at.existing
    .filter((one) => !isEnd(one.state) && one.state !== 'sending' && one.action !== 'erase')
    .map((one) => one.id);
  const cancel: readonly Step[] =
    open.length === 0 ? [] : [{ do: 'cancel', ids: open, reason: 'erased', includeDeparted: true }];
  const departed = at.existing.some((one) => one.departures > 0 && one.action !== 'erase');
  if (!departed) return cancel;
  return at.actions.includes('erase')
    ? [...cancel, { do: 'insert', action: 'erase', state: 'planned', reason: '' }]
    : [
        ...cancel,
        {
          do: 'insert',
          action: 'erase',
          state: 'failed',
          reason: 'manual_erasure_required',
          alert: 'manual_task',
        },
      ];
}
