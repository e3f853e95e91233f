// Counts and times the work of this process from its log events: the code of deliveries has no metrics.
// Invariant: closed label sets; numbers, codes and destinations only (guarantee 7).
import { Registry, collectDefaultMetrics, Counter, Histogram } from 'prom-client';
import type { Log, LogEvent, LogFields } from '../log.ts';

export interface TripSample {
  readonly deliveryId: number;
  readonly connector: string;
  readonly parts: readonly ('departed' | 'delivered')[];
}

export interface Meters {
  readonly registry: Registry;
  /** The same log, counted. Counts every event, whatever the log level. */
  readonly counted: (log: Log) => Log;
  /** Label of a destination: its id, or `other` beyond the limit. */
  readonly destination: (id: string | undefined) => string;
  /** Sampled deliveries to be timed, since the last call. */
  readonly samples: () => readonly TripSample[];
  readonly observeTrip: (part: 'departed' | 'delivered', connector: string, seconds: number) => void;
}

/** Deliveries timed from the lead's commit, per second: more are not needed. */
const samplesKept = 200;
export function createMeters(options: { readonly destinations: number }): Meters {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'relais_' });
  // Gauges under names of counters, which Prometheus refuses. The gauges by type have the same values.
  for (const kind of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`relais_nodejs_active_${kind}_total`);
  const destination = createLabel(options.destinations);
  const word = createLabel(60);
  const counters = registerCounters(registry);
  const histograms = registerHistograms(registry);
  let samples: TripSample[] = [];
  const sample = (taken: TripSample): void => {
    if (samples.length < samplesKept) samples.push(taken);
  };
  const onEvent = countersOfEvents({ counters, histograms, destination, word, sample });
  const count = (event: LogEvent, fields: LogFields = {}): void => {
    const many = fields.count ?? 1;
    const meter = onEvent[event];
    if (meter === undefined) counters.events.inc({ event: word(event) }, many);
    else meter(fields, many);
  };
  const countedAt =
    (log: Log, level: 'info' | 'warn' | 'error') =>
    (event: LogEvent, fields?: LogFields): void => {
      count(event, fields);
      log[level](event, fields);
    };
  return {
    registry,
    destination,
    // Debug events are not counted.
    counted: (log) => ({
      debug: log.debug,
      info: countedAt(log, 'info'),
      warn: countedAt(log, 'warn'),
      error: countedAt(log, 'error'),
    }),
    samples: () => {
      const taken = samples;
      samples = [];
      return taken;
    },
    observeTrip: (part, connector, seconds) => histograms[part].observe({ connector }, seconds),
  };
}

interface EventMeters {
  readonly counters: Counters;
  readonly histograms: Histograms;
  readonly destination: (id: string | undefined) => string;
  /** Bounds any other label. */
  readonly word: (value: string | undefined) => string;
  readonly sample: (taken: TripSample) => void;
}

function countersOfEvents(
  meters: EventMeters,
): Partial<Record<LogEvent, (fields: LogFields, count: number) => void>> {
  const { counters, destination, word } = meters;
  return {
    'delivery.attempted': (fields) => countAttempt(meters, fields),
    'delivery.withheld': ({ verdict, reason }) =>
      counters.stopped.inc({ state: word(verdict), reason: word(reason?.split(':')[0]) }),
    'intake.accepted': (_, count) => counters.intake.inc({ result: 'accepted' }, count),
    'intake.refused': (_, count) => counters.intake.inc({ result: 'refused' }, count),
    'alert.raised': ({ code }, count) => counters.alerts.inc({ kind: word(code) }, count),
    'alert.failed': ({ code }) => counters.alertFailures.inc({ kind: word(code) }),
    'circuit.opened': (fields) =>
      counters.circuits.inc({ destination: destination(fields.destination), move: 'opened' }),
    'circuit.closed': (fields) =>
      counters.circuits.inc({ destination: destination(fields.destination), move: 'closed' }),
    'loop.failed': ({ loop }) => counters.loops.inc({ loop: word(loop) }),
    'service.away': ({ code }) => counters.outages.inc({ service: word(code) }),
  };
}

function countAttempt(
  { counters, histograms, destination, word, sample }: EventMeters,
  fields: LogFields,
): void {
  const connector = word(fields.connector);
  counters.attempts.inc({
    connector,
    destination: destination(fields.destination),
    outcome: word(fields.outcome),
  });
  counters.settled.inc({ connector, state: word(fields.verdict) });
  histograms.attempt.observe({ connector }, (fields.durationMs ?? 0) / 1_000);
  if (fields.action !== 'create' || fields.run !== 1 || fields.delivery === undefined) return;
  const parts: TripSample['parts'][number][] = [];
  if (fields.attempt === 1) parts.push('departed');
  if (fields.verdict === 'delivered') parts.push('delivered');
  if (parts.length > 0) sample({ deliveryId: fields.delivery, connector, parts });
}

/**
 * Bounds the label values of metrics: a name beyond the limit, or one that is no slug, counts as `other`. No label
 * can grow without end or contain personal data, whatever the code behind an event becomes. Keeps at most `limit`
 * names; the first ones seen stay.
 */
export function createLabel(limit: number): (value: string | undefined) => string {
  const known = new Set<string>();
  return (value) => {
    if (value === undefined || value === '') return 'none';
    if (known.has(value)) return value;
    // A series of digits is no slug of ours: it could be a phone number.
    if (known.size >= limit || !/^[A-Za-z][A-Za-z0-9_.-]{0,59}$/.test(value)) return 'other';
    known.add(value);
    return value;
  };
}

// Defines the metrics that this process counts and times itself: names, help, labels.
// Invariant: closed label sets; a published name keeps its meaning.

/** From the time an idle gateway needs to the three days of a retry schedule, seconds. */
const tripBuckets = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 259_200];
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

type Counters = ReturnType<typeof registerCounters>;
type Histograms = ReturnType<typeof registerHistograms>;

function registerCounters(registry: Registry) {
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> =>
    new Counter<T>({ name, help, labelNames: [...labelNames], registers: [registry] });
  return {
    attempts: counter('relais_attempts_total', 'Attempts that ended, by outcome.', [
      'connector',
      'destination',
      'outcome',
    ]),
    settled: counter('relais_settled_total', 'Where attempts left their delivery.', ['connector', 'state']),
    stopped: counter('relais_stopped_total', 'Deliveries stopped before they could leave.', [
      'state',
      'reason',
    ]),
    intake: counter('relais_intake_rows_total', 'Rows settled at the door.', ['result']),
    alerts: counter('relais_alerts_total', 'Alerts sent.', ['kind']),
    alertFailures: counter('relais_alert_failures_total', 'Tries of alerts that did not get through.', [
      'kind',
    ]),
    circuits: counter('relais_circuit_moves_total', 'Breakers opened and closed.', ['destination', 'move']),
    loops: counter('relais_loop_failures_total', 'Rounds of background work that failed.', ['loop']),
    outages: counter('relais_outages_total', 'Times MySQL or Redis could not be reached.', ['service']),
    events: counter('relais_events_total', 'Everything else worth counting.', ['event']),
  };
}

function registerHistograms(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[]): Histogram<'connector'> =>
    new Histogram({ name, help, labelNames: ['connector'], buckets, registers: [registry] });
  return {
    attempt: histogram('relais_attempt_seconds', 'From departure to the settled row.', attemptBuckets),
    departed: histogram(
      'relais_lead_departed_seconds',
      "From a new lead's row in lead_intake to its first departure; sampled.",
      tripBuckets,
    ),
    delivered: histogram(
      'relais_lead_delivered_seconds',
      "From a new lead's row in lead_intake to its delivery; sampled.",
      tripBuckets,
    ),
  };
}
