// The workers of a process: what was taken from the queue and may not begin leaves nothing behind that others wait for.
import { silentLog } from '../../src/log.ts';
import { openRedis } from '../../src/queue/connect.ts';
import { openDestinationWorker } from '../../src/queue/destination-worker.ts';
import type { Job } from '../../src/queue/jobs.ts';
import { createProducer } from '../../src/queue/producer.ts';
import { createWorkerPool } from '../../src/queue/worker-pool.ts';
import { startProxy } from '../lab/faults/proxy.ts';
import { openGateway, webhookFiles } from '../trip/gateway.ts';

const file = (batchId: number): Job => ({ batchId, attempt: 0 });

test('a job that waited for its place while Redis was another’s for a moment does not keep the place', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const redis = [0, 1].map(() => openRedis(place, 'worker', 60_000));
  const producer = createProducer({ redis: gateway.redis, prefix });
  const begun: Job[] = [];
  const givenBack: Job[] = [];
  const first = Promise.withResolvers<void>();
  let ours = true;
  const pool = await createWorkerPool({
    redis: redis[0] as (typeof redis)[number],
    subscriber: redis[1] as (typeof redis)[number],
    prefix,
    concurrencyOf: () => Promise.resolve(1),
    handle: async (_destination, job) => {
      begun.push(job);
      if (begun.length === 1) await first.promise;
    },
    isOurs: () => ours,
    giveBack: (jobs) => Promise.resolve(void givenBack.push(...jobs)),
    queued: () => Promise.resolve([]),
    log: silentLog,
    lookMs: 3_600_000,
  });
  try {
    await producer.push('essai-csv', [file(1)]);
    await gateway.until('the first has begun', () => begun.length === 1);
    await producer.push('essai-csv', [file(2)]);
    await gateway.until('the second is taken', async () => {
      const active = await gateway.redis.llen(`${prefix}:{essai-csv}:deliveries:active`);
      const waiting = await gateway.redis.llen(`${prefix}:{essai-csv}:deliveries:wait`);
      return active === 1 && waiting === 0;
    });
    ours = false;
    first.resolve();
    await gateway.until('the second is given back', () => givenBack.length === 1);
    ours = true;
    await producer.push('essai-csv', [file(3)]);
    await gateway.until('the third has begun', () => begun.length === 2);
    expect([...begun, ...givenBack]).toEqual([file(1), file(3), file(2)]);
  } finally {
    await pool.close(1_000);
    await producer.close();
    for (const connection of redis) connection.disconnect();
    await gateway.close();
  }
});

test('a job of the same process begins at once only where a place is free and the Redis is ours', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const redis = openRedis(place, 'worker', 60_000);
  const subscriber = openRedis(place, 'worker', 60_000);
  const begun: Job[] = [];
  const first = Promise.withResolvers<void>();
  let ours = true;
  const pool = await createWorkerPool({
    redis,
    subscriber,
    prefix,
    concurrencyOf: () => Promise.resolve(1),
    handle: async (_destination, job) => {
      begun.push(job);
      if (begun.length === 1) await first.promise;
    },
    isOurs: () => ours,
    giveBack: () => Promise.resolve(),
    queued: () => Promise.resolve([]),
    log: silentLog,
    lookMs: 3_600_000,
  });
  try {
    expect(pool.begin('essai-csv', [file(1)])).toEqual([file(1)]);
    await pool.wake('essai-csv');
    expect(pool.begin('essai-csv', [file(1), file(2)])).toEqual([file(2)]);
    expect(pool.begin('essai-csv', [file(2)])).toEqual([file(2)]);
    first.resolve();
    await gateway.until('the place is free', () => pool.begin('essai-csv', [file(3)]).length === 0);
    ours = false;
    expect(pool.begin('essai-csv', [file(4)])).toEqual([file(4)]);
    expect(begun).toEqual([file(1), file(3)]);
  } finally {
    await pool.close(1_000);
    expect(pool.begin('essai-csv', [file(5)])).toEqual([file(5)]);
    redis.disconnect();
    subscriber.disconnect();
    await gateway.close();
  }
});

test('jobs of the same process wait there for a place, in their order; beyond a few they are returned, and a pool that closes gives them back', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const redis = openRedis(place, 'worker', 60_000);
  const subscriber = openRedis(place, 'worker', 60_000);
  const ends: (() => void)[] = [];
  const begun: Job[] = [];
  const givenBack: Job[] = [];
  const pool = await createWorkerPool({
    redis,
    subscriber,
    prefix,
    concurrencyOf: () => Promise.resolve(2),
    handle: (_destination, job) => {
      begun.push(job);
      return new Promise<void>((done) => void ends.push(done));
    },
    isOurs: () => true,
    giveBack: (jobs) => Promise.resolve(void givenBack.push(...jobs)),
    queued: () => Promise.resolve([]),
    log: silentLog,
    lookMs: 3_600_000,
  });
  try {
    await pool.wake('essai-csv');
    expect(pool.begin('essai-csv', [1, 2, 3, 4, 5].map(file))).toEqual([file(5)]);
    await gateway.until('two have begun', () => begun.length === 2);
    expect(pool.begin('essai-csv', [file(6)])).toEqual([file(6)]);
    ends.shift()?.();
    await gateway.until('the third has begun', () => begun.length === 3);
    expect(begun).toEqual([1, 2, 3].map(file));
    expect(pool.begin('essai-csv', [7, 8].map(file))).toEqual([file(8)]);
    const closed = pool.close(60_000);
    await gateway.until('those that wait are given back', () => givenBack.length === 2);
    for (const end of ends) end();
    await closed;
    expect([begun, givenBack]).toEqual([[1, 2, 3].map(file), [4, 7].map(file)]);
  } finally {
    await pool.close(1_000);
    redis.disconnect();
    subscriber.disconnect();
    await gateway.close();
  }
});

test('a job in flight whose lock lost its expiry, as in a copied Redis, is pushed again and begun', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const redis = openRedis(place, 'worker', 60_000);
  const subscriber = openRedis(place, 'worker', 60_000);
  const producer = createProducer({ redis: gateway.redis, prefix });
  const begun: Job[] = [];
  const key = (name: string): string => `${prefix}:{essai-csv}:deliveries:${name}`;
  await producer.push('essai-csv', [file(1)]);
  await gateway.redis.lmove(key('wait'), key('active'), 'LEFT', 'LEFT');
  await gateway.redis.set(key('b1-a0:lock'), 'a worker that is gone');
  await gateway.redis.set(key('stalled-check'), '1');
  const pool = await createWorkerPool({
    redis,
    subscriber,
    prefix,
    concurrencyOf: () => Promise.resolve(1),
    handle: (_destination, job) => Promise.resolve(void begun.push(job)),
    isOurs: () => true,
    giveBack: () => Promise.resolve(),
    queued: () => Promise.resolve(['essai-csv']),
    log: silentLog,
  });
  try {
    await producer.pushAgain('essai-csv', [file(1)]);
    await gateway.until('it has begun', () => begun.length === 1);
    expect(begun).toEqual([file(1)]);
  } finally {
    await pool.close(1_000);
    await producer.close();
    redis.disconnect();
    subscriber.disconnect();
    await gateway.close();
  }
});

test('the first worker of a process, opened in the same turn as a PING on its connection, begins its jobs', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const redis = openRedis(place, 'worker', 60_000);
  const producer = createProducer({ redis: gateway.redis, prefix });
  await producer.push('essai-csv', [file(1)]);
  // Connected, so that nothing lets another turn begin between the PING and the scripts of the worker.
  await redis.ping();
  const begun = Promise.withResolvers<Job>();
  const asked = redis.ping();
  const worker = openDestinationWorker({
    destinationId: 'essai-csv',
    concurrency: 1,
    redis,
    prefix,
    handle: (_destination, job) => Promise.resolve(begun.resolve(job)),
    mayBegin: () => true,
    giveBack: () => Promise.resolve(),
    log: {
      ...silentLog,
      // A loop that never ends a turn is left by closing the worker; no time limit of the test would interrupt it.
      warn: (_event, { code } = {}) => {
        begun.reject(new Error(`the worker failed: ${code}`));
        void worker.drain();
      },
    },
  });
  try {
    expect(await begun.promise).toEqual(file(1));
    expect(await asked).toBe('PONG');
  } finally {
    await worker.drain();
    await producer.close();
    redis.disconnect();
    await gateway.close();
  }
});

test('a worker drains though its Redis no longer answers', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const [node] = place.nodes;
  const proxy = await startProxy(node ?? { host: '127.0.0.1', port: 6379 });
  const redis = openRedis({ ...place, nodes: [{ host: '127.0.0.1', port: proxy.port }] }, 'worker', 60_000);
  const producer = createProducer({ redis: gateway.redis, prefix });
  const begun = Promise.withResolvers<Job>();
  const worker = openDestinationWorker({
    ...{ destinationId: 'essai-csv', concurrency: 1, redis, prefix, log: silentLog },
    handle: (_destination, job) => Promise.resolve(begun.resolve(job)),
    mayBegin: () => true,
    giveBack: () => Promise.resolve(),
  });
  try {
    await producer.push('essai-csv', [file(1)]);
    expect(await begun.promise).toEqual(file(1));
    proxy.set('frozen');
    await worker.drain();
  } finally {
    proxy.set('open');
    await producer.close();
    redis.disconnect();
    await gateway.close();
    await proxy.close();
  }
});

test('a pool that stood aside waits at its close for the jobs it had begun', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const { place, prefix } = gateway.config.redis;
  const redis = [0, 1].map(() => openRedis(place, 'worker', 60_000));
  const seen: string[] = [];
  const job = Promise.withResolvers<void>();
  let ours = true;
  const pool = await createWorkerPool({
    redis: redis[0] as (typeof redis)[number],
    subscriber: redis[1] as (typeof redis)[number],
    prefix,
    concurrencyOf: () => Promise.resolve(1),
    handle: async () => {
      seen.push('begun');
      await job.promise;
      seen.push('ended');
    },
    isOurs: () => ours,
    giveBack: () => Promise.resolve(),
    queued: () => Promise.resolve([]),
    log: silentLog,
    lookMs: 50,
  });
  try {
    await pool.wake('essai-csv');
    expect(pool.begin('essai-csv', [file(1)])).toEqual([]);
    await gateway.until('begun', () => seen.length === 1);
    ours = false;
    await gateway.until('stood aside', () => pool.open() === 0);
    const closed = pool.close(60_000).then(() => seen.push('closed'));
    await new Promise(setImmediate);
    job.resolve();
    await closed;
    expect(seen).toEqual(['begun', 'ended', 'closed']);
  } finally {
    for (const connection of redis) connection.disconnect();
    await gateway.close();
  }
});
