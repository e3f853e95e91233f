// Real MariaDB and Redis, started and stopped the way the demo and the tests do.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import { processesIn } from '../../../sandbox/folders.ts';
import { startServices } from '../../../sandbox/services.ts';
import type { Services } from '../../../sandbox/services.ts';
import { askedEngine } from '../../support/engine.ts';

const log = (): void => {};
let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'rs-test-'));
});

afterEach(() => {
  for (const pid of processesIn(parent)) process.kill(pid, 'SIGKILL');
  rmSync(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

async function mysqlSays(services: Pick<Services, 'mysqlUrl'>, sql: string): Promise<unknown> {
  const connection = await mysql.createConnection(services.mysqlUrl);
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

async function redisSays<T>(
  services: Pick<Services, 'redisUrl'>,
  ask: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(services.redisUrl);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50);
}

const argumentsOf = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
};

const guardiansOf = (folder: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const args = argumentsOf(pid);
      return args.includes('relais-guardian') && args.some((argument) => argument.startsWith(folder));
    });

async function startElsewhere(
  folder: string,
  keep = '',
): Promise<{ child: ChildProcess; services: Services }> {
  const program = join(import.meta.dirname, 'run-services.ts');
  const child = spawn(process.execPath, [program, folder, keep], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, services: JSON.parse(line) as Services };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('MySQL and Redis answer under their passwords, hold the settings Relais needs, and stop without a trace', async () => {
  const folder = join(parent, 'one');
  const services = await startServices({ ...askedEngine(), folder, log });
  expect(services.origin).toBe('private');
  expect(
    await mysqlSays(services, 'SELECT @@innodb_flush_log_at_trx_commit AS f, @@character_set_server AS c'),
  ).toEqual([{ f: 1, c: 'utf8mb4' }]);
  await mysqlSays(services, 'CREATE DATABASE rs_proof CHARACTER SET utf8mb4');
  await mysqlSays(services, "CREATE USER 'rs_proof'@'127.0.0.1' IDENTIFIED BY 'x'");
  await mysqlSays(services, "GRANT SELECT ON rs_proof.* TO 'rs_proof'@'127.0.0.1'");
  expect(await redisSays(services, (redis) => redis.config('GET', 'maxmemory-policy'))).toContain(
    'noeviction',
  );
  expect(await redisSays(services, (redis) => redis.config('GET', 'appendonly'))).toContain('yes');

  const withoutPassword = services.mysqlUrl.replace(/root:[^@]*@/, 'root@');
  await expect(mysqlSays({ mysqlUrl: withoutPassword }, 'SELECT 1')).rejects.toMatchObject({ errno: 1045 });

  await services.stop();
  expect(processesIn(parent)).toEqual([]);
  expect(guardiansOf(parent)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test('two runs of one checkout work side by side', async () => {
  const [one, two] = await Promise.all([
    startServices({ folder: join(parent, 'one'), log }),
    startServices({ folder: join(parent, 'two'), log }),
  ]);
  await redisSays(one, (redis) => redis.set('whose', 'one'));
  expect(await redisSays(two, (redis) => redis.get('whose'))).toBeNull();
  await one.stop();
  expect(await mysqlSays(two, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  await two.stop();
});

test('a folder in use by a living run is refused by name, not taken over', async () => {
  const folder = join(parent, 'one');
  const services = await startServices({ ...askedEngine(), folder, log });
  await expect(startServices({ ...askedEngine(), folder, log })).rejects.toThrow(
    `in use by the running process ${process.pid}`,
  );
  expect(await mysqlSays(services, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  await services.stop();
});

test('the servers end by themselves when the run that started them is killed', async () => {
  const { child } = await startElsewhere(join(parent, 'killed'));
  expect(processesIn(parent)).toHaveLength(2);
  await kill(child);
  await until(() => processesIn(parent).length === 0);
});

test('the next start ends servers that outlived their run, and removes their data', async () => {
  const folder = join(parent, 'killed');
  const { child } = await startElsewhere(folder);
  const guardians = guardiansOf(folder);
  expect(guardians).toHaveLength(2);
  for (const guardian of guardians) process.kill(guardian, 'SIGKILL');
  await kill(child);
  const orphans = processesIn(folder);
  expect(orphans).toHaveLength(2);

  const told: string[] = [];
  const services = await startServices({ ...askedEngine(), folder, log: (line) => told.push(line) });
  expect(told[0]).toContain(`removing what process ${child.pid} left behind`);
  expect(processesIn(folder).filter((pid) => orphans.includes(pid))).toEqual([]);
  expect(await mysqlSays(services, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  await services.stop();
  expect(readdirSync(parent)).toEqual([]);
});

test('the next start leaves the servers of a living run alone', async () => {
  const { child, services } = await startElsewhere(join(parent, 'living'));
  const mine = await startServices({ folder: join(parent, 'mine'), log });
  expect(await mysqlSays(services, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  await mine.stop();
  await kill(child);
});

test('kept data is there again at the next start, and even after a kill', async () => {
  const folder = join(parent, 'kept');
  const first = await startServices({ ...askedEngine(), folder, log, keep: true });
  await mysqlSays(first, 'CREATE DATABASE rs_kept CHARACTER SET utf8mb4');
  await redisSays(first, (redis) => redis.set('kept', 'yes'));
  await first.stop();

  const { child, services: second } = await startElsewhere(folder, 'keep');
  expect(await mysqlSays(second, "SHOW DATABASES LIKE 'rs_kept'")).toHaveLength(1);
  await kill(child);

  const third = await startServices({ ...askedEngine(), folder, log, keep: true });
  expect(await mysqlSays(third, "SHOW DATABASES LIKE 'rs_kept'")).toHaveLength(1);
  expect(await redisSays(third, (redis) => redis.get('kept'))).toBe('yes');
  await third.stop();
});

test('a checkout deep in the file system still gets a socket path the kernel accepts', async () => {
  const folder = join(
    parent,
    'a-folder-with-a-rather-long-name'.repeat(3),
    'another-one-that-goes-past-the-limit',
    'one',
  );
  const services = await startServices({ ...askedEngine(), folder, log });
  expect(await mysqlSays(services, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  await services.stop();
});

test('servers given by the caller are used and never stopped', async () => {
  const [mysqlUrl, redisUrl] = [process.env['RELAIS_TEST_MYSQL_URL'], process.env['RELAIS_TEST_REDIS_URL']];
  const folder = join(parent, 'unused');
  const services = await startServices({
    ...askedEngine(),
    folder,
    log,
    mysqlUrl: mysqlUrl ?? '',
    redisUrl: redisUrl ?? '',
  });
  expect(services).toMatchObject({ mysqlUrl, redisUrl, origin: 'given' });
  await services.stop();
  expect(existsSync(folder)).toBe(false);
  expect(await mysqlSays(services, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
});

test('a given server that does not answer is named, with the variable that names it', async () => {
  const start = startServices({
    folder: join(parent, 'x'),
    log,
    mysqlUrl: 'mysql://root:secret@127.0.0.1:1',
  });
  await expect(start).rejects.toThrow(/nothing answers at 127\.0\.0\.1:1, named by RELAIS_MYSQL_OWNER_URL/);
  await expect(start).rejects.not.toThrow('secret');
});

test('each server works in its own folder, which is how a later start recognises it', async () => {
  const folder = join(parent, 'one');
  const services = await startServices({ ...askedEngine(), folder, log });
  const places = processesIn(folder).map((pid) => readlinkSync(`/proc/${pid}/cwd`));
  expect(places.sort()).toEqual([join(folder, 'mysql'), join(folder, 'redis')].sort());
  await services.stop();
});
