// Settles one delivery whose lease ran out: if it had departed, its outcome is unknown; otherwise it is sent again without a spent try.
// Invariant: a delivery that may have left is never treated as unsent (guarantee 3).
import { isEnd, splitReason } from '../../domain/delivery.ts';
import {
  decideUndo,
  isUndo,
  decide,
  type Decision,
  type RetryPolicy,
  type Verdict,
} from '../../domain/verdict.ts';
import { callPlanOf } from '../../mapping/calls/situations.ts';
import type { Alert } from '../../store/alerts/alerts.ts';
import type { CallRow } from '../../store/deliveries/calls.ts';
import type { Delivery } from '../../store/deliveries/deliveries.ts';
import type { Settlement } from '../../store/deliveries/delivery-settlements.ts';
import { entryAbout } from '../../store/log/handovers.ts';
import type { Taken } from '../../store/deliveries/late-proofs.ts';
import type { Handover } from '../../store/log/handovers.ts';
import { alertOf, stateAfter, unspent } from '../outcome/effects.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { neverLeftEntry } from '../outcome/file-end.ts';

interface Lapse {
  readonly row: Delivery;
  /** Undefined: it never departed. */
  readonly decision: Decision | undefined;
  readonly erased: boolean;
  /** The call that is open, of a delivery in several. */
  readonly call: CallRow | undefined;
  /** It departed with a part of a long file that never began to leave. */
  readonly neverLeft: boolean;
}

export interface AfterLapse {
  readonly settlement: Settlement;
  readonly handovers: readonly Handover[];
  readonly alerts: readonly Alert[];
}

export function afterLapse(lapse: Lapse, now: Date): AfterLapse {
  const { decision } = lapse;
  if (decision === undefined) return neverDeparted(lapse);
  return lapse.neverLeft ? neverLeft(lapse) : outcomeUnknown({ ...lapse, decision }, now);
}

const cancelledEntry = (row: Delivery): Handover =>
  entryAbout(row, 'cancelled', 'planner', { reason: 'erased' });

/** No try is spent; the delivery is sent again at once. */
const neverDeparted = ({ row, erased }: Lapse): AfterLapse =>
  erased
    ? { settlement: unspent(row, 'cancelled', 'erased'), handovers: [cancelledEntry(row)], alerts: [] }
    : { settlement: unspent(row, 'waiting', 'retry', false), handovers: [], alerts: [] };

/** The departure gets its outcome in the log: no byte of the file has left. */
function neverLeft(lapse: Lapse): AfterLapse {
  const { settlement, handovers } = neverDeparted(lapse);
  return { settlement, handovers: [neverLeftEntry(lapse.row, 'planner'), ...handovers], alerts: [] };
}

function outcomeUnknown(
  { row, decision: { verdict }, erased, call }: Lapse & { readonly decision: Decision },
  now: Date,
): AfterLapse {
  const open = stateAfter(verdict) === 'waiting' || stateAfter(verdict) === 'pending';
  const state = erased && open ? 'cancelled' : stateAfter(verdict);
  const reason =
    state === 'cancelled' ? 'erased' : verdict.next === 'retry' ? 'outcome_unknown' : verdict.reason;
  const unknown = entryAbout(row, 'outcome_unknown', 'planner', {
    call: call?.name,
    outcome: 'unknown',
    reason: 'LEASE_LAPSED',
    nextStep: verdict.next,
  });
  return {
    settlement: {
      id: row.id,
      state,
      reason,
      afterMs: waitAfter(verdict, row, now),
      spend: true,
      maybeReceived: true,
      askFirst: verdict.next === 'retry' && verdict.lookup,
      leaveBatch: isEnd(state),
    },
    handovers: state === 'cancelled' ? [unknown, cancelledEntry(row)] : [unknown],
    alerts: state === 'cancelled' ? [] : alertsOf(row, verdict),
  };
}

/** The log knows its answer: the recipient has it. */
export function afterProof(row: Delivery, outcome: Taken): AfterLapse {
  const reason = outcome === 'unconfirmed' ? 'unproved' : outcome;
  return {
    settlement: { ...unspent(row, 'delivered', reason), maybeReceived: true, askFirst: false },
    handovers: [entryAbout(row, 'outcome', 'planner', { outcome, reason, nextStep: 'done' })],
    alerts: [],
  };
}

/** A delivery that waits for support is not due before its maximum age. */
function waitAfter(verdict: Verdict, row: Delivery, now: Date): number {
  if (verdict.next === 'hold') return row.expiresAt.getTime() - now.getTime() + dayMs;
  return 'afterMs' in verdict ? verdict.afterMs : 0;
}

function alertsOf(row: Delivery, verdict: Verdict): readonly Alert[] {
  if (verdict.next !== 'hold' && verdict.next !== 'fail') return [];
  return [alertOf(row, verdict, splitReason(verdict.reason).base === 'undo_failed')];
}

const dayMs = 86_400_000;

const unknownPolicy: RetryPolicy = {
  delays: [5_000],
  onUnknown: 'hold',
  maxRetryAfterMs: 3_600_000,
  pendingForMs: 0,
  pendingEveryMs: 60_000,
};

export async function decisionFor(
  published: Published,
  row: Delivery,
  spent: number,
  inForce: number,
  call: CallRow | undefined,
): Promise<Decision | undefined> {
  if (row.departedAttempt !== row.attempt) return undefined;
  const mapping = (await published.version(inForce)) ?? (await published.version(row.sentMappingId));
  const version = call === undefined ? undefined : await published.version(call.sentMappingId);
  const plan =
    version === undefined || call === undefined ? undefined : callPlanOf(version, row.action, call.name);
  const policy = mapping?.retry ?? unknownPolicy;
  return (isUndo(call?.name ?? '') ? decideUndo : decide)(
    { kind: 'unknown', reason: 'LEASE_LAPSED' },
    {
      spent: spent + 1,
      circuitClosed: true,
      maybeReceived: true,
      hasLookup: plan?.hasLookup ?? mapping?.hasLookup ?? false,
      pendingSinceMs: 0,
    },
    plan === undefined ? policy : { ...policy, onUnknown: plan.onUnknown },
    Math.random,
  );
}
