// What happens to the jobs in Redis: twice, stale, nonsense, in another destination's queue, back from an old copy.
// Invariant: nothing here changes a row; whatever stands in Redis, MySQL decides who receives what.
import { Queue } from 'bullmq';
import { adoptRedis } from '../../../src/delivery/background/redis-ownership.ts';
import { identityText, parseIdentity } from '../../../src/domain/installation.ts';
import { createIdentityKey } from '../../../src/queue/identity.ts';
import { identityKey, queueName, queuePrefix } from '../../../src/queue/jobs.ts';
import { destinations } from './mappings.ts';
import { pause, perhaps, surely, type Mischief, type Scene } from './scene.ts';

interface Row {
  readonly id: number;
  readonly run: number;
  readonly attempt: number;
  readonly destination: string;
  readonly batchId: number;
}

const rowsThat = (scene: Scene, where: string): Promise<readonly Row[]> =>
  scene.gateway.owner.all<Row>(
    `SELECT id, run, attempt, destination_id AS destination, batch_id AS batchId FROM deliveries
      WHERE ${where} ORDER BY id DESC LIMIT 12`,
  );

async function put(scene: Scene, destination: string, jobs: readonly unknown[]): Promise<void> {
  const queue = new Queue(queueName, {
    connection: scene.gateway.redis,
    prefix: queuePrefix(scene.gateway.config.redis.prefix, destination),
    skipVersionCheck: true,
  });
  queue.on('error', () => undefined);
  try {
    await queue.addBulk(
      jobs.map((data) => ({
        name: 'send',
        data,
        opts: { jobId: `twin-${Math.random()}`, removeOnComplete: true, removeOnFail: true },
      })),
    );
  } finally {
    await queue.close();
  }
}

const nonsense = [null, {}, { deliveryId: 'x' }, { batchId: 999_999, attempt: 0 }];

interface KeyCopy {
  readonly key: string;
  readonly bytes: Buffer;
  /** Ms it had left; 0: it does not expire. */
  readonly leftMs: number;
}

/** Every key of ours as it is now, with its expiry, as a snapshot of Redis keeps it: a lock that never expired would hold its job for ever. */
async function copyOf({ gateway }: Scene): Promise<readonly KeyCopy[]> {
  const keys = await gateway.redis.keys(`${gateway.config.redis.prefix}:*`);
  const copies: KeyCopy[] = [];
  for (const key of keys.slice(0, 400)) {
    const leftMs = Math.max(0, await gateway.redis.pttl(key));
    const bytes = await gateway.redis.dumpBuffer(key);
    if (bytes !== null) copies.push({ key, bytes, leftMs });
  }
  return copies;
}

export const jobs: Readonly<Record<string, Mischief>> = {
  doubled_jobs: {
    weight: 4,
    run: async (scene, random) => {
      await perhaps(async () => {
        const rows = await rowsThat(scene, "state IN ('queued', 'sending') AND batch_id = 0");
        for (const [destination, group] of Map.groupBy(rows, (row) => row.destination))
          await put(scene, destination, [
            ...group.flatMap(({ id, run, attempt }) =>
              [attempt, attempt + 1, attempt + 1].map((number) => ({ deliveryId: id, run, attempt: number })),
            ),
            random.pick<unknown>(nonsense),
          ]);
      });
    },
  },
  // As when two installations share a Redis, or a database came back from a backup and counts its deliveries anew.
  foreign_jobs: {
    weight: 6,
    run: async (scene, random) => {
      await perhaps(async () => {
        const rows = await rowsThat(scene, "state = 'queued'");
        for (const [destination, group] of Map.groupBy(rows, (row) => row.destination)) {
          const [first] = group;
          if (first === undefined) continue;
          const others = destinations.filter((one) => one !== destination);
          await put(scene, random.pick(others), [
            ...group.map(({ id, run, attempt }) => ({ deliveryId: id, run, attempt: attempt + 1 })),
            ...(first.batchId > 0 ? [{ batchId: first.batchId, attempt: first.attempt + 1 }] : []),
          ]);
        }
      });
    },
  },
  // Another installation writes its name and jobs; or the database came back from a backup, under a Redis that has seen later entries.
  redis_another: {
    weight: 0.5,
    alone: 'redis',
    run: async (scene, random) => {
      const { redis, app, config } = scene.gateway;
      const key = createIdentityKey({ redis, prefix: config.redis.prefix });
      await perhaps(async () => {
        const before = parseIdentity((await key.read()) ?? '');
        const name =
          random.next() < 0.5 || before === undefined
            ? identityText({ installation: 'another', life: 'another', entry: 7, entryAt: '' })
            : identityText({ ...before, entry: before.entry + 1_000_000, entryAt: 'later' });
        await redis.set(identityKey(config.redis.prefix), name);
      });
      await jobs['foreign_jobs']?.run(scene, random);
      await pause(random.between(500, 3_000));
      // As `relais redis adopt`; then time for the replica to hear of it.
      await surely(() => adoptRedis(app.database, key, { actor: 'storm', reason: 'storm' }));
      await pause(500);
    },
  },
  // Redis from a copy made seconds ago: its jobs speak of what has long left.
  redis_old: {
    weight: 1,
    alone: 'redis',
    run: async (scene, random) => {
      await perhaps(async () => {
        const copies = await copyOf(scene);
        await pause(random.between(500, 5_000));
        for (const { key, bytes, leftMs } of copies)
          await scene.gateway.redis.restore(key, leftMs, bytes, 'REPLACE');
      });
    },
  },
};
