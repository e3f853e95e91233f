// Station 5d: the connector sends what has departed, under a lease that outlives it; then its outcome is recorded.
// Invariant: the lease is checked right before the first byte, also where a token is waited for first; whatever the connector does, an outcome is recorded.
import type { Credentials, Outcome } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import { renewLeases } from '../../store/leases.ts';
import { logAttempt } from './attempt-log.ts';
import { traceAttempt } from './attempt-trace.ts';
import { policyOf } from './call-policy.ts';
import { leaseMarginMs, type Departed, type TripNeeds } from './trip.ts';
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
  const lease = leaseOf(needs, departed);
  if (!(await lease.isLongEnough())) return undefined;
  const startedAt = performance.now();
  const letLapse = keepRenewed(lease, trip.leaseMs / 3);
  const outcome = await carried(needs, departed, lease).finally(letLapse);
  const sentAt = performance.now();
  await needs.step('sent', departure.parcel.destination);
  return { outcome, startedAt, sentAt };
}

interface Lease {
  readonly renew: () => Promise<boolean>;
  /** At least as much is left of it as a send may take, or it could be renewed. */
  readonly isLongEnough: () => Promise<boolean>;
}

interface Renewed {
  readonly lease: Lease;
  readonly everyMs: number;
  dueAt: number;
}

/** Leases of what is being sent: one timer for all, where few sends live long enough to need it. */
const renewed = new Set<Renewed>();
const lookMs = 1_000;
let looking: NodeJS.Timeout | undefined;

/** Returns how to stop. */
function keepRenewed(lease: Lease, everyMs: number): () => void {
  const own: Renewed = { lease, everyMs, dueAt: performance.now() + everyMs };
  renewed.add(own);
  looking ??= setInterval(renewDue, lookMs);
  return () => {
    renewed.delete(own);
    if (renewed.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  };
}

/** What falls due before the next look is renewed by this one. */
function renewDue(): void {
  const now = performance.now();
  for (const own of renewed) {
    if (own.dueAt > now + lookMs) continue;
    own.dueAt = now + own.everyMs;
    own.lease.renew().catch(() => undefined);
  }
}

function leaseOf({ database }: TripNeeds, { trip, departure }: Departed): Lease {
  const { claimedAt, leaseMs, mapping } = trip;
  const leases = departure.ready.map(({ row }) => ({ id: row.id, token: row.leaseToken }));
  let since = claimedAt;
  const renew = async (): Promise<boolean> => {
    const askedAt = performance.now();
    const renewed = await renewLeases(database, leases, leaseMs);
    if (renewed) since = askedAt;
    return renewed;
  };
  const isShort = (): boolean =>
    performance.now() - since > leaseMs - mapping.timeouts.totalMs - leaseMarginMs / 2;
  return { renew, isLongEnough: async () => !isShort() || (await renew()) };
}

/** A token may be waited for longer than a lease lasts, or by a process that stood still: what was got is used under a lease only. */
const underLease = (credentials: Credentials, lease: Lease): Credentials => ({
  async obtain(need) {
    const obtained = await credentials.obtain(need);
    if (!obtained.ok || (await lease.isLongEnough().catch(() => false))) return obtained;
    return { ok: false, outcome: { kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false } };
  },
});

async function carried({ log }: TripNeeds, { trip, departure }: Departed, lease: Lease): Promise<Outcome> {
  const { connector, settings } = trip;
  const { credentials } = trip.context;
  const context =
    credentials === undefined
      ? trip.context
      : { ...trip.context, credentials: underLease(credentials, lease) };
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
