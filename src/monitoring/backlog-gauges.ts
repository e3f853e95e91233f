// Measures the backlog for Prometheus, from MySQL at each scrape: depth, oldest, breakers, seal, alerts.
// Invariant: one round of queries at a time, and at bounded cost; while MySQL is unreachable there is no figure instead of an old one.
import { Gauge, type Registry } from 'prom-client';
import { readBacklog, type Backlog } from '../store/alerts/backlog.ts';
import type { ReadOnlySql, Sql } from '../store/database.ts';

/** Shortest interval between rounds, ms. */
const restMs = 5_000;
/** At most a fiftieth of the time: counting a backlog of millions takes a second. */
const restFactor = 50;

/** @param destinationLabel the label of a destination: its id, or `other` */
export function createBacklogGauges(
  sql: ReadOnlySql & Pick<Sql, 'now'>,
  registry: Registry,
  destinationLabel: (id: string) => string,
) {
  const gauges = registerGauges(registry);
  const read = async (): Promise<void> => {
    const backlog = await readBacklog(sql);
    for (const gauge of allOf(gauges)) gauge.reset();
    setDeliveries(gauges, backlog, destinationLabel);
    setTotals(gauges, backlog);
    gauges.readAt.set(sql.now().getTime() / 1_000);
  };
  const forget = (): void => {
    for (const gauge of [...allOf(gauges), gauges.readAt]) gauge.reset();
    // A reset figure without labels would report 0, which is a value.
    for (const gauge of [...Object.values(gauges.totals), gauges.readAt]) gauge.remove();
  };
  let running: Promise<void> | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    /** Removes all figures, so that none is old. */
    forget,
    read: async () => {
      if (running === undefined && performance.now() >= nextAt) {
        const startedAt = performance.now();
        running = read()
          .catch(forget)
          .finally(() => {
            nextAt = performance.now() + Math.max(restMs, (performance.now() - startedAt) * restFactor);
            running = undefined;
          });
      }
      await running;
    },
  };
}

type Gauges = ReturnType<typeof registerGauges>;

function registerGauges(registry: Registry) {
  const registers = [registry];
  const labelled = <T extends string>(name: string, help: string, labelNames: readonly T[]): Gauge<T> =>
    new Gauge<T>({ name, help, labelNames: [...labelNames], registers });
  const plain = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  const place = ['state', 'connector', 'destination'] as const;
  const byLabel = {
    deliveries: labelled('relais_deliveries', 'Deliveries not at their end, by state.', place),
    oldest: labelled('relais_oldest_delivery_seconds', 'Age of the oldest of them.', place),
    destinations: labelled('relais_destinations', 'Destinations by status.', ['status']),
    circuits: labelled('relais_circuits', 'Breakers that are not closed, by state and cause.', [
      'state',
      'cause',
    ]),
  };
  const totals = {
    intake: plain('relais_intake_waiting', 'Rows of lead_intake not taken in yet.'),
    intakeAge: plain('relais_intake_oldest_seconds', 'Age of the oldest of them.'),
    changes: plain('relais_changes_waiting', 'Changes of leads not planned yet.'),
    sealLag: plain('relais_log_unsealed_seconds', 'Age of the oldest unsealed log entry.'),
    unsealed: plain('relais_log_unsealed_entries', 'Log entries without a seal.'),
    alerts: plain('relais_alerts_waiting', 'Alerts not sent yet.'),
  };
  return {
    byLabel,
    totals,
    readAt: plain('relais_figures_timestamp_seconds', 'When these figures were read.'),
  };
}

const allOf = ({ byLabel, totals }: Gauges): readonly { readonly reset: () => void }[] => [
  ...Object.values(byLabel),
  ...Object.values(totals),
];

function setDeliveries(
  { byLabel: { deliveries, oldest, destinations, circuits } }: Gauges,
  backlog: Backlog,
  destinationLabel: (id: string) => string,
): void {
  const connectors = new Map(backlog.destinations.map(({ id, connector }) => [id, connector]));
  const ages = new Map<string, number>();
  for (const { state, destinationId, count, oldestSeconds } of backlog.open) {
    const labels = {
      state,
      connector: connectors.get(destinationId) ?? 'none',
      destination: destinationLabel(destinationId),
    };
    deliveries.inc(labels, count);
    // Several destinations share the label `other`: its age is their oldest.
    const key = Object.values(labels).join(' ');
    ages.set(key, Math.max(ages.get(key) ?? 0, oldestSeconds));
    oldest.set(labels, ages.get(key) ?? 0);
  }
  for (const { status } of backlog.destinations) destinations.inc({ status });
  for (const { state, cause } of backlog.circuits) circuits.inc({ state, cause: cause || 'none' });
}

function setTotals({ totals }: Gauges, backlog: Backlog): void {
  totals.intake.set(backlog.intakeWaiting);
  totals.intakeAge.set(backlog.intakeOldestSeconds);
  totals.changes.set(backlog.changesWaiting);
  totals.sealLag.set(backlog.unsealedSeconds);
  totals.unsealed.set(backlog.unsealedEntries);
  totals.alerts.set(backlog.alertsWaiting);
}
