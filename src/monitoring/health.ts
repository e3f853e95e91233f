// Serves health, readiness and metrics over HTTP, for an orchestrator and Prometheus; times a sample of deliveries.
// Invariant: always answers, also during outages; counts, codes and destinations only.
import { Gauge } from 'prom-client';
import { createHttpServer } from '../http/server.ts';
import type { Sql } from '../store/database.ts';
import { oldestUnsealedSeconds, deliveryTimes } from '../store/alerts/backlog.ts';
import { backupHours, hoursWithoutBackup } from '../store/backups/backups.ts';
import { createBacklogGauges } from './backlog-gauges.ts';
import type { Meters } from './meters.ts';

export interface HealthOptions {
  readonly app: Sql;
  readonly roles: readonly { readonly trouble: () => Promise<string | undefined> }[];
  readonly meters: Meters;
  /** True once the process takes no more work: an orchestrator sends no requests here and waits. */
  readonly draining?: () => boolean;
  /** True while nothing may be changed: the state is `degraded`. */
  readonly readOnly?: boolean;
  /** True in production: without a backup for 26 hours the state is `degraded` (C42). */
  readonly needsBackups?: boolean;
  /** True when this process reports the backlog: planners do, so that fifty workers do not count the same rows. */
  readonly backlog: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Above this the log's seal counts as late, seconds. */
const sealLagLimit = 300;

/** Below Prometheus's timeout of ten seconds. */
const patienceMs = 5_000;

export async function startHealth(
  options: HealthOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createHttpServer({
    bodyLimit: 1_024,
    requestTimeoutMs: 10_000,
    proxies: [],
    refusal: () => ({ headers: {}, body: '' }),
  });
  const { registry, destination } = options.meters;
  const ready = new Gauge({
    name: 'relais_ready',
    help: '1 while MySQL and Redis take what they are given and the process takes work.',
    registers: [registry],
  });
  const backlog = options.backlog
    ? createBacklogGauges(options.app, registry, destination)
    : { read: () => Promise.resolve(), forget: () => undefined };
  const trips = watchTrips(options.app, options.meters);

  const troubles = async (): Promise<readonly string[]> =>
    [...new Set(await Promise.all(options.roles.map((role) => role.trouble())))].filter(
      (trouble) => trouble !== undefined,
    );

  // Alive means that the process answers, whatever the state of MySQL or Redis: a restart would not repair their outage.
  server.get('/health', async () => ({ status: 'ok' }));
  server.get('/ready', async (_request, reply) => {
    if (options.draining?.() === true)
      return reply.code(503).send({ status: 'draining', troubles: [], unsealedSeconds: null });
    const found = await troubles();
    return reply.code(found.length > 0 ? 503 : 200).send(await readiness(options, found));
  });
  server.get('/metrics', async (_request, reply) => {
    const well = (await troubles()).length === 0;
    ready.set(well && options.draining?.() !== true ? 1 : 0);
    if (well) await inTime(backlog.read());
    else backlog.forget();
    if (well) await inTime(observeTrips(options.app, options.meters).catch(() => undefined));
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  const address = await server.listen({ host: options.host, port: options.port });
  return {
    port: Number(new URL(address).port),
    close: () => {
      trips.stop();
      return server.close();
    },
  };
}

/** MySQL may fail between two queries: an unreadable value is not zero. */
async function readiness(
  { app, needsBackups = false, readOnly = false }: HealthOptions,
  troubles: readonly string[],
): Promise<object> {
  const isAway = troubles.length > 0;
  const lag = isAway ? undefined : await inTime(oldestUnsealedSeconds(app).catch(() => undefined));
  const hours = isAway || !needsBackups ? 0 : await inTime(hoursWithoutBackup(app).catch(() => undefined));
  const isDegraded =
    readOnly || lag === undefined || lag > sealLagLimit || hours === undefined || hours > backupHours;
  return {
    status: isAway ? 'unavailable' : isDegraded ? 'degraded' : 'ready',
    troubles,
    unsealedSeconds: lag ?? null,
    ...(readOnly ? { readOnly } : {}),
    ...(needsBackups ? { hoursWithoutBackup: hours ?? null } : {}),
  };
}

/** The result, or undefined when it is late: behind a partition nothing answers and nothing fails. */
async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), patienceMs);
  });
  const result = await Promise.race([work, late]);
  clearTimeout(timer);
  return result;
}

/**
 * Measures the time from a lead's row in lead_intake to its departure and delivery, read from MySQL for a sample.
 * At most one small statement a second, off the hot path; both times are the database's.
 */
async function observeTrips(sql: Sql, meters: Meters): Promise<void> {
  const samples = meters.samples();
  if (samples.length === 0) return;
  const moments = await deliveryTimes(
    sql,
    samples.map((sample) => sample.deliveryId),
  );
  for (const { deliveryId, connector, parts } of samples) {
    const times = moments.get(deliveryId);
    if (times === undefined) continue;
    for (const part of parts) {
      const at = part === 'departed' ? times.departedAt : times.settledAt;
      if (at !== null)
        meters.observeTrip(part, connector, (at.getTime() - times.receivedAt.getTime()) / 1_000);
    }
  }
}

/** Once a second, until stopped. An outage of MySQL loses the samples of that second, nothing else. */
function watchTrips(sql: Sql, meters: Meters): { readonly stop: () => void } {
  const timer = setInterval(() => void observeTrips(sql, meters).catch(() => undefined), 1_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
