// Sends a departed parcel through its connector under a lease (station 5d), then records and logs the outcome.
// Invariant: the connector compares the lease in the call that writes the first byte; whatever the connector does, an outcome is recorded.
// A line of the log contains ids, codes and numbers, never a prospect's data (guarantee 7).
import type { Connector, Credentials, Outcome } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { ClaimedDelivery, FileBatch, Ready, Recorded } from '../trip/attempt.ts';
import { policyOf } from '../calls/progress.ts';
import { keepRenewed, leaseOf, type Lease } from '../claim/lease.ts';
import { watchCredentials } from '../content/credentials.ts';
import { stateAfter } from '../outcome/effects.ts';
import type { Departed, TripNeeds } from '../trip/trip.ts';
import { sendToEveryRecord, type Exchange } from './every-record.ts';
import { traceAttempt } from './trace.ts';

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
  lease: Lease = leaseOf(needs.database, departed.trip, departed.departure.ready.map(rowOf)),
): Promise<Sent | undefined> {
  const { trip, departure } = departed;
  await needs.step('departed', departure.parcel.destination);
  if (!(await lease.isLongEnough())) return undefined;
  const startedAt = performance.now();
  const letLapse = keepRenewed(lease, trip.leaseMs / 3);
  const outcome = await sendByConnector(needs, departed, lease).finally(letLapse);
  const sentAt = performance.now();
  await needs.step('sent', departure.parcel.destination);
  return { outcome, startedAt, sentAt };
}

const rowOf = ({ row }: Ready): ClaimedDelivery => row;

/** A process may wait for a token longer than its lease lasts, or be frozen meanwhile: a token is used under a valid lease only. */
const underLease = (credentials: Credentials, lease: Lease): Credentials => ({
  async obtain(need) {
    const obtained = await credentials.obtain(need);
    if (!obtained.ok || (await lease.isLongEnough().catch(() => false))) return obtained;
    return { ok: false, outcome: { kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false } };
  },
});

const noAnswer: Outcome = { kind: 'unavailable', reason: 'NO_LOOKUP', maybeReceived: true };

async function sendByConnector(needs: TripNeeds, departed: Departed, lease: Lease): Promise<Outcome> {
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
  const say: Exchange = async (kind, said, settings, classify) =>
    clean((await connector[kind]?.(said, settings, { ...context, classify })) ?? noAnswer);
  try {
    const { settings, classify } = call ?? { settings: trip.settings, classify: context.classify };
    const first = await say('send', parcel, settings, classify);
    return await sendToEveryRecord(needs, departed, first, say);
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
  const rows = departure.ready.map(rowOf);
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

export function logAttempt(
  log: Log,
  rows: readonly ClaimedDelivery[],
  outcome: Outcome,
  settled: Recorded,
  trip: { readonly connector: Connector; readonly batch: FileBatch | undefined; readonly durationMs: number },
): void {
  for (const row of rows) {
    const decision = settled.decisions.get(row.id);
    if (decision === undefined) {
      log.warn('delivery.settled_late', {
        destination: row.destinationId,
        delivery: row.id,
        outcome: outcome.kind,
      });
      continue;
    }
    const { verdict } = decision;
    log.info('delivery.attempted', {
      client: row.clientId,
      destination: row.destinationId,
      delivery: row.id,
      run: row.run,
      attempt: row.attempt,
      action: row.action,
      connector: trip.connector.type,
      outcome: outcome.kind,
      verdict: stateAfter(verdict),
      reason: verdict.reason,
      durationMs: trip.durationMs,
      ...(outcome.evidence?.status === undefined ? {} : { status: outcome.evidence.status }),
      ...(outcome.evidence?.host === undefined ? {} : { host: outcome.evidence.host }),
      ...('afterMs' in verdict ? { waitMs: verdict.afterMs } : {}),
      ...(trip.batch === undefined ? {} : { batch: trip.batch.id }),
    });
  }
  const [first] = rows;
  if (first !== undefined && settled.circuit !== 'none')
    log.warn(`circuit.${settled.circuit}`, { destination: first.destinationId });
}
