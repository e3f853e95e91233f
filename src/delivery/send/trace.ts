// Writes one OpenTelemetry trace for each attempt, where an SDK is loaded beside the program (docs/operations.md, Traces).
// Invariant: attributes contain what a line of the log may contain: ids, codes and numbers, never a prospect's data (guarantee 7).
import {
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type SpanOptions,
} from '@opentelemetry/api';
import type { Connector, Outcome } from '../../../connectors/contract.ts';
import { loggable } from '../../log.ts';
import type { AttemptMoments, ClaimedDelivery, FileBatch, Recorded } from '../trip/attempt.ts';
import { stateAfter } from '../outcome/effects.ts';

const tracer = trace.getTracer('relais');

/** Undefined where no SDK is loaded beside the program: then nothing is traced. */
export function tracing(): typeof traceAttempt | undefined {
  const provider = trace.getTracerProvider();
  const isIdle =
    provider instanceof ProxyTracerProvider && provider.getDelegateTracer('relais') === undefined;
  return isIdle ? undefined : traceAttempt;
}

/**
 * Makes the span `relais.attempt` with its parts `relais.queue`, `.prepare` (read, render, depart), `.send` and `.settle`, once all of
 * them are over. The rows of a file share one. No context is made active and nothing is written into
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
