// What a demo leaves behind on a Redis that it was given: nothing, whatever form its address has.
import { openRedis } from '../../../src/app/for-sandbox.ts';
import { parseRedisPlace } from '../../../src/config/redis-place.ts';
import { removeRedisKeys } from '../../../sandbox/demo/redis-keys.ts';
import { startCluster, startSentinel } from './redis-servers.ts';

test.each([
  ['every node of a cluster', startCluster],
  ['the master that Sentinel names', startSentinel],
] as const)('the keys of a demo are removed from %s, and no others', async (_where, start) => {
  const { url, stop } = await start();
  const place = parseRedisPlace(url);
  if (place === undefined) throw new Error(url);
  const redis = openRedis(place, 'commands', 20_000);
  try {
    const keys = Array.from({ length: 30 }, (_, each) => `bull:{rd1_demo:${each}}`);
    for (const key of [...keys, 'other']) await redis.set(key, 'x');
    await removeRedisKeys(url, 'rd1_demo');
    const servers = 'nodes' in redis ? redis.nodes('master') : [redis];
    expect((await Promise.all(servers.map((one) => one.keys('*')))).flat()).toEqual(['other']);
  } finally {
    redis.disconnect();
    await stop();
  }
});
