// Station 5d: the connector sends what has departed, under a lease that outlives it; then its outcome is recorded.
// Invariant: the lease is checked right before the first byte; whatever the connector does, an outcome is recorded.
import type { Outcome } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import { renewLeases } from '../../store/leases.ts';
import { logAttempt } from './attempt-log.ts';
import { traceAttempt } from './attempt-trace.ts';
import { policyOf } from './call-progress.ts';
import { leaseMarginMs, type Departed, type Trip, type TripNeeds } from './trip.ts';
import type { Recorded } from './trip-end.ts';

/** Moments by `performance.now()`. */
export interface Sent {
  readonly outcome: Outcome;
  readonly startedAt: number;
  readonly sentAt: number;
}

/** Undefined: the lease is someone else's, and nothing has left. */
export async function send(needs: TripNeeds, departed: Departed): Promise<Sent | undefined> {
  const { trip, departure } = departed;
  await needs.step('departed', departure.parcel.destination);
  const leases = departure.ready.map(({ row }) => ({ id: row.id, token: row.leaseToken }));
  if (isLeaseShort(trip) && !(await renewLeases(needs.database, leases, trip.leaseMs))) return undefined;
  const renewal = setInterval(
    () => void renewLeases(needs.database, leases, trip.leaseMs).catch(() => undefined),
    Math.max(1_000, trip.leaseMs / 3),
  );
  const startedAt = performance.now();
  const outcome = await carried(needs, departed).finally(() => clearInterval(renewal));
  const sentAt = performance.now();
  await needs.step('sent', departure.parcel.destination);
  return { outcome, startedAt, sentAt };
}

/** Less is left of it than a send may take. */
const isLeaseShort = ({ claimedAt, leaseMs, mapping }: Trip): boolean =>
  performance.now() - claimedAt > leaseMs - mapping.timeouts.totalMs - leaseMarginMs / 2;

async function carried({ log }: TripNeeds, { trip, departure }: Departed): Promise<Outcome> {
  const { connector, context, settings } = trip;
  const { parcel, ready } = departure;
  const call = ready[0]?.call;
  try {
    return call === undefined
      ? await connector.send(parcel, settings, context)
      : await connector.send(parcel, call.settings, { ...context, classify: call.classify });
  } catch (error) {
    // A connector answers with values; this is a bug of ours, and the bytes may have left.
    log.error('delivery.broken', {
      destination: parcel.destination,
      connector: connector.type,
      code: foreignCode(error),
    });
    return { kind: 'unavailable', reason: 'BROKEN', maybeReceived: true };
  }
}

export async function recordOutcome(
  needs: TripNeeds,
  { trip, departure, stopped }: Departed,
  { outcome, startedAt, sentAt }: Sent,
): Promise<Recorded> {
  const { mapping, connector, versionId, batch, claimedAt } = trip;
  const rows = departure.ready.map((prepared) => prepared.row);
  const call = departure.ready[0]?.call;
  const recorded = await needs.record({
    attempted: {
      rows,
      outcome,
      policy: call === undefined ? mapping.retry : policyOf(mapping.retry, call, outcome, false),
      hasLookup: call?.hasLookup ?? mapping.hasLookup,
      call: call?.attempt,
      startedAt,
      asked: false,
      connector: connector.type,
      mappingVersionId: versionId,
      ...(batch === undefined ? {} : { batchId: batch.id }),
    },
    stopped,
  });
  await needs.step('settled', departure.parcel.destination);
  const settledAt = performance.now();
  logAttempt(needs.log, rows, outcome, recorded, {
    connector: trip.connector,
    batch: trip.batch,
    durationMs: Math.round(settledAt - startedAt),
  });
  traceAttempt(rows, outcome, recorded, trip, { claimedAt, startedAt, sentAt, settledAt });
  return recorded;
}
