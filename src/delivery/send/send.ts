// Sends a departed parcel through its connector under a lease (station 5d), then records, logs and traces the outcome.
// Invariant: the connector compares the lease in the call that writes the first byte; whatever the connector does, an outcome is recorded.
// Log and trace contain ids, codes and numbers, never a prospect's data (guarantee 7).
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Connector, Credentials, Outcome } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import { type Log, loggable } from '../../log.ts';
import type { ClaimedDelivery, FileBatch, Recorded } from '../attempt.ts';
import { policyOf } from '../calls/progress.ts';
import { keepRenewed, type Lease, leaseOf } from '../claim/lease.ts';
import { watchCredentials } from '../content/credentials.ts';
import { stateAfter } from '../outcome/effects.ts';
import type { Departed, TripNeeds } from '../trip.ts';
import { sendToEveryRecord, type Exchange } from './every-record.ts';

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
  const outcome = await sendByConnector(needs, departed, lease).finally(letLapse);
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

/** Moments by `performance.now()`. */
interface AttemptMoments {
  readonly claimedAt: number;
  readonly startedAt: number;
  readonly sentAt: number;
  readonly settledAt: number;
}

const tracer = trace.getTracer('relais');

/**
 * Makes the span `relais.attempt` with its parts `relais.queue`, `.prepare` (read, render, depart), `.send` and `.settle`, once all of
 * them are over: without an SDK it costs one call. The rows of a file share one. No context is made active and nothing is written into
 * the request: a client receives the same with and without tracing.
 */
function traceAttempt(
  rows: readonly ClaimedDelivery[],
  outcome: Outcome,
  settled: Recorded,
  trip: { readonly connector: Connector; readonly batch: FileBatch | undefined },
  moments: AttemptMoments,
): void {
  try {
    recordSpans(rows, outcome, settled, trip, moments);
  } catch {
    // A failure of tracing breaks nothing: the attempt is settled.
  }
}

function recordSpans(...[rows, outcome, settled, trip, moments]: Parameters<typeof traceAttempt>): void {
  const [first] = rows;
  if (first === undefined) return;
  // By the clock as it is now: it may have been set since the process started.
  const offset = Date.now() - performance.now();
  const epochOf = (moment: number): number => offset + moment;
  const claimed = epochOf(moments.claimedAt);
  // By the database's clock, which is not ours: never later than the claim.
  const queued = Math.min(first.queuedAt?.getTime() ?? claimed, claimed);
  const whole = tracer.startSpan('relais.attempt', { startTime: queued, root: true });
  if (!whole.isRecording()) return;
  const verdict = settled.decisions.get(first.id)?.verdict;
  whole.setAttributes({
    'relais.client': loggable(first.clientId),
    'relais.destination': loggable(first.destinationId),
    'relais.connector': trip.connector.type,
    'relais.action': first.action,
    'relais.attempt': first.attempt,
    'relais.run': first.run,
    'relais.outcome': outcome.kind,
    'relais.verdict': verdict === undefined ? 'late' : stateAfter(verdict),
    ...(verdict === undefined ? {} : { 'relais.reason': loggable(verdict.reason) }),
    ...(trip.batch === undefined
      ? { 'relais.delivery': first.id, 'relais.webhook_id': first.key }
      : { 'relais.batch': trip.batch.id, 'relais.rows': rows.length }),
  });
  if ('reason' in outcome) whole.setStatus({ code: SpanStatusCode.ERROR, message: loggable(outcome.reason) });
  const parts = trace.setSpan(ROOT_CONTEXT, whole);
  const part = (name: string, from: number, to: number, options: SpanOptions = {}): void =>
    tracer.startSpan(`relais.${name}`, { ...options, startTime: from }, parts).end(to);
  const [started, sent, end] = [
    epochOf(moments.startedAt),
    epochOf(moments.sentAt),
    epochOf(moments.settledAt),
  ];
  if (queued < claimed) part('queue', queued, claimed);
  part('prepare', claimed, started);
  part('send', started, sent, { kind: SpanKind.CLIENT, attributes: sendAttributes(outcome, trip.connector) });
  part('settle', sent, end);
  whole.end(end);
}

function sendAttributes(outcome: Outcome, connector: Connector): Attributes {
  const { host, status } = outcome.evidence ?? {};
  return {
    ...(host === undefined ? {} : { 'server.address': loggable(host) }),
    ...(status === undefined || connector.protocol !== 'http' ? {} : { 'http.response.status_code': status }),
    ...('reason' in outcome ? { 'error.type': loggable(outcome.reason) } : {}),
  };
}
