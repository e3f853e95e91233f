// Starts the worker role: stations 4 and 5, sending.
// Invariant: any number of processes may run it; a stopping one begins no job and releases those it has not begun.
import { connectorOf, connectors } from '../../connectors/index.ts';
import { createDeliverer } from '../delivery/deliver.ts';
import type { DelivererOptions, TripStep } from '../delivery/trip/trip.ts';
import { createGoLiveGate, createReader } from '../delivery/content/inputs.ts';
import { rotatedFreshMs } from '../delivery/content/rotated-secrets.ts';
import { pacedMs, startLoop, usualIdleMs, type Loop } from '../delivery/background/poll-loop.ts';
import { readBackDue } from '../delivery/background/read-backs.ts';
import { openRedis } from '../queue/connect.ts';
import { createWorkerPool } from '../queue/worker-pool.ts';
import type { Job } from '../queue/jobs.ts';
import { forgetBatches } from '../store/files/batches.ts';
import type { Database } from '../store/database.ts';
import { destinationsBy } from '../store/destinations/destinations.ts';
import { destinationsWithQueuedWork } from '../store/deliveries/due-work.ts';
import { forgetQueued } from '../store/deliveries/queued-long-ago.ts';
import type { App } from '../app.ts';
import { leanly } from './lean-heap.ts';
import { ownershipOf, presenceOf, processName, type Role } from './role-status.ts';

export async function startWorker(
  app: App,
  options: { readonly step?: (name: TripStep, destinationId: string) => void | Promise<void> } = {},
): Promise<Role> {
  const { config, log, database, look } = app;
  const renewed = await followRenewed(app);
  await loadUsed(database);
  const aborter = new AbortController();
  const needs: DelivererOptions = {
    database,
    published: app.published,
    connectors,
    masterKeys: app.keys.master,
    reader: createReader(database, app.secrets, app.holdsList ? createGoLiveGate(database) : undefined),
    secrets: config.secrets,
    secretsFor: app.rotated.secretsFor,
    credentials: app.credentials,
    network: config.network,
    leaseMs: config.worker.leaseMs,
    settlingMs: config.worker.settlingMs,
    owner: processName(),
    log,
    signal: aborter.signal,
    leanly,
    step: options.step,
  };
  const deliverer = createDeliverer(needs);
  const { place: redisPlace, prefix } = config.redis;
  const redis = openRedis(redisPlace, 'worker', config.silenceMs);
  const ownership = await ownershipOf('worker', app, redis);
  const subscriber = openRedis(redisPlace, 'worker', config.silenceMs);
  const pool = await createWorkerPool({
    redis,
    subscriber,
    prefix,
    // Without the key in force it could read no lead: it would only delay the deliveries it claims.
    isOurs: () => ownership.isOurs() && app.keys.master.inForce(),
    concurrencyOf: async (destinationId) =>
      Math.min((await deliverer.limitsOf(destinationId)).concurrency, config.worker.concurrency),
    handle: deliverer.handle,
    giveBack: (jobs) => giveBack(database, jobs),
    nearby: app.nearby,
    queued: async () => ((await look.sees('queued')) ? destinationsWithQueuedWork(database) : []),
    log,
  });
  const readBacks = startReadBacks(app, needs);
  const presence = presenceOf('worker', app, ownership);
  return {
    stop: async () => {
      await Promise.all([presence.stop(), readBacks.stop(), renewed.stop()]);
      await pool.close(config.worker.drainMs);
      // Sends still running after the limit are cut off; their rows show as `outcome_unknown`.
      aborter.abort();
      for (const connector of Object.values(connectors)) await connector.close?.();
      subscriber.disconnect();
      redis.disconnect();
    },
    trouble: presence.trouble,
  };
}

function startReadBacks({ look, log, config }: App, needs: DelivererOptions): Loop {
  const work = async (): Promise<boolean> => (await look.sees('readBacks')) && readBackDue(needs);
  const { idleMs } = config.planner;
  return startLoop({ name: 'read_backs', idleMs: pacedMs(1_000, idleMs), tickMs: idleMs, work, log });
}

/** Loads what sending needs, of connectors that a destination has: an OpenPGP or SFTP that nothing uses would stay in memory. */
async function loadUsed(database: Database): Promise<void> {
  const destinations = await destinationsBy(database, Object.keys(connectors));
  const used = new Set(destinations.map(({ connector }) => connector));
  await Promise.all([...used].map(async (type) => await connectorOf(type)?.load?.()));
}

/** Reads the secrets that clients rotate by themselves: before the first delivery is signed, then every few seconds. */
async function followRenewed({ rotated, log }: App): Promise<Loop> {
  await rotated.refresh();
  const work = (): Promise<boolean> => rotated.refresh().then(() => false);
  return startLoop({ name: 'renewed_secrets', idleMs: rotatedFreshMs, tickMs: usualIdleMs, work, log });
}

/** Marks rows and files that will not begin here as lost, so that the next pass pushes them again. */
async function giveBack(database: Database, jobs: readonly Job[]): Promise<void> {
  await forgetQueued(
    database,
    jobs.flatMap((job) => ('deliveryId' in job ? [job.deliveryId] : [])),
  );
  await forgetBatches(
    database,
    jobs.flatMap((job) => ('batchId' in job ? [job.batchId] : [])),
  );
}
