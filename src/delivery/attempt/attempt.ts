// What settling works with: an attempt and its outcome, and the list of what is to be written.
import type { Outcome } from '../../../connectors/contract.ts';
import type { RetryPolicy } from '../../domain/verdict.ts';
import type { Alert } from '../../store/alerts.ts';
import type { Handover } from '../../store/handovers.ts';
import type { LateReference, Settlement } from '../../store/delivery-settlements.ts';
import type { CalledAttempt } from './call-progress.ts';
import type { CallOutcome } from '../../store/calls.ts';
import type { TargetTaken } from '../../store/delivery-targets.ts';
import type { ReadBackWanted } from '../../store/read-backs.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { LateArrival } from './tell-again.ts';

/** An attempt that left, or asked the recipient, and what came back. */
export interface Attempted {
  readonly rows: readonly ClaimedDelivery[];
  readonly outcome: Outcome;
  readonly policy: RetryPolicy;
  readonly hasLookup: boolean;
  /** When it departed, by `performance.now()`: durations only, whatever the host's clock does. */
  readonly startedAt: number;
  /** True when only a question was put; the next try asks again. */
  readonly asked: boolean;
  /** How long "not found" must last before it counts, ms; for questions. */
  readonly settlingMs?: number;
  readonly connector: string;
  /** As the log names who says so; a worker when absent. */
  readonly actor?: string;
  /** Told by somebody who may tell it twice: where its lease is lost, or an answer came just before, nothing is written. */
  readonly isOnce?: true;
  readonly mappingVersionId: number;
  readonly batchId?: number;
  /** Tries spent by all that travels together, where `rows` are a part of it. */
  readonly spent?: number;
  /** A further part of a file whose first part has moved the circuit. */
  readonly besideCircuit?: boolean;
  /** What is delivered is read back so long afterwards, ms; absent where it is not. */
  readonly readBackMs?: number | undefined;
  /** Which call it was, where the delivery needs several. */
  readonly call?: CalledAttempt | undefined;
}

export interface OutcomeEffects {
  readonly handovers: Handover[];
  readonly settlements: Settlement[];
  readonly alerts: Alert[];
  readonly ended: { readonly leadId: number; readonly destinationId: string }[];
  readonly calls: CallOutcome[];
  readonly taken: TargetTaken[];
  /** Deliveries whose pause was for an outage that is over. */
  readonly forward: number[];
  /** Deliveries whose next call leaves at once; `again`: one that was tried before. */
  readonly next: number[];
  readonly again: number[];
  /** Calls whose work was taken back. */
  readonly undone: { readonly deliveryId: number; readonly name: string }[];
  /** Deliveries to be read back. */
  readonly readBacks: ReadBackWanted[];
  /** What recipients call their records, learnt by workers whose lease was lost. */
  readonly lateReferences: LateReference[];
  /** Deliveries sent by workers that had lost their lease. */
  readonly lateArrivals: LateArrival[];
  readonly erased: { readonly leadId: number; readonly destinationId: string }[];
}
