// Station 5d: the connector sends what has departed, under a lease that outlives it; then its outcome is recorded.
// Invariant: the connector compares the lease in the call that writes the first byte; whatever it does, an outcome is recorded.
import type { Credentials, Outcome } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import { logAttempt } from './attempt-log.ts';
import { traceAttempt } from './attempt-trace.ts';
import { policyOf } from './call-policy.ts';
import { atEveryRecord, type Say } from './every-record.ts';
import { keepRenewed, leaseOf, type Lease } from './lease.ts';
import { watchCredentials } from './own-credentials.ts';
import type { Departed, TripNeeds } from './trip.ts';
import type { Recorded } from './trip-end.ts';

/** Moments by `performance.now()`. */
export interface Sent {
  readonly outcome: Outcome;
  readonly startedAt: number;
  readonly sentAt: number;
}

/** Undefined: the lease is someone else's, and nothing has left. */
export async function send(
  needs: TripNeeds,
  departed: Departed,
  lease: Lease = rowsLease(needs, departed),
): Promise<Sent | undefined> {
  const { trip, departure } = departed;
  await needs.step('departed', departure.parcel.destination);
  if (!(await lease.isLongEnough())) return undefined;
  const startedAt = performance.now();
  const letLapse = keepRenewed(lease, trip.leaseMs / 3);
  const outcome = await carried(needs, departed, lease).finally(letLapse);
  const sentAt = performance.now();
  await needs.step('sent', departure.parcel.destination);
  return { outcome, startedAt, sentAt };
}

const rowsLease = (needs: TripNeeds, { trip, departure }: Departed): Lease =>
  leaseOf(
    needs.database,
    trip,
    departure.ready.map(({ row }) => row),
  );

/** A token may be waited for longer than a lease lasts, or by a process that was frozen: what was got is used under a lease only. */
const underLease = (credentials: Credentials, lease: Lease): Credentials => ({
  async obtain(need) {
    const obtained = await credentials.obtain(need);
    if (!obtained.ok || (await lease.isLongEnough().catch(() => false))) return obtained;
    return { ok: false, outcome: { kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false } };
  },
});

const noAnswer: Outcome = { kind: 'unavailable', reason: 'NO_LOOKUP', maybeReceived: true };

async function carried(needs: TripNeeds, departed: Departed, lease: Lease): Promise<Outcome> {
  const { trip, departure } = departed;
  const { connector } = trip;
  const { credentials } = trip.context;
  const { context, clean } = watchCredentials({
    ...trip.context,
    mayLeave: lease.runs,
    ...(credentials === undefined ? {} : { credentials: underLease(credentials, lease) }),
  });
  const { parcel, ready } = departure;
  const call = ready[0]?.call;
  const say: Say = async (kind, said, settings, classify) =>
    clean((await connector[kind]?.(said, settings, { ...context, classify })) ?? noAnswer);
  try {
    const { settings, classify } = call ?? { settings: trip.settings, classify: context.classify };
    const first = await say('send', parcel, settings, classify);
    return await atEveryRecord(needs, departed, first, say);
  } catch (error) {
    // A connector answers with values; this is a bug of ours, and the bytes may have left.
    needs.log.error('delivery.broken', {
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
      readBackMs: mapping.readBack?.afterMs,
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
