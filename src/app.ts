// The composition root: the only file that opens and assembles. What it opens it closes, last in first out.
// Invariant: a command line opens MySQL only; Redis is opened by the roles that carry.
import { hostname } from 'node:os';
import { connectors } from '../connectors/index.ts';
import type { Config } from './config.ts';
import { programVersion } from './config/version.ts';
import { sendAlerts } from './delivery/alerts.ts';
import { createDeliverer } from './delivery/deliver.ts';
import { createDispatcher } from './delivery/dispatch.ts';
import { createFiles } from './delivery/files.ts';
import { startHeartbeat } from './delivery/heartbeat.ts';
import { startLoop, type Loop } from './delivery/loops.ts';
import { createPlanner } from './delivery/plan.ts';
import { openOwnership, type Ownership } from './delivery/ownership.ts';
import { createPublished, type Published } from './delivery/published.ts';
import { createReader } from './delivery/read.ts';
import { createSweeper } from './delivery/sweep.ts';
import type { Step } from './delivery/travel.ts';
import { isRelaisError, RelaisError } from './errors.ts';
import { createIntake, type Intake } from './intake/accept.ts';
import type { Log } from './log.ts';
import { checkSources, type CheckOptions } from './mapping/check.ts';
import { createKeyRing } from './domain/key-ring.ts';
import { keysLookedAtMs, readIntakeKey, recogniseKeys, type Keys } from './privacy/keys.ts';
import { createRights, type Rights } from './privacy/rights.ts';
import { createSealer, type Sealer } from './privacy/seal.ts';
import { createSign } from './privacy/sign.ts';
import { createPublishing, type Publishing } from './publishing/publish.ts';
import { openRedis, refuseWrongAccount, type RedisClient } from './queue/connect.ts';
import { createProducer } from './queue/producer.ts';
import { createWorkerPool } from './queue/workers.ts';
import { openDatabase, type Database, type Reading, type Sql } from './store/database.ts';
import { destinationsWithQueuedWork, forgetQueued } from './store/dispatching.ts';
import { anyNewRow } from './store/figures.ts';
import { createSnapshots } from './store/lead-revisions.ts';
import { grantRights, migrate, requireSchema, type Account, type Migration } from './store/migrate.ts';
import { migrationFailure } from './store/migration-steps.ts';
import { openReplica, type ReadSide } from './store/replica.ts';
import { tidyTakings } from './store/takings.ts';
import { purgeRefused } from './store/refused-rows.ts';
import { createLeadSecrets, type LeadSecrets } from './store/secrets.ts';

export interface App {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** One connection of its own for the marks of what is in work: they commit while the transaction of the work is open. */
  readonly marks: Sql;
  /** For support's lists: a replica where one is named, else `database`. */
  readonly reading: ReadSide;
  readonly secrets: LeadSecrets;
  readonly keys: Keys;
  readonly published: Published;
  readonly checkOptions: CheckOptions;
  readonly intake: Intake;
  readonly publishing: Publishing;
  readonly rights: Rights;
  readonly sealer: Sealer;
  readonly close: () => Promise<void>;
}

/** A role at work. `stop` drains it within the configured limit. */
export interface Role {
  readonly stop: () => Promise<void>;
  /** Undefined while healthy; otherwise what is wrong. */
  readonly trouble: () => Promise<string | undefined>;
}

/** @throws DB-001, DB-002, CONFIG-002, KEY-002, KEY-003 */
export async function openApp(config: Config, options: { readonly log: Log }): Promise<App> {
  const { log } = options;
  const keys = keysOf(config);
  const database = openDatabase({
    sign: createSign(keys.seal),
    url: config.mysql.gatewayUrl,
    connections: config.mysql.connections,
    silenceMs: config.silenceMs,
  });
  let digestKey: Buffer;
  try {
    await requireSchema(database);
    if (config.env === 'production') await refuseAnyHost(database);
    const place = { database, keysSchema: config.keysSchema, keys };
    await recogniseKeys(place);
    digestKey = await readIntakeKey(place);
  } catch (error) {
    await database.close();
    throw error;
  }
  const marks = openDatabase({
    url: config.mysql.gatewayUrl,
    connections: 1,
    silenceMs: config.silenceMs,
  });
  const { readUrl } = config.mysql;
  const replica =
    readUrl === undefined
      ? undefined
      : openReplica({
          url: readUrl,
          silenceMs: config.silenceMs,
          ...(config.env === 'production' ? { check: refuseAnyHost } : {}),
        });
  const secrets = createLeadSecrets({ masterKeys: keys.master, keysSchema: config.keysSchema });
  const snapshot = createSnapshots(secrets).keep;
  const checkOptions: CheckOptions = { connectors, now: () => database.now().getTime() };
  const published = createPublished({
    sql: database,
    compile: (sources) => {
      const checked = checkSources(sources, { ...checkOptions, tests: false });
      if (!checked.ok)
        log.error('mapping.unusable', { destination: sources.destinationId, count: checked.problems.length });
      return checked.ok ? checked.mapping : undefined;
    },
  });
  return {
    config,
    log,
    database,
    marks,
    reading: replica ?? database,
    secrets,
    keys,
    published,
    checkOptions,
    intake: createIntake({
      database,
      marks,
      log,
      secrets,
      snapshot,
      digestKey,
    }),
    publishing: createPublishing({
      ...{ database, mappingsDir: config.mappingsDir, check: checkOptions, log },
      production: config.env === 'production',
    }),
    rights: createRights({ database, secrets, snapshot }),
    sealer: createSealer({ database, sealKeys: keys.seal, secrets, log }),
    close: async () => {
      await replica?.close();
      await marks.close();
      await database.close();
    },
  };
}

/** A large table takes its time to change, and says nothing meanwhile. */
const migrationSilenceMs = 6 * 3_600_000;

/** Migrates with the owner's account and gives the working accounts their rights. Returns what ran now. */
export async function migrateDatabase(
  config: Config,
  accounts: { readonly gateway: Account; readonly intake: readonly Account[] },
): Promise<readonly Migration[]> {
  if (config.mysql.ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'Configuration:\n  - RELAIS_MYSQL_OWNER_URL is missing (migrations need the owner account)',
    );
  const owner = openDatabase({
    url: config.mysql.ownerUrl,
    connections: 3,
    silenceMs: migrationSilenceMs,
  });
  try {
    const ran = await migrate(owner, config.keysSchema);
    const { gateway, intake } = accounts;
    try {
      await grantRights(owner, config.keysSchema, { gateway });
      for (const one of intake) await grantRights(owner, config.keysSchema, { gateway, intake: one });
    } catch (error) {
      throw migrationFailure(error, 'Giving the working accounts their rights');
    }
    await recogniseKeys({ database: owner, keysSchema: config.keysSchema, keys: keysOf(config) });
    return ran;
  } finally {
    await owner.close();
  }
}

/** Stations 1 to 3 and everything time does by itself. Any number of processes may run it. */
export async function startPlanner(app: App): Promise<Role> {
  const { config, log, database, published } = app;
  const redis = openRedis(config.redis.place, 'commands', config.silenceMs);
  const { prefix } = config.redis;
  const ownership = await ownershipOf('planner', app, redis);
  const producer = createProducer({ redis, prefix, permit: ownership.require });
  const planner = createPlanner({ database, marks: app.marks, published, log });
  const dispatcher = createDispatcher({ database, published, producer, window: config.planner.window, log });
  const files = createFiles({ database, published, producer });
  const sweeper = createSweeper({ database, published, producer, log });
  const { network } = config;

  const loops: Loop[] = [];
  const loop = (name: string, idleMs: number, work: () => Promise<boolean>): Loop => {
    const started = startLoop({ name, idleMs, work, log });
    loops.push(started);
    return started;
  };
  const { idleMs, batch } = config.planner;
  // Nudged by intake; looked for more rarely are changes that others note: rights, replays of another process.
  const planning = loop('plan', idleMs * 4, async () => {
    const { taken, destinations } = await planner.planBatch(batch);
    if (destinations.length > 0) await dispatcher.dispatch(destinations);
    return taken > 0;
  });
  loop('intake', idleMs, async () => {
    if (!(await anyNewRow(database))) return false;
    const result = await app.intake.acceptBatch(batch);
    if (result.accepted > 0) planning.nudge();
    return result.taken > 0;
  });
  loop('dispatch', Math.max(idleMs, 150), async () => (await dispatcher.dispatch()) > 0);
  loop('files', 250, async () => (await files.collect()) + (await dispatcher.dispatchFiles()) > 0);
  loop('leases', 500, async () => (await sweeper.recoverLeases()) > 0);
  loop('again', 1_000, async () => {
    await dispatcher.pushAgain();
    await dispatcher.bringProbes();
    await sweeper.askAgain();
    return false;
  });
  loop('slots', 1_000, async () => {
    await files.showWaiting();
    return (await files.noteSlots(database.now())) > 0;
  });
  loop('expiry', 1_000, async () => (await sweeper.expire()) > 0);
  loop('seal', 1_000, async () => (await app.sealer.seal(2_000)) === 2_000);
  loop(
    'alerts',
    1_000,
    async () => (await sendAlerts({ database, connectors, channels: config.alerts, network, log })) > 0,
  );
  loop('repaired', 5_000, async () => {
    await sweeper.withholdUnusable();
    await sweeper.reopenRepaired(database.now());
    return false;
  });
  loop('watch', 30_000, async () => {
    await sweeper.watch();
    return false;
  });
  loop('tidy', 60_000, async () => {
    await sweeper.tidy();
    await tidyTakings(database);
    return (await app.intake.refuseStrays()) > 0;
  });
  loop('purge', 3_600_000, async () => {
    const purge = (tx: Sql): Promise<number> => purgeRefused(tx, config.planner.refusedDays, 200);
    return (await database.transaction(purge, { undoIf: (count) => count < 0 })) !== 0;
  });
  const presence = presenceOf('planner', app, ownership);
  return {
    stop: async () => {
      await presence.stop();
      await Promise.all(loops.map((one) => one.stop()));
      await producer.close();
      redis.disconnect();
    },
    trouble: presence.trouble,
  };
}

/** Stations 4 and 5. Any number of processes may run it. */
export async function startWorker(
  app: App,
  options: { readonly step?: (name: Step, destinationId: string) => void | Promise<void> } = {},
): Promise<Role> {
  const { config, log, database } = app;
  const aborter = new AbortController();
  const deliverer = createDeliverer({
    database,
    published: app.published,
    connectors,
    masterKeys: app.keys.master,
    reader: createReader(database, app.secrets),
    secrets: config.secrets,
    network: config.network,
    leaseMs: config.worker.leaseMs,
    settlingMs: config.worker.settlingMs,
    owner: processName(),
    log,
    signal: aborter.signal,
    ...(options.step === undefined ? {} : { step: options.step }),
  });
  const redis = openRedis(config.redis.place, 'worker', config.silenceMs);
  const { prefix } = config.redis;
  const ownership = await ownershipOf('worker', app, redis);
  const subscriber = openRedis(config.redis.place, 'worker', config.silenceMs);
  const pool = await createWorkerPool({
    redis,
    subscriber,
    prefix,
    isOurs: ownership.isOurs,
    concurrencyOf: async (destinationId) =>
      Math.min((await deliverer.limitsOf(destinationId)).concurrency, config.worker.concurrency),
    handle: deliverer.handle,
    giveBack: (jobs) =>
      forgetQueued(
        database,
        jobs.flatMap((job) => ('deliveryId' in job ? [job.deliveryId] : [])),
      ),
    queued: () => destinationsWithQueuedWork(database),
    log,
  });
  const presence = presenceOf('worker', app, ownership);
  return {
    stop: async () => {
      await presence.stop();
      await pool.close(config.worker.drainMs);
      // Whatever is still sending after the limit is cut off; its rows show as `outcome_unknown`.
      aborter.abort();
      for (const one of Object.values(connectors)) await one.close?.();
      subscriber.disconnect();
      redis.disconnect();
    },
    trouble: presence.trouble,
  };
}

export const keysOf = (config: Config): Keys => ({
  master: createKeyRing([config.masterKey, ...config.earlierKeys.master]),
  seal: createKeyRing([config.sealKey, ...config.earlierKeys.seal]),
});

/** Another process may have brought a new key in: from then on it writes here too. */
function watchKeys({
  database,
  config,
  keys,
  log,
}: App): Loop & { readonly trouble: () => string | undefined } {
  let wrong: string | undefined;
  const loop = startLoop({
    name: 'keys',
    idleMs: keysLookedAtMs,
    log,
    work: async () => {
      try {
        await recogniseKeys({ database, keysSchema: config.keysSchema, keys });
        wrong = undefined;
      } catch (error) {
        if (!isRelaisError(error) || !error.code.startsWith('KEY-')) throw error;
        wrong = error.code;
        log.error('keys.refused', { code: error.code });
      }
      return false;
    },
  });
  return { ...loop, trouble: () => wrong };
}

/** Watched on a connection of its own. @throws REDIS-001, with nothing left open */
async function ownershipOf(
  role: string,
  { config, database, log }: App,
  redis: RedisClient,
): Promise<Ownership> {
  const { place, prefix } = config.redis;
  // A question of its own line: among BullMQ's commands, which leave in one write, it would take their place while Redis is away.
  const watch = openRedis(place, 'commands', config.silenceMs);
  try {
    await refuseWrongAccount(watch, place);
    return await openOwnership({ database, redis: watch, prefix, role, log, ping: () => redis.ping() });
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** What tells others of this role: its line in MySQL, and whether it reaches what it needs. */
function presenceOf(
  role: string,
  app: App,
  ownership: Ownership,
): { readonly trouble: Ownership['trouble']; readonly stop: () => Promise<void> } {
  const { database, log } = app;
  const keyWatch = watchKeys(app);
  const heartbeat = startHeartbeat(database, { name: processName(), role, version: programVersion() }, log);
  return {
    trouble: async () => keyWatch.trouble() ?? (await ownership.trouble()),
    stop: async () => {
      ownership.stop();
      await keyWatch.stop();
      await heartbeat.stop();
    },
  };
}

const processName = (): string => `${hostname().slice(0, 40)}:${process.pid}`;

/** C40: access to the data is limited to precise addresses. */
async function refuseAnyHost(database: Reading): Promise<void> {
  const [row] = await database.all<{ account: string }>('SELECT CURRENT_USER() AS account');
  if (row?.account.endsWith('@%') === true) {
    throw new RelaisError(
      'CONFIG-002',
      `Not allowed in production:\n  - the MySQL account ${row.account} may come from any address; bind it to this host's`,
    );
  }
}

/** For the sandbox, which stands outside: a connection of an account of its own, and a file asked for by hand. */
export { requestFile } from './delivery/files.ts';
export { openDatabase } from './store/database.ts';
