// Computes the effects of an outcome: entries of the log, settlements, alerts, calls, references.
// Invariant: every writer of an outcome uses this file, and every settlement has its entry.
import { type Captured, type Evidence, type Outcome } from '../../../connectors/contract.ts';
import { isEnd, splitReason, type DeliveryState } from '../../domain/delivery.ts';
import { isUndo, undoneBy, type Decision, type Verdict, decide } from '../../domain/verdict.ts';
import { type Alert, alertAbout } from '../../store/alerts/alerts.ts';
import type { CallOutcome } from '../../store/deliveries/calls.ts';
import type { AttemptDelivery } from '../../store/deliveries/deliveries.ts';
import type { LateReference, Settlement } from '../../store/deliveries/delivery-settlements.ts';
import type { TargetTaken } from '../../store/deliveries/delivery-targets.ts';
import { entryNames, type Handover, entryAbout } from '../../store/log/handovers.ts';
import type { ReadBackWanted } from '../../store/deliveries/read-backs.ts';
import type { Attempted, ClaimedDelivery, Stopped } from '../trip/attempt.ts';
import type { LateArrival } from './follow-ups.ts';

export interface OutcomeEffects {
  readonly handovers: readonly Handover[];
  readonly settlements: readonly Settlement[];
  readonly alerts: readonly Alert[];
  /** Leads and destinations of deliveries that have ended: deliveries that waited for them are woken. */
  readonly ended: readonly Pair[];
  /** Leads that the recipient no longer holds: their references are deleted. */
  readonly erased: readonly Pair[];
  readonly calls: readonly CallOutcome[];
  readonly taken: readonly TargetTaken[];
  /** Deliveries that waited for an outage that is over. */
  readonly forward: readonly number[];
  /** Deliveries whose next call leaves at once; `again`: one that was tried before. */
  readonly next: readonly number[];
  readonly again: readonly number[];
  /** Calls that were undone. */
  readonly undone: readonly { readonly deliveryId: number; readonly name: string }[];
  /** Deliveries to be read back. */
  readonly readBacks: readonly ReadBackWanted[];
  /** References of recipients, learnt by workers whose lease was lost. */
  readonly lateReferences: readonly LateReference[];
  /** Deliveries sent by workers that had lost their lease. */
  readonly lateArrivals: readonly LateArrival[];
}

interface Pair {
  readonly leadId: number;
  readonly destinationId: string;
}

/** The effects of one delivery or one move; an absent list is empty. */
export type Effects = Partial<OutcomeEffects>;

/** All effects of a transaction, in the order of their parts. */
export function joinEffects(parts: readonly Effects[]): OutcomeEffects {
  const joined = {
    handovers: [],
    settlements: [],
    alerts: [],
    ended: [],
    erased: [],
    calls: [],
    taken: [],
    forward: [],
    next: [],
    again: [],
    undone: [],
    readBacks: [],
    lateReferences: [],
    lateArrivals: [],
  } satisfies Record<keyof OutcomeEffects, unknown[]>;
  for (const part of parts)
    for (const name of Object.keys(part) as (keyof OutcomeEffects)[])
      for (const effect of part[name] ?? []) (joined[name] as unknown[]).push(effect);
  return joined;
}

const stoppedEntries = {
  withheld: 'withheld',
  cancelled: 'cancelled',
  failed: 'invalid',
  // Its last call is not needed any more: what the recipient has, it has.
  delivered: 'outcome',
} as const;

/** Withholds an update for a record without a known reference, because its create ended unanswered, until support
 * has resolved the create; a task is opened at once. */
function untilSettled(stopped: Stopped): Stopped {
  const { row, state, reason } = stopped;
  const nameless = state === 'failed' && splitReason(reason).base === 'reference_missing';
  return nameless && row.action === 'update' && row.createUnsettled
    ? { ...stopped, state: 'withheld', reason: 'create_unsettled' }
    : stopped;
}

export function stoppedEffects(given: Stopped): Effects {
  const stopped = untilSettled(given);
  const { row, state, reason, fields, refusal } = stopped;
  const { leadId, destinationId } = row;
  const entry = refusal === undefined ? stoppedEntries[state] : 'outcome';
  const isErasureOver = (state === 'cancelled' || state === 'delivered') && row.action === 'erase';
  return {
    handovers: [
      entryAbout(row, entry, 'worker', {
        ...(state === 'delivered' ? { outcome: 'accepted', nextStep: 'done' } : {}),
        ...(refusal === undefined ? {} : { outcome: refusal.outcome, nextStep: 'fail' }),
        reason,
        fields: fields.length === 0 ? undefined : fields,
      }),
    ],
    settlements: [{ ...unspent(row, state, reason), maybeReceived: refusal?.leaves ?? row.maybeReceived }],
    ended: isEnd(state) ? [{ leadId, destinationId }] : [],
    // No record exists any more that a reference or an id could name.
    erased: refusal?.leaves === false || isErasureOver ? [{ leadId, destinationId }] : [],
    alerts: alertsOfStopped(stopped),
  };
}

function alertsOfStopped({ row, state, reason }: Stopped): readonly Alert[] {
  const alerts: Alert[] = [];
  if (reason === 'mapping_missing') alerts.push(alertAbout(row, 'mapping_unusable'));
  if (state === 'failed' || reason === 'create_unsettled') {
    const byHand = reason.startsWith('manual_') || splitReason(reason).base === 'undo_failed';
    const kind = state !== 'failed' || byHand ? 'manual_task' : 'delivery_failed';
    alerts.push(alertAbout(row, kind, reason));
  }
  return alerts;
}

/** The effects of a delivery whose lead was erased while it was on its way: it is cancelled, and the erase that waits may follow. */
export function erasedEffects(
  row: ClaimedDelivery,
  decision: Pick<Decision, 'maybeReceived'>,
  effects: Effects,
): Effects {
  const { leadId, destinationId } = row;
  const maybeReceived = decision.maybeReceived || row.maybeReceived;
  const cancelled = entryAbout(row, 'cancelled', 'worker', { reason: 'erased' });
  return {
    ...effects,
    handovers: [...(effects.handovers ?? []), cancelled],
    settlements: [{ ...unspent(row, 'cancelled', 'erased'), maybeReceived }],
    ended: [...(effects.ended ?? []), { leadId, destinationId }],
  };
}

export const unspent = (
  row: AttemptDelivery,
  state: DeliveryState,
  reason: string,
  leaveBatch = true,
): Settlement => ({
  id: row.id,
  state,
  reason,
  afterMs: 0,
  spend: false,
  maybeReceived: row.maybeReceived,
  askFirst: row.askFirst,
  leaveBatch,
});

export function decisionEffects(row: ClaimedDelivery, decision: Decision, attempted: Attempted): Effects {
  const { verdict } = decision;
  const { call, readBackMs } = attempted;
  const { leadId, destinationId } = row;
  const state = stateAfter(verdict);
  const isUndone = call !== undefined && isUndo(call.name);
  const isDelivered = state === 'delivered';
  const targets: Effects =
    attempted.outcome.evidence?.targets === undefined ? {} : targetEffects(row, attempted);
  return {
    ...targets,
    ...(call === undefined ? {} : callEffects(row, call.name, decision, attempted)),
    handovers: [
      {
        entry: attempted.asked ? 'lookup' : 'outcome',
        ...outcomeEntry(row, attempted),
        nextStep: verdict.next,
      },
      ...(targets.handovers ?? []),
    ],
    settlements: [settlementOf(row, decision, attempted)],
    ended: isEnd(state) ? [{ leadId, destinationId }] : [],
    erased: isDelivered && row.action === 'erase' ? [{ leadId, destinationId }] : [],
    readBacks:
      isDelivered && row.action !== 'erase' && readBackMs !== undefined
        ? [{ ...row, deliveryId: row.id, afterMs: readBackMs }]
        : [],
    alerts: verdict.next === 'fail' || verdict.next === 'hold' ? [alertOf(row, verdict, isUndone)] : [],
  };
}

function settlementOf(
  row: ClaimedDelivery,
  { verdict, maybeReceived }: Decision,
  { asked, call, hasLookup, outcome }: Attempted,
): Settlement {
  const state = stateAfter(verdict);
  // The answer to an undo names no record that exists.
  const isUndone = call !== undefined && isUndo(call.name);
  return {
    id: row.id,
    state,
    reason: verdict.reason,
    // A held delivery is out of dispatch's reach; the sweep of maxAge ends it if support does not decide.
    afterMs:
      verdict.next === 'hold' || (verdict.next === 'pending' && !hasLookup)
        ? row.expiresAt.getTime() - row.now.getTime() + 86_400_000
        : 'afterMs' in verdict
          ? verdict.afterMs
          : 0,
    spend: spends(verdict),
    maybeReceived: maybeReceived || call?.earlier === true,
    // Where a delivery is sent again as a whole, its next call may be there too.
    askFirst:
      verdict.next === 'continue' ||
      verdict.next === 'pending' ||
      (verdict.next === 'retry' && (verdict.lookup || (asked && outcome.kind !== 'absent'))),
    reference: 'reference' in outcome && !isUndone ? outcome.reference : undefined,
    leaveBatch: isEnd(state),
    notFound: outcome.kind === 'absent',
  };
}

export function alertOf(row: AttemptDelivery, { next, reason }: Verdict, isUndone: boolean): Alert {
  const failed = isUndone ? 'manual_task' : 'delivery_failed';
  return alertAbout(row, next === 'hold' ? 'support_decides' : failed, reason);
}

interface Reported extends Pick<Attempted, 'policy' | 'readBackMs' | 'connector' | 'mappingVersionId'> {
  readonly now: Date;
  readonly random: () => number;
}

/** A report about a delivery that no worker holds is decided as the answer to a look-up. */
export function reportedEffects(row: AttemptDelivery, outcome: Outcome, { now, random, ...by }: Reported) {
  const { spent, maybeReceived } = row;
  const claimed: ClaimedDelivery = {
    ...row,
    now,
    knownReference: undefined,
    hasCreate: true,
    createUnsettled: false,
  };
  const decision = decide(
    outcome,
    { spent: spent + 1, circuitClosed: true, maybeReceived, hasLookup: true, pendingSinceMs: 0 },
    by.policy,
    random,
  );
  const startedAt = performance.now();
  const attempted: Attempted = { ...by, rows: [claimed], outcome, hasLookup: true, startedAt, asked: true };
  return { claimed, decision, effects: decisionEffects(claimed, decision, attempted) };
}

/** The effects of an outcome whose lease was lost: it is logged, and the reference of the recipient is kept. */
export function lateEffects(row: ClaimedDelivery, attempted: Attempted): Effects {
  const { outcome, asked } = attempted;
  const targets = targetEffects(row, attempted);
  return {
    ...targets,
    handovers: [{ entry: 'late', ...outcomeEntry(row, attempted) }, ...targets.handovers],
    lateReferences: lateReferencesOf(row, attempted),
    lateArrivals: asked ? [] : [{ row, outcome }],
  };
}

/** For several targets that did not all accept: one entry for each, and a target that accepted is not sent to again. */
function targetEffects(
  row: ClaimedDelivery,
  { outcome, connector, mappingVersionId }: Attempted,
): Pick<OutcomeEffects, 'handovers' | 'taken'> {
  const targets = outcome.evidence?.targets ?? [];
  return {
    handovers: targets.map(({ target, taken, status }) =>
      entryAbout(row, 'target_outcome', 'worker', {
        connector,
        mappingVersionId,
        target,
        status,
        outcome: taken ? 'unconfirmed' : (status ?? 0) >= 500 ? 'refused' : 'unavailable',
      }),
    ),
    taken: targets
      .filter(({ taken }) => taken)
      .map(({ target }) => ({ deliveryId: row.id, target, run: row.run, attempt: row.attempt })),
  };
}

function lateReferencesOf(
  { action, id: deliveryId, run, leadId, destinationId }: ClaimedDelivery,
  { outcome, call }: Attempted,
): readonly LateReference[] {
  if (!('reference' in outcome) || outcome.reference === undefined) return [];
  if (call !== undefined || action === 'erase') return [];
  return [{ deliveryId, run, leadId, destinationId, reference: outcome.reference }];
}

export function stateAfter(verdict: Verdict): DeliveryState {
  switch (verdict.next) {
    case 'done':
      return 'delivered';
    case 'fail':
      return 'failed';
    case 'retry':
    case 'hold':
      return 'waiting';
    case 'pending':
      return 'pending';
    case 'continue':
    case 'undo':
      return 'queued';
  }
}

export function outcomeEntry(row: ClaimedDelivery, attempted: Attempted): Omit<Handover, 'entry'> {
  const { outcome } = attempted;
  const evidence: Evidence = outcome.evidence ?? {};
  return {
    ...entryNames(row),
    call: attempted.call?.name,
    actor: attempted.actor ?? 'worker',
    connector: attempted.connector,
    mappingVersionId: attempted.mappingVersionId,
    outcome: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : '',
    status: evidence.status,
    answerBytes: evidence.answerBytes,
    durationMs: evidence.durationMs,
    target: evidence.host,
  };
}

export const capturesOf = ({ outcome }: Attempted): Captured =>
  'captures' in outcome && outcome.captures !== undefined ? outcome.captures : {};

function callEffects(
  { id: deliveryId }: ClaimedDelivery,
  name: string,
  { verdict, maybeReceived }: Decision,
  attempted: Attempted,
): Pick<OutcomeEffects, 'calls' | 'undone' | 'next' | 'again'> {
  const isOver = verdict.next === 'done' || verdict.next === 'continue';
  const undone = undoneBy(name);
  const following = verdict.next === 'continue' || verdict.next === 'undo' ? [deliveryId] : [];
  const isAgain = attempted.call?.isReread === true;
  return {
    calls: [
      {
        deliveryId,
        name,
        outcome: attempted.outcome.kind,
        // An undo creates no record; while its outcome is open, the call is not said to be gone.
        maybeReceived: maybeReceived && (undone === undefined || !isOver),
        done: isOver && undone === undefined,
        captures: undone === undefined ? capturesOf(attempted) : {},
      },
    ],
    undone: isOver && undone !== undefined ? [{ deliveryId, name: undone }] : [],
    next: isAgain ? [] : following,
    again: isAgain ? following : [],
  };
}

/** True if a verdict uses up one of the tries. */
function spends(verdict: Verdict): boolean {
  switch (verdict.next) {
    case 'retry':
      return verdict.spend;
    case 'pending':
    case 'continue':
    case 'undo':
      return false;
    case 'done':
    case 'fail':
    case 'hold':
      return true;
  }
}
