// Readiness asks Redis to take something: a PING passes where every push is refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { refusalOfRedis, writeProbe } from '../../src/queue/connect.ts';
import { findRedis } from '../../sandbox/binaries.ts';
import { startRedis } from '../../sandbox/redis.ts';

test('a Redis without memory or a master answers a PING, and says what keeps it from taking anything', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-probe-'));
  const server = await startRedis({ program: findRedis() ?? '', folder, durable: false });
  const redis = new Redis(server.url);
  const refusal = (): Promise<string | undefined> =>
    writeProbe(redis, 'essai').then(() => 'none', refusalOfRedis);
  try {
    expect(await refusal()).toBe('none');
    await redis.config('SET', 'maxmemory', '1');
    expect(await redis.ping()).toBe('PONG');
    expect(await refusal()).toBe('OOM');
    await redis.config('SET', 'maxmemory', '0');
    await redis.config('SET', 'min-replicas-to-write', '1');
    expect(await redis.ping()).toBe('PONG');
    expect(await refusal()).toBe('NOREPLICAS');
    await redis.config('SET', 'min-replicas-to-write', '0');
    expect(await refusal()).toBe('none');
    // It goes by itself, and says nothing of anybody.
    expect(await redis.get('essai:probe')).toBe('1');
    expect(await redis.pttl('essai:probe')).toBeGreaterThan(0);
  } finally {
    redis.disconnect();
    await server.process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
