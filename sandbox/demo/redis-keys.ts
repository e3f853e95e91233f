// Removes the demo's keys from a Redis that is not ours to stop: one server, a cluster or behind Sentinel.
// Invariant: touches only keys with the demo's own prefix, which no other program uses.
import { openRedis } from '../../src/app/for-sandbox.ts';
import { parseRedisPlace } from '../../src/config/redis-place.ts';

/** @param redisUrl as RELAIS_REDIS_URL has it */
export async function removeRedisKeys(redisUrl: string, prefix: string): Promise<void> {
  const place = parseRedisPlace(redisUrl);
  if (place === undefined || !/^[A-Za-z0-9_]+$/.test(prefix)) return;
  const redis = openRedis(place, 'commands', 20_000);
  try {
    // A cluster knows its nodes after its first answer.
    await redis.ping();
    for (const server of 'nodes' in redis ? redis.nodes('master') : [redis]) {
      const found = server.scanStream({ match: `*${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>;
      // One at a time: on a cluster keys of different slots may not share a command.
      for await (const keys of found) for (const key of keys) await redis.del(key);
    }
  } finally {
    redis.disconnect();
  }
}
