// Computes the effects of an outcome (entries of the log, settlements, alerts, calls, references), and writes them.
// Invariant: every writer of an outcome uses this file: attempts, callbacks, lines of an acknowledgement. Every settlement has its entry,
// and an end wakes the deliveries that waited for it.
import type { Captured, Evidence } from '../../../connectors/contract.ts';
import { type DeliveryState, isEnd, splitReason } from '../../domain/delivery.ts';
import { isUndo, undoneBy } from '../../domain/undo.ts';
import type { Decision, NotFound, Verdict } from '../../domain/verdict.ts';
import { type Alert, raiseAlerts } from '../../store/alerts.ts';
import { type CallOutcome, forgetCaptures, noteCallOutcomes, queueNextCalls } from '../../store/calls.ts';
import type { Sql } from '../../store/database.ts';
import type { AttemptDelivery } from '../../store/deliveries.ts';
import {
  bringForward,
  forgetReferences,
  keepLateReferences,
  type LateReference,
  type Settlement,
} from '../../store/delivery-settlements.ts';
import { noteTaken, type TargetTaken } from '../../store/delivery-targets.ts';
import { entryNames } from '../../store/entry-names.ts';
import { appendHandovers, type Handover } from '../../store/handovers.ts';
import { noteReadBacks, type ReadBackWanted } from '../../store/read-backs.ts';
import { noteUndone } from '../../store/undone-calls.ts';
import { wakeSiblings } from '../../store/withheld.ts';
import type { Attempted, ClaimedDelivery, Stopped } from '../attempt.ts';
import { withoutRepeats } from '../planning/hourly-alerts.ts';
import { type LateArrival, resendOvertaken } from './follow-ups.ts';

/**
 * Tries spent by rows of one file: the file is given up when its youngest row is, or a part of it would be sent again under another
 * number.
 */
export const spentOf = (rows: readonly Pick<AttemptDelivery, 'spent'>[]): number =>
  Math.min(...rows.map((row) => row.spent));

/** How long the recipient has not known what travels together; as long as the youngest of it. */
export const notFoundFor = (rows: readonly ClaimedDelivery[], settlingMs: number): NotFound => {
  const times = rows.map((row) =>
    row.notFoundSince === undefined ? undefined : row.now.getTime() - row.notFoundSince.getTime(),
  );
  const known = times.filter((time) => time !== undefined);
  return { forMs: known.length < times.length ? undefined : Math.min(...known), settlingMs };
};

const stoppedEntries = {
  withheld: 'withheld',
  cancelled: 'cancelled',
  failed: 'invalid',
  // Its last call is not needed any more: what the recipient has, it has.
  delivered: 'outcome',
} as const;

/**
 * Withholds an update for a record without a known reference, because its create ended without an answer, until support has resolved
 * the create;
 * a task is opened at once.
 */
function untilSettled(stopped: Stopped): Stopped {
  const { row, state, reason } = stopped;
  const nameless = state === 'failed' && splitReason(reason).base === 'reference_missing';
  return nameless && row.action === 'update' && row.createUnsettled
    ? { ...stopped, state: 'withheld', reason: 'create_unsettled' }
    : stopped;
}

export function noteStopped(given: Stopped, work: OutcomeEffects): void {
  const { row, state, reason, fields, refusal } = untilSettled(given);
  const entry = refusal === undefined ? stoppedEntries[state] : 'outcome';
  work.handovers.push({
    entry,
    ...(state === 'delivered' ? ({ outcome: 'accepted', nextStep: 'done' } as const) : {}),
    ...(refusal === undefined ? {} : ({ outcome: refusal.outcome, nextStep: 'fail' } as const)),
    ...entryNames(row),
    actor: 'worker',
    reason,
    ...(fields.length === 0 ? {} : { fields }),
  });
  const left = refusal?.leaves ?? row.maybeReceived;
  work.settlements.push({ ...unspent(row, state, reason, 0, true), maybeReceived: left });
  // No record exists any more that a reference or an id could name.
  if (refusal?.leaves === false) work.erased.push({ leadId: row.leadId, destinationId: row.destinationId });
  if (isEnd(state)) work.ended.push({ leadId: row.leadId, destinationId: row.destinationId });
  if ((state === 'cancelled' || state === 'delivered') && row.action === 'erase')
    work.erased.push({ leadId: row.leadId, destinationId: row.destinationId });
  if (reason === 'mapping_missing') {
    work.alerts.push({
      kind: 'mapping_unusable',
      clientId: row.clientId,
      destinationId: row.destinationId,
      deliveryId: row.id,
    });
  }
  if (state === 'failed' || reason === 'create_unsettled') {
    const byHand = reason.startsWith('manual_') || splitReason(reason).base === 'undo_failed';
    const kind = state !== 'failed' || byHand ? 'manual_task' : 'delivery_failed';
    work.alerts.push({
      kind,
      clientId: row.clientId,
      destinationId: row.destinationId,
      deliveryId: row.id,
      reason,
    });
  }
}

/** Erased while it was on its way, and not at its end: nothing of it is tried again, and the erase that waits may follow. */
export function noteErased(
  row: ClaimedDelivery,
  decision: Pick<Decision, 'maybeReceived'>,
  work: OutcomeEffects,
): void {
  const maybeReceived = decision.maybeReceived || row.maybeReceived;
  work.handovers.push({ entry: 'cancelled', ...entryNames(row), actor: 'worker', reason: 'erased' });
  const last = work.settlements.findIndex((settlement) => settlement.id === row.id);
  if (last >= 0) work.settlements.splice(last, 1);
  work.settlements.push({ ...unspent(row, 'cancelled', 'erased', 0, true), maybeReceived });
  work.ended.push({ leadId: row.leadId, destinationId: row.destinationId });
}

export const unspent = (
  row: AttemptDelivery,
  state: DeliveryState,
  reason: string,
  afterMs: number,
  leaveBatch: boolean,
): Settlement => ({
  id: row.id,
  state,
  reason,
  afterMs,
  spend: false,
  maybeReceived: row.maybeReceived,
  askFirst: row.askFirst,
  leaveBatch,
});

export function noteDecision(
  row: ClaimedDelivery,
  decision: Decision,
  attempted: Attempted,
  work: OutcomeEffects,
): void {
  const { verdict } = decision;
  const { call } = attempted;
  const maybeReceived = decision.maybeReceived || call?.earlier === true;
  const state = stateAfter(verdict);
  if (call !== undefined) noteCall(row, call.name, decision, attempted, work);
  const isUndone = call !== undefined && isUndo(call.name);
  // The answer to an undo names no record that exists.
  const reference = 'reference' in attempted.outcome && !isUndone ? attempted.outcome.reference : undefined;
  work.handovers.push({
    entry: attempted.asked ? 'lookup' : 'outcome',
    ...outcomeEntry(row, attempted),
    nextStep: verdict.next,
  });
  noteTargets(row, attempted, work);
  work.settlements.push({
    id: row.id,
    state,
    reason: verdict.reason,
    // A held delivery is out of dispatch's reach; the sweep of maxAge ends it if support does not decide.
    afterMs:
      verdict.next === 'hold' || (verdict.next === 'pending' && !attempted.hasLookup)
        ? row.expiresAt.getTime() - row.now.getTime() + 86_400_000
        : 'afterMs' in verdict
          ? verdict.afterMs
          : 0,
    spend: spends(verdict),
    maybeReceived,
    askFirst:
      verdict.next === 'pending' ||
      (verdict.next === 'retry' &&
        (verdict.lookup || (attempted.asked && attempted.outcome.kind !== 'absent'))),
    reference,
    leaveBatch: isEnd(state),
    notFound: attempted.outcome.kind === 'absent',
  });
  if (isEnd(state)) work.ended.push({ leadId: row.leadId, destinationId: row.destinationId });
  if (state === 'delivered' && row.action === 'erase')
    work.erased.push({ leadId: row.leadId, destinationId: row.destinationId });
  if (state === 'delivered' && row.action !== 'erase' && attempted.readBackMs !== undefined)
    work.readBacks.push({ ...row, deliveryId: row.id, afterMs: attempted.readBackMs });
  const about = {
    clientId: row.clientId,
    destinationId: row.destinationId,
    deliveryId: row.id,
    reason: verdict.reason,
  };
  if (verdict.next === 'fail')
    work.alerts.push({ kind: isUndone ? 'manual_task' : 'delivery_failed', ...about });
  if (verdict.next === 'hold') work.alerts.push({ kind: 'support_decides', ...about });
}

/** For several targets that did not all accept: one entry for each, and a target that accepted is not sent to again. */
export function noteTargets(row: ClaimedDelivery, attempted: Attempted, work: OutcomeEffects): void {
  const { outcome } = attempted;
  for (const { target, taken, status } of outcome.evidence?.targets ?? []) {
    work.handovers.push({
      entry: 'target_outcome',
      ...entryNames(row),
      actor: 'worker',
      connector: attempted.connector,
      mappingVersionId: attempted.mappingVersionId,
      target,
      outcome: taken ? 'unconfirmed' : (status ?? 0) >= 500 ? 'refused' : 'unavailable',
      ...(status === undefined ? {} : { status }),
    });
    if (taken) work.taken.push({ deliveryId: row.id, target, run: row.run, attempt: row.attempt });
  }
}

/** The lease is lost, but not what the recipient calls its record. */
export function noteLateReference(
  row: ClaimedDelivery,
  { outcome, call }: Attempted,
  work: OutcomeEffects,
): void {
  if (!('reference' in outcome) || outcome.reference === undefined) return;
  if (call !== undefined || row.action === 'erase') return;
  const { id: deliveryId, run, leadId, destinationId } = row;
  work.lateReferences.push({ deliveryId, run, leadId, destinationId, reference: outcome.reference });
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
    ...(attempted.call === undefined ? {} : { call: attempted.call.name }),
    actor: attempted.actor ?? 'worker',
    connector: attempted.connector,
    mappingVersionId: attempted.mappingVersionId,
    outcome: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : '',
    ...(evidence.status === undefined ? {} : { status: evidence.status }),
    ...(evidence.answerBytes === undefined ? {} : { answerBytes: evidence.answerBytes }),
    ...(evidence.durationMs === undefined ? {} : { durationMs: evidence.durationMs }),
    ...(evidence.host === undefined ? {} : { target: evidence.host }),
  };
}

export const capturesOf = ({ outcome }: Attempted): Captured =>
  'captures' in outcome && outcome.captures !== undefined ? outcome.captures : {};

function noteCall(
  row: ClaimedDelivery,
  name: string,
  { verdict, maybeReceived }: Decision,
  attempted: Attempted,
  work: OutcomeEffects,
): void {
  const { outcome } = attempted;
  const isOver = verdict.next === 'done' || verdict.next === 'continue';
  const undone = undoneBy(name);
  work.calls.push({
    deliveryId: row.id,
    name,
    outcome: outcome.kind,
    // An undo makes nothing that could be there; while its outcome is open, the call is not said to be gone.
    maybeReceived: maybeReceived && (undone === undefined || !isOver),
    done: isOver && undone === undefined,
    captures: undone === undefined ? capturesOf(attempted) : {},
  });
  if (isOver && undone !== undefined) work.undone.push({ deliveryId: row.id, name: undone });
  if (verdict.next !== 'continue' && verdict.next !== 'undo') return;
  (attempted.call?.isReread === true ? work.again : work.next).push(row.id);
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

export const noEffects = (): OutcomeEffects => ({
  handovers: [],
  settlements: [],
  alerts: [],
  ended: [],
  erased: [],
  calls: [],
  undone: [],
  taken: [],
  readBacks: [],
  lateReferences: [],
  lateArrivals: [],
  next: [],
  again: [],
  forward: [],
});

/** All but `settlements`, which the caller has written before. */
export async function writeEffects(tx: Sql, work: OutcomeEffects): Promise<void> {
  await appendHandovers(tx, work.handovers);
  await noteCallOutcomes(tx, work.calls);
  await noteUndone(tx, work.undone);
  await noteTaken(tx, work.taken);
  await noteReadBacks(tx, work.readBacks);
  await queueNextCalls(tx, work.next, 'afresh');
  await queueNextCalls(tx, work.again, 'goes_on');
  // First: an erasure that leaves again needs the reference that came too late for it.
  const late = await resendOvertaken(tx, work.lateArrivals);
  await keepLateReferences(tx, work.lateReferences);
  await forgetReferences(tx, work.erased);
  await forgetCaptures(tx, work.erased);
  await wakeSiblings(tx, work.ended);
  await bringForward(tx, work.forward);
  await raiseAlerts(tx, await withoutRepeats(tx, [...work.alerts, ...late]));
}

export interface OutcomeEffects {
  readonly handovers: Handover[];
  readonly settlements: Settlement[];
  readonly alerts: Alert[];
  readonly ended: { readonly leadId: number; readonly destinationId: string }[];
  readonly calls: CallOutcome[];
  readonly taken: TargetTaken[];
  /** Deliveries that waited for an outage that is over. */
  readonly forward: number[];
  /** Deliveries whose next call leaves at once; `again`: one that was tried before. */
  readonly next: number[];
  readonly again: number[];
  /** Calls that were undone. */
  readonly undone: { readonly deliveryId: number; readonly name: string }[];
  /** Deliveries to be read back. */
  readonly readBacks: ReadBackWanted[];
  /** References of recipients, learnt by workers whose lease was lost. */
  readonly lateReferences: LateReference[];
  /** Deliveries sent by workers that had lost their lease. */
  readonly lateArrivals: LateArrival[];
  readonly erased: { readonly leadId: number; readonly destinationId: string }[];
}
