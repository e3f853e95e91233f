// The services of a storm: a MariaDB and two Redis of its own, each of which can be killed, restarted, filled up or replaced.
// Invariant: nothing of the machine's own services is touched; the gateway reaches these through proxies, whose ports stay.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { takeFolder } from '../../../sandbox/folders.ts';
import { startMariadb, type PrivateServer } from '../../../sandbox/mariadb.ts';
import { converse, freePort } from '../../../sandbox/ports.ts';
import { requirePrograms, startServices } from '../../../sandbox/services.ts';
import { launch, untilReady, type ServerProcess } from '../../../sandbox/server-process.ts';
import type { Target } from './proxy.ts';
import { askedEngine } from '../../support/engine.ts';

export interface StormServers {
  /** Where the services are now; proxies aim there. */
  readonly mysql: () => Target;
  readonly redis: () => Target;
  /** An account that may everything, for the target of now. */
  readonly mysqlUrl: () => string;
  readonly redisPassword: string;
  /** Called when a service has moved to another port. */
  onMove: () => void;
  /** `kill`: as a power cut; `stop`: as an administrator. */
  readonly stopMysql: (how: 'kill' | 'stop') => Promise<void>;
  /** Does nothing while it runs. */
  readonly startMysql: () => Promise<void>;
  readonly stopRedis: () => Promise<void>;
  /** @param empty its memory is gone too */
  readonly startRedis: (empty: boolean) => Promise<void>;
  /** The replica becomes the master; what had not reached it is lost. */
  readonly failOver: () => Promise<void>;
  /** Fills the disk that MySQL, or the Redis in charge, writes to; returns what frees it. Undefined: this machine lends no disk to fill. */
  readonly fillDisk: ((of: 'mysql' | 'redis') => () => void) | undefined;
  /** Errors of MySQL's own log, the last ones. */
  readonly mysqlErrors: () => readonly string[];
  readonly close: () => Promise<void>;
}

const redisPassword = 'storm';
/** Sparse. MySQL's binary log alone takes half a gigabyte in ten minutes. */
const diskBytes = { mysql: 4 * 1_024 * 1_024 * 1_024, redis: 300 * 1_024 * 1_024 } as const;

export async function startStormServers(path: string, log: (line: string) => void): Promise<StormServers> {
  const { mysql: binary, redis: program } = await requirePrograms({ log, ...askedEngine() });
  unmountLeftovers(dirname(path));
  const folder = await takeFolder(path, { keep: false, log });
  const disk = (name: string): string => join(folder.path, `disk-${name}`);
  const disks = ['mysql', 'redis-0', 'redis-1'].map(disk);
  const unmount = (): void => void spawnSync('umount', ['-l', ...disks]);
  const mounted = disks.every((place) =>
    mountDisk(place, diskBytes[place.endsWith('mysql') ? 'mysql' : 'redis']),
  );
  if (mounted) process.once('exit', unmount);
  else {
    unmount();
    log('no disk of its own can be mounted here: full disks are left out');
  }
  // A guard of server processes needs their folder inside the run's.
  const dataOf = (name: string): string => join(mounted ? disk(name) : folder.path, `run-${name}`);
  const mysqlFolder = dataOf('mysql');
  mkdirSync(mysqlFolder, { recursive: true });

  const start = (): Promise<PrivateServer> =>
    startMariadb({ binary, folder: mysqlFolder, socket: folder.socket, durable: true });
  let mysql = await start();
  let isStopped = false;
  let starting: Promise<void> | undefined;
  const startAgain = async (): Promise<void> => {
    if (!mysql.process.hasEnded()) return;
    await mysql.process.stop();
    mysql = await start();
    servers.onMove();
  };
  const startOnce = (): Promise<void> =>
    (starting ??= startAgain().finally(() => {
      starting = undefined;
    }));
  // As a service manager does: MySQL ends itself, up to a minute after its disk was full, when its binary log cannot be written.
  const supervisor = setInterval(() => {
    if (!isStopped && mysql.process.hasEnded()) void startOnce().catch(() => undefined);
  }, 1_000);
  supervisor.unref();
  const redisPorts = [await freePort(), await freePort()] as const;
  const redis = [startRedis(0), startRedis(1)];
  let master: 0 | 1 = 0;

  function startRedis(index: 0 | 1): ServerProcess {
    const data = dataOf(`redis-${index}`);
    mkdirSync(data, { recursive: true });
    const port = redisPorts[index];
    return launch({
      program,
      args: [
        ...['--port', String(port), '--bind', '127.0.0.1', '--requirepass', redisPassword],
        ...['--masterauth', redisPassword, '--dir', data, '--save', '', '--appendonly', 'yes'],
        ...['--repl-diskless-sync-delay', '0', '--maxmemory-policy', 'noeviction'],
      ],
      folder: data,
      logFile: join(folder.path, `redis-${index}.log`),
    });
  }
  const redisReady = async (index: 0 | 1): Promise<void> => {
    const server = redis[index] as ServerProcess;
    const ask = `AUTH ${redisPassword}\r\nPING\r\n`;
    const port = redisPorts[index];
    const answers = async (): Promise<boolean> =>
      (await converse({ host: '127.0.0.1', port }, ask, (text) => text.includes('PONG'))).includes('PONG');
    if ((await untilReady(server, answers, join(folder.path, `redis-${index}.log`))) === 'ended')
      throw new Error(`Redis ${index} did not start; see ${folder.path}`);
  };
  const command = async (index: 0 | 1, ...words: readonly [string, ...string[]]): Promise<void> => {
    const client = new Redis({ port: redisPorts[index], host: '127.0.0.1', password: redisPassword });
    client.on('error', () => undefined);
    await client.call(...words).finally(() => client.disconnect());
  };
  const follow = (index: 0 | 1): Promise<void> =>
    command(index, 'REPLICAOF', '127.0.0.1', String(redisPorts[index === 0 ? 1 : 0]));
  await Promise.all([redisReady(0), redisReady(1)]);
  await follow(1);

  const servers: StormServers = {
    mysql: () => ({ host: '127.0.0.1', port: Number(new URL(mysql.url).port) }),
    redis: () => ({ host: '127.0.0.1', port: redisPorts[master] }),
    mysqlUrl: () => mysql.url,
    redisPassword,
    onMove: () => undefined,
    stopMysql: async (how) => {
      isStopped = true;
      await starting;
      // A full disk may have ended it already.
      if (how === 'kill' && !mysql.process.hasEnded()) process.kill(mysql.process.pid, 'SIGKILL');
      await mysql.process.stop();
    },
    startMysql: async () => {
      isStopped = false;
      await startOnce();
    },
    stopRedis: async () => {
      const server = redis[master] as ServerProcess;
      if (!server.hasEnded()) process.kill(server.pid, 'SIGKILL');
      await server.stop();
    },
    startRedis: async (empty) => {
      if (empty) rmSync(dataOf(`redis-${master}`), { recursive: true, force: true });
      redis[master] = startRedis(master);
      await redisReady(master);
    },
    failOver: async () => {
      const old = master;
      master = old === 0 ? 1 : 0;
      await command(master, 'REPLICAOF', 'NO', 'ONE');
      servers.onMove();
      await follow(old);
    },
    fillDisk: mounted
      ? (of) => {
          const place = disk(of === 'mysql' ? of : `redis-${master}`);
          const ballast = join(place, 'ballast');
          const { bavail, bsize } = statfsSync(place);
          spawnSync('fallocate', ['-l', String(bavail * bsize), ballast]);
          return () => rmSync(ballast, { force: true });
        }
      : undefined,
    mysqlErrors: () => {
      const log = join(mysqlFolder, 'mysql.log');
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
      return lines.filter((line) => /\[ERROR\]|corrupt/i.test(line)).slice(-200);
    },
    close: async () => {
      clearInterval(supervisor);
      isStopped = true;
      await starting;
      await Promise.all([mysql.process.stop(), ...redis.map((one) => one.stop())]);
      process.off('exit', unmount);
      if (mounted) unmount();
      folder.release();
    },
  };
  return servers;
}

/** The services that the caller names, of which the storm uses a database of its own; undefined where none is named. */
export async function givenServers(
  folder: string,
  log: (line: string) => void,
): Promise<{ readonly stop: () => Promise<void> } | undefined> {
  const { RELAIS_MYSQL_OWNER_URL: mysqlUrl, RELAIS_REDIS_URL: redisUrl } = process.env;
  if (mysqlUrl === undefined) return undefined;
  const services = await startServices({
    ...{ folder, log, mysqlUrl, ...askedEngine() },
    ...(redisUrl === undefined ? {} : { redisUrl }),
  });
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
  return services;
}

/**
 * A disk of its own that can run full; only root may mount one. A file system as servers have it where the kernel lends a loop
 * device; memory else, on which InnoDB has been seen to come out of a full disk and a kill with a damaged index.
 */
function mountDisk(place: string, bytes: number): boolean {
  const image = `${place}.img`;
  const done = (program: string, ...args: string[]): boolean =>
    spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  mkdirSync(place);
  writeFileSync(image, '');
  truncateSync(image, bytes);
  return (
    (done('mkfs.ext4', '-q', '-F', '-m', '0', image) && done('mount', '-o', 'loop', image, place)) ||
    done('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', place)
  );
}

/** Disks of storms that were killed: their folder could not be removed while something is mounted in it. */
function unmountLeftovers(parent: string): void {
  if (!existsSync('/proc/mounts')) return;
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const place = line.split(' ')[1] ?? '';
    const run = /-(\d+)\/disk-[a-z0-9-]+$/.exec(place);
    if (run === null || !place.startsWith(`${parent}/`) || existsSync(`/proc/${run[1]}`)) continue;
    spawnSync('umount', ['-l', place]);
  }
}
