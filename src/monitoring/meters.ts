// Counts and times the work of this process from its log events: the code of deliveries has no metrics.
// Invariant: closed label sets; numbers, codes and destinations only (guarantee 7).
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { Log, LogEvent, LogFields } from '../log.ts';
import { registerCounters, registerHistograms, type Counters, type Histograms } from './metrics.ts';

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

/** The counter of each log event. */
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
