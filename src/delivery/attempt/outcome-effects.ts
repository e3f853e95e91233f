// What an outcome comes to: the entries of the log, the move of the row, the alerts. Pure; written by settle and recover.
// Invariant: every move of a delivery has its entry, and an end wakes whoever waited for it.
import type { Evidence } from '../../../connectors/contract.ts';
import { isEnd, splitReason, type DeliveryState } from '../../domain/delivery.ts';
import { isUndo } from '../../domain/undo.ts';
import type { Decision, NotFound, Verdict } from '../../domain/verdict.ts';
import type { AttemptDelivery } from '../../store/deliveries.ts';
import type { Handover } from '../../store/handovers.ts';
import type { Settlement } from '../../store/delivery-settlements.ts';
import type { Attempted, OutcomeEffects } from './attempt.ts';
import { noteCall, spends } from './call-effects.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Stopped } from './render.ts';
import { entryNames } from '../../store/entry-names.ts';

/** Tries spent by what travels together: a file is given up when its youngest row is, or a part of it would go again under another number. */
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
 * A change for a record that nobody can name, because its create ended without an answer: it stands until support has said
 * what became of the create, with a task at once.
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
  // Nothing is there any more that a reference or an id could name.
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
  // What answers an undo names nothing that is there.
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
    // Held: out of dispatch's reach; the sweep of maxAge ends it if nobody decides.
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

/** Where it went to several targets that did not all take it at once: each by its name, and who has it is not sent it again. */
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
