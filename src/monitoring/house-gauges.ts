// What waits in the house, read from MySQL when Prometheus asks: depth, oldest, breakers, seal, alerts.
// Invariant: read by one query round at a time, and no more often than it is cheap; while MySQL is away, no figure rather than an old one.
import { Gauge, type Registry } from 'prom-client';
import type { Reading, Sql } from '../store/database.ts';
import { houseFigures } from '../store/figures.ts';

/** Never more often than this, ms. */
const restMs = 5_000;
/** Nor at more than a fiftieth of the time: a backlog of millions takes a second to count. */
const restFactor = 50;

export function createHouseGauges(
  sql: Reading & Pick<Sql, 'now'>,
  registry: Registry,
  destination: (id: string) => string,
): { readonly read: () => Promise<void>; readonly forget: () => void } {
  const registers = [registry];
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> =>
    new Gauge<T>({ name, help, labelNames: [...labelNames], registers });
  const place = ['state', 'connector', 'destination'] as const;
  const deliveries = gauge('relais_deliveries', 'Deliveries not at their end, by state.', place);
  const oldest = gauge('relais_oldest_delivery_seconds', 'Age of the oldest of them.', place);
  const destinations = gauge('relais_destinations', 'Destinations by status.', ['status']);
  const circuits = gauge('relais_circuits', 'Breakers that are not closed, by state and cause.', [
    'state',
    'cause',
  ]);
  const intake = gauge('relais_intake_waiting', 'Rows of lead_intake not taken in yet.');
  const intakeAge = gauge('relais_intake_oldest_seconds', 'Age of the oldest of them.');
  const changes = gauge('relais_changes_waiting', 'Changes of leads not planned yet.');
  const sealLag = gauge('relais_log_unsealed_seconds', 'Age of the oldest unsealed log entry.');
  const unsealed = gauge('relais_log_unsealed_entries', 'Log entries without a seal.');
  const alerts = gauge('relais_alerts_waiting', 'Alerts not told yet.');
  const readAt = gauge('relais_figures_timestamp_seconds', 'When these figures were read.');
  const all = [
    deliveries,
    oldest,
    destinations,
    circuits,
    intake,
    intakeAge,
    changes,
    sealLag,
    unsealed,
    alerts,
  ];

  const read = async (): Promise<void> => {
    const figures = await houseFigures(sql);
    for (const gauge of all) gauge.reset();
    const connectors = new Map(
      figures.destinations.map((destination) => [destination.id, destination.connector]),
    );
    const ages = new Map<string, number>();
    for (const delivery of figures.open) {
      const labels = {
        state: delivery.state,
        connector: connectors.get(delivery.destinationId) ?? 'none',
        destination: destination(delivery.destinationId),
      };
      deliveries.inc(labels, delivery.count);
      // Several destinations share the label `other`: its age is the oldest of theirs.
      const key = Object.values(labels).join(' ');
      ages.set(key, Math.max(ages.get(key) ?? 0, delivery.oldestSeconds));
      oldest.set(labels, ages.get(key) ?? 0);
    }
    for (const destination of figures.destinations) destinations.inc({ status: destination.status });
    for (const circuit of figures.circuits)
      circuits.inc({ state: circuit.state, cause: circuit.cause || 'none' });
    intake.set(figures.intakeWaiting);
    intakeAge.set(figures.intakeOldestSeconds);
    changes.set(figures.changesWaiting);
    sealLag.set(figures.unsealedSeconds);
    unsealed.set(figures.unsealedEntries);
    alerts.set(figures.alertsWaiting);
    readAt.set(sql.now().getTime() / 1_000);
  };

  const forget = (): void => {
    for (const gauge of [...all, readAt]) gauge.reset();
    // A reset figure without labels would say 0, which is an answer.
    for (const gauge of [intake, intakeAge, changes, sealLag, unsealed, alerts, readAt]) gauge.remove();
  };
  let running: Promise<void> | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
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
