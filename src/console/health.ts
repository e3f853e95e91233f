// Health, readiness and metrics over HTTP, for an orchestrator and Prometheus.
// Invariant: counts, codes and destinations only; closed label sets.
import { fastify } from 'fastify';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { Sql } from '../store/database.ts';
import { oldestUnsealedSeconds, stateCounts } from '../store/figures.ts';

export interface HealthOptions {
  readonly app: Sql;
  readonly roles: readonly { readonly trouble: () => Promise<string | undefined> }[];
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Past this the log's seal counts as late, seconds. */
const sealLagLimit = 300;

export async function startHealth(
  options: HealthOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = fastify({ logger: false });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'relais_' });
  const deliveries = new Gauge({
    name: 'relais_deliveries',
    help: 'Deliveries by state.',
    labelNames: ['state'],
    registers: [registry],
  });
  const sealLag = new Gauge({
    name: 'relais_log_unsealed_seconds',
    help: 'Age of the oldest unsealed log entry.',
    registers: [registry],
  });

  const troubles = async (): Promise<readonly string[]> =>
    (await Promise.all(options.roles.map((one) => one.trouble()))).filter((one) => one !== undefined);

  // Alive: the process answers. It says nothing of MySQL or Redis, whose outage a restart would not cure.
  server.get('/health', async () => ({ status: 'ok' }));
  server.get('/ready', async (_request, reply) => {
    const found = await troubles();
    const lag = found.length > 0 ? 0 : await oldestUnsealedSeconds(options.app);
    const status = found.length > 0 ? 'unavailable' : lag > sealLagLimit ? 'degraded' : 'ready';
    return reply.code(found.length > 0 ? 503 : 200).send({ status, troubles: found, unsealedSeconds: lag });
  });
  server.get('/metrics', async (_request, reply) => {
    deliveries.reset();
    for (const { state, count } of await stateCounts(options.app)) deliveries.set({ state }, count);
    sealLag.set(await oldestUnsealedSeconds(options.app));
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  const address = await server.listen({ host: options.host, port: options.port });
  return { port: Number(new URL(address).port), close: () => server.close() };
}
