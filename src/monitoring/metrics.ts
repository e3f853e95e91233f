// Defines the metrics that this process counts and times itself: names, help, labels.
// Invariant: closed label sets; a published name keeps its meaning.
import { Counter, Histogram, type Registry } from 'prom-client';

/** From the time an idle gateway needs to the three days of a retry schedule, seconds. */
const tripBuckets = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 259_200];
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export type Counters = ReturnType<typeof registerCounters>;
export type Histograms = ReturnType<typeof registerHistograms>;

export function registerCounters(registry: Registry) {
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
    alerts: counter('relais_alerts_total', 'Alerts told.', ['kind']),
    alertFailures: counter('relais_alert_failures_total', 'Tries of alerts that did not get through.', [
      'kind',
    ]),
    circuits: counter('relais_circuit_moves_total', 'Breakers opened and closed.', ['destination', 'move']),
    loops: counter('relais_loop_failures_total', 'Rounds of background work that failed.', ['loop']),
    outages: counter('relais_outages_total', 'Times MySQL or Redis could not be reached.', ['service']),
    events: counter('relais_events_total', 'Everything else worth counting.', ['event']),
  };
}

export function registerHistograms(registry: Registry) {
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
