// Counts and times what this process does, by listening to its log: one place, and the trip knows nothing of metrics.
// Invariant: closed label sets; numbers, codes and destinations only (guarantee 7).
import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Log, LogEvent, LogFields } from '../log.ts';
import { createLabel } from './labels.ts';

export interface TripSample {
  readonly deliveryId: number;
  readonly connector: string;
  readonly parts: readonly ('departed' | 'delivered')[];
}

export interface Meters {
  readonly registry: Registry;
  /** The same log, counted. Counts whatever the log level lets through. */
  readonly counted: (log: Log) => Log;
  /** Label of a destination: its id, or `other` beyond the limit. */
  readonly destination: (id: string | undefined) => string;
  /** Deliveries whose trip is worth timing, since the last call. */
  readonly samples: () => readonly TripSample[];
  readonly observeTrip: (part: 'departed' | 'delivered', connector: string, seconds: number) => void;
}

/** Deliveries timed from the lead's commit, a second: beyond, a sample is enough. */
const samplesKept = 200;
/** From what an idle house needs to the three days of a retry schedule, seconds. */
const tripBuckets = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 259_200];
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMeters(options: { readonly destinations: number }): Meters {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'relais_' });
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> =>
    new Counter<T>({ name, help, labelNames: [...labelNames], registers });
  const destination = createLabel(options.destinations);
  const word = createLabel(60);

  const attempts = counter('relais_attempts_total', 'Attempts that ended, by outcome.', [
    'connector',
    'destination',
    'outcome',
  ]);
  const settled = counter('relais_settled_total', 'Where attempts left their delivery.', [
    'connector',
    'state',
  ]);
  const stopped = counter('relais_stopped_total', 'Deliveries stopped before they could leave.', [
    'state',
    'reason',
  ]);
  const intake = counter('relais_intake_rows_total', 'Rows settled at the door.', ['result']);
  const alerts = counter('relais_alerts_total', 'Alerts told.', ['kind']);
  const alertFailures = counter('relais_alert_failures_total', 'Tries of alerts that did not get through.', [
    'kind',
  ]);
  const circuits = counter('relais_circuit_moves_total', 'Breakers opened and closed.', [
    'destination',
    'move',
  ]);
  const loops = counter('relais_loop_failures_total', 'Rounds of background work that failed.', ['loop']);
  const outages = counter('relais_outages_total', 'Times MySQL or Redis could not be reached.', ['service']);
  const events = counter('relais_events_total', 'Everything else worth counting.', ['event']);
  const attemptSeconds = new Histogram({
    name: 'relais_attempt_seconds',
    help: 'From departure to the settled row.',
    labelNames: ['connector'],
    buckets: attemptBuckets,
    registers,
  });
  const trip = (name: string, help: string): Histogram<'connector'> =>
    new Histogram({ name, help, labelNames: ['connector'], buckets: tripBuckets, registers });
  const departed = trip(
    'relais_lead_departed_seconds',
    "From a new lead's row in lead_intake to its first departure; sampled.",
  );
  const delivered = trip(
    'relais_lead_delivered_seconds',
    "From a new lead's row in lead_intake to its delivery; sampled.",
  );
  let samples: TripSample[] = [];

  const onEvent: Partial<Record<LogEvent, (fields: LogFields, count: number) => void>> = {
    'delivery.attempted': (fields) => {
      const connector = word(fields.connector);
      attempts.inc({
        connector,
        destination: destination(fields.destination),
        outcome: word(fields.outcome),
      });
      settled.inc({ connector, state: word(fields.verdict) });
      attemptSeconds.observe({ connector }, (fields.durationMs ?? 0) / 1_000);
      if (fields.action !== 'create' || fields.run !== 1 || fields.delivery === undefined) return;
      const parts: TripSample['parts'][number][] = [];
      if (fields.attempt === 1) parts.push('departed');
      if (fields.verdict === 'delivered') parts.push('delivered');
      if (parts.length > 0 && samples.length < samplesKept)
        samples.push({ deliveryId: fields.delivery, connector, parts });
    },
    'delivery.withheld': (fields) =>
      stopped.inc({ state: word(fields.verdict), reason: word(fields.reason?.split(':')[0]) }),
    'intake.accepted': (_, count) => intake.inc({ result: 'accepted' }, count),
    'intake.refused': (_, count) => intake.inc({ result: 'refused' }, count),
    'alert.raised': (fields, count) => alerts.inc({ kind: word(fields.code) }, count),
    'alert.failed': (fields) => alertFailures.inc({ kind: word(fields.code) }),
    'circuit.opened': (fields) =>
      circuits.inc({ destination: destination(fields.destination), move: 'opened' }),
    'circuit.closed': (fields) =>
      circuits.inc({ destination: destination(fields.destination), move: 'closed' }),
    'loop.failed': (fields) => loops.inc({ loop: word(fields.loop) }),
    'service.away': (fields) => outages.inc({ service: word(fields.code) }),
  };
  const count = (event: LogEvent, fields: LogFields = {}): void => {
    const many = fields.count ?? 1;
    const meter = onEvent[event];
    if (meter === undefined) events.inc({ event: word(event) }, many);
    else meter(fields, many);
  };

  return {
    registry,
    destination,
    counted: (log) => {
      const at =
        (level: 'info' | 'warn' | 'error') =>
        (event: LogEvent, fields?: LogFields): void => {
          count(event, fields);
          log[level](event, fields);
        };
      // What is only looked into is not counted.
      return { debug: log.debug, info: at('info'), warn: at('warn'), error: at('error') };
    },
    samples: () => {
      const taken = samples;
      samples = [];
      return taken;
    },
    observeTrip: (part, connector, seconds) =>
      (part === 'departed' ? departed : delivered).observe({ connector }, seconds),
  };
}
