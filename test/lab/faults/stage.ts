// Sets the stage of a storm: recipients, lines, the gateway's database and mappings, its processes. What it opens it closes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '../../../src/app.ts';
import { silentLog } from '../../../src/log.ts';
import { openDatabase, type Database } from '../../../src/store/database.ts';
import { grantRights } from '../../../src/store/migrate.ts';
import { moveHostClock } from '../../support/host-clock.ts';
import { openGateway, type Gateway } from '../../trip/gateway.ts';
import { startAlertDoor } from './alert-door.ts';
import { dropBook, openBook } from './book.ts';
import { ledgerIn } from './copies.ts';
import { startFleet } from './fleet.ts';
import { destinations, leaseMs, stormFiles, type Pace } from './mappings.ts';
import { usualTrouble } from './mischief-trade.ts';
import { openOutside } from './outside.ts';
import type { Role } from './points.ts';
import { startProxy, type Target } from './proxy.ts';
import { seeded } from './random.ts';
import { slowestCommitMs, startRecipients } from './recipients.ts';
import type { Scene } from './scene.ts';
import type { StormServers } from './servers.ts';

export interface Stage extends Omit<
  Scene,
  'handedIn' | 'changes' | 'hostile' | 'outageMs' | 'refusals' | 'former'
> {
  /** Gone when the stage is closed. */
  readonly folder: string;
  readonly close: () => Promise<void>;
}

/** Tells the result before anything is closed, and closes whatever became of the work. */
export async function onStage<T>(
  { close }: Pick<Stage, 'close'>,
  tell: ((result: T) => void) | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await work();
    tell?.(result);
  } catch (error) {
    // Why the work failed matters more than what could not be closed after it.
    await close().catch(() => undefined);
    throw error;
  }
  await close();
  return result;
}

/** One after the other, each although one before it failed. @throws the first failure, once all have had their turn */
export async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

interface Setting {
  readonly seed: number;
  readonly pace: Pace;
  readonly servers: StormServers | undefined;
  /** Nobody dies, so that one of each kind is enough. */
  readonly undisturbed: boolean;
}

const rolesOf = ({ pace, undisturbed }: Setting): readonly Role[] =>
  undisturbed
    ? ['planner', 'worker', 'api', 'api', 'console']
    : [
        ...(pace === 'brisk' ? [] : (['all', 'api', 'console'] as const)),
        ...(['planner', 'worker', 'worker', 'api'] as const),
      ];

export async function openStage(setting: Setting): Promise<Stage> {
  const { seed, pace, servers } = setting;
  const given = {
    mysql: servers?.mysqlUrl() ?? process.env['RELAIS_TEST_MYSQL_URL'] ?? '',
    redis:
      servers === undefined
        ? (process.env['RELAIS_TEST_REDIS_URL'] ?? '')
        : `redis://:${servers.redisPassword}@127.0.0.1:1`,
  };
  const at = {
    mysql: servers?.mysql ?? (() => targetOf(given.mysql, 3306)),
    redis: servers?.redis ?? (() => targetOf(given.redis, 6379)),
  };
  const folder = mkdtempSync(join(tmpdir(), 'relais-storm-'));
  const recipients = await startRecipients(folder, pace, seeded(seed + 1));
  const alerts = await startAlertDoor();
  for (const id of destinations) recipients.trouble.set(id, usualTrouble(id));
  const lines = {
    mysql: await startProxy(at.mysql()),
    redis: await startProxy(at.redis()),
    slow: await startProxy(at.mysql()),
  };
  // The storm's own lines stay whole, and stay when a service moves.
  const before = { ...process.env };
  const tidy = (): void => {
    for (const name of ['RELAIS_TEST_MYSQL_URL', 'RELAIS_TEST_REDIS_URL']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    rmSync(folder, { recursive: true, force: true });
  };
  process.env['RELAIS_TEST_MYSQL_URL'] = through(given.mysql, lines.mysql.port);
  process.env['RELAIS_TEST_REDIS_URL'] = through(given.redis, lines.redis.port);
  const environment = {
    RELAIS_LEASE_MS: String(leaseMs[pace]),
    RELAIS_SILENCE_MS: '4000',
    RELAIS_SETTLING_MS: String(slowestCommitMs + 1_000),
    // Some files are written in parts, others at once.
    RELAIS_FILE_PART_ROWS: '6',
    RELAIS_SECRET_SMTP: 'mot-de-passe-smtp',
    RELAIS_API_PER_MINUTE: '1000000',
    RELAIS_ALERT_WEBHOOK: alerts.url,
    // An objection is a proof of a phone consent too: a lead that has one is deleted after it was handed over.
    RELAIS_ERASURE_LEDGER_DIR: ledgerIn(folder),
    RELAIS_PHONE_PROOFS_DIR: join(folder, 'preuves'),
    ...recipients.environment,
  };
  const gateway = await openGateway({ files: stormFiles(recipients.places), environment });
  gateway.redis.on('error', () => undefined);
  // The storm's own commands wait for Redis to come back: given up, one inside BullMQ would end the storm.
  gateway.redis.options.maxRetriesPerRequest = null;
  const { config } = gateway;
  const slowUrl = through(config.mysql.gatewayUrl, lines.slow.port);
  const slowApp = await openApp(
    { ...config, mysql: { ...config.mysql, gatewayUrl: slowUrl } },
    { log: silentLog },
  );
  // From a host whose clock is ahead: leads that come at once are owed all the same.
  const backInTime = moveHostClock(120_000);
  try {
    for (const destinationId of destinations)
      await gateway.app.publishing.publish({ destinationId, author: 'storm', note: 'storm' });
  } finally {
    backInTime();
  }
  await openBook(gateway.owner);
  const intake = await openIntake(gateway);
  // Nobody waits long for a lock held by mischief; connections made before keep the usual patience.
  if (servers !== undefined) await gateway.owner.text('SET GLOBAL innodb_lock_wait_timeout = 2');
  const roles = rolesOf(setting);
  const outside = await openOutside(gateway, seeded(seed + 6), { pace, roles });
  const fleet = await startFleet({
    gateway,
    ports: outside.ports,
    roles,
    spared: setting.undisturbed,
    ...at,
    random: seeded(seed + 2),
    environment,
  });
  if (servers !== undefined)
    servers.onMove = () => {
      lines.mysql.aim(at.mysql());
      lines.slow.aim(at.mysql());
      lines.redis.aim(at.redis());
      lines.redis.cut();
      fleet.aim();
    };
  return {
    gateway,
    slow: { app: slowApp, line: lines.slow },
    fleet,
    intake,
    servers,
    recipients,
    outside,
    alerts: alerts.seen,
    folder,
    stopMs: pace === 'brisk' ? 2_000 : leaseMs[pace] + 2_500,
    close: () =>
      closeAll([
        fleet.close,
        slowApp.close,
        intake.close,
        () => dropBook(gateway.owner),
        gateway.close,
        recipients.close,
        alerts.close,
        ...Object.values(lines).map((line) => line.close),
      ]).finally(tidy),
  };
}

/** The account of whoever hands rows in; its name begins as the others' do, which are dropped with the database. */
async function openIntake({ owner, config }: Gateway): Promise<Database> {
  const account = { user: `${owner.name}_i`, host: '%' };
  await owner.text(`CREATE USER '${account.user}'@'%' IDENTIFIED BY 'intake'`);
  const gateway = { user: `${owner.name}_g`, host: '%' };
  await grantRights(owner, `${owner.name}_keys`, { gateway, intake: account });
  const url = new URL(config.mysql.gatewayUrl);
  url.username = account.user;
  url.password = 'intake';
  return openDatabase({ url: url.href, connections: 2 });
}

function through(url: string, port: number): string {
  const moved = new URL(url);
  moved.hostname = '127.0.0.1';
  moved.port = String(port);
  return moved.href;
}

function targetOf(url: string, usualPort: number): Target {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usualPort : Number(port) };
}
