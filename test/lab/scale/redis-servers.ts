// Redis as production has it, from the binaries of this machine: a cluster of three nodes, and a master with a replica that
// Sentinel watches.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findProgram } from '../../../sandbox/binaries.ts';
import { freePort } from '../../../sandbox/ports.ts';

export const redisProgram = findProgram('redis-server', 'valkey-server');

interface Server {
  readonly port: number;
  readonly child: ChildProcess;
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 150_000): Promise<void> {
  for (const end = Date.now() + withinMs; !(await check().catch(() => false));) {
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const ask = async <T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = new Redis({
    port,
    host: '127.0.0.1',
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
};

async function startServer(folder: string, lines: readonly string[], sentinel = false): Promise<Server> {
  const port = await freePort();
  const home = join(folder, String(port));
  mkdirSync(home);
  const file = join(home, 'redis.conf');
  const memory = sentinel ? [] : ['save ""', 'appendonly no', 'maxmemory-policy noeviction'];
  writeFileSync(
    file,
    [`port ${port}`, 'bind 127.0.0.1', `dir ${home}`, 'protected-mode no', ...memory, ...lines, ''].join(
      '\n',
    ),
  );
  const child = spawn(redisProgram ?? '', [file, ...(sentinel ? ['--sentinel'] : [])], { stdio: 'ignore' });
  await until(`Redis on ${port}`, async () => (await ask(port, (redis) => redis.ping())) === 'PONG');
  return { port, child };
}

const stopAll = async (servers: readonly Server[], folder: string): Promise<void> => {
  for (const { child } of servers) child.kill('SIGKILL');
  for (const { child } of servers)
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((done) => child.once('exit', done));
  rmSync(folder, { recursive: true, force: true });
};

export interface RedisCluster {
  readonly url: string;
  /** Keys of every node that begin with the prefix. */
  readonly keys: (prefix: string) => Promise<readonly (readonly string[])[]>;
  readonly stop: () => Promise<void>;
}

export async function startCluster(): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'relais-cluster-'));
  const nodes: Server[] = [];
  for (let node = 0; node < 3; node += 1) {
    const bus = await freePort();
    nodes.push(
      await startServer(folder, ['cluster-enabled yes', `cluster-port ${bus}`, 'cluster-node-timeout 3000']),
    );
    const port = nodes[node]?.port ?? 0;
    const [from, to] = [Math.floor((16_384 * node) / 3), Math.floor((16_384 * (node + 1)) / 3) - 1];
    await ask(port, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to));
    const first = nodes[0]?.port ?? 0;
    if (node > 0) {
      await ask(first, (redis) => redis.call('CLUSTER', 'MEET', '127.0.0.1', port, bus));
    }
  }
  for (const { port } of nodes)
    await until('the cluster', async () => {
      const info = String(await ask(port, (redis) => redis.call('CLUSTER', 'INFO')));
      return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
    });
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    keys: (prefix) => Promise.all(nodes.map(({ port }) => ask(port, (redis) => redis.keys(`${prefix}*`)))),
    stop: () => stopAll(nodes, folder),
  };
}

export interface SentinelRedis {
  readonly url: string;
  /** Kills the master and returns once Sentinel has named another. */
  readonly failOver: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startSentinel(): Promise<SentinelRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'relais-sentinel-'));
  const master = await startServer(folder, []);
  const replica = await startServer(folder, [`replicaof 127.0.0.1 ${master.port}`]);
  await until('the replica', async () =>
    (await ask(replica.port, (redis) => redis.info('replication'))).includes('master_link_status:up'),
  );
  const sentinels: Server[] = [];
  for (let count = 0; count < 3; count += 1)
    sentinels.push(
      await startServer(
        folder,
        [
          `sentinel monitor relais 127.0.0.1 ${master.port} 2`,
          'sentinel down-after-milliseconds relais 1000',
          'sentinel failover-timeout relais 5000',
        ],
        true,
      ),
    );
  const said = (): Promise<readonly string[]> =>
    ask(sentinels[0]?.port ?? 0, (redis) =>
      redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'relais'),
    ) as Promise<readonly string[]>;
  const known = (field: string): Promise<boolean> =>
    ask(sentinels[0]?.port ?? 0, (redis) => redis.call('SENTINEL', 'MASTER', 'relais')).then((answer) => {
      const list = answer as readonly string[];
      return Number(list[list.indexOf(field) + 1]) >= (field === 'num-slaves' ? 1 : 2);
    });
  await until(
    'the sentinels',
    async () => (await known('num-slaves')) && (await known('num-other-sentinels')),
  );
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/relais`,
    failOver: async () => {
      master.child.kill('SIGKILL');
      await until('a new master', async () => Number((await said())[1]) === replica.port);
    },
    stop: () => stopAll([...sentinels, replica, master], folder),
  };
}
