// Reads and replaces the identity stored in a Redis: the installation that uses this prefix, and the last log entry it saw.
// Invariant: replaced only while it is unchanged since it was read, so that two concurrent claims cannot both succeed.
import type { RedisClient } from './connect.ts';
import { identityKey } from './jobs.ts';

export interface IdentityKey {
  /** Undefined when this Redis has no identity: new, or flushed. */
  readonly read: () => Promise<string | undefined>;
  /** False when it has changed since. */
  readonly replace: (before: string | undefined, after: string) => Promise<boolean>;
}

const replaceIfSame = `
local now = redis.call('GET', KEYS[1])
if (now or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

export function createIdentityKey(options: {
  readonly redis: RedisClient;
  readonly prefix: string;
}): IdentityKey {
  const { redis } = options;
  const key = identityKey(options.prefix);
  return {
    read: async () => (await redis.get(key)) ?? undefined,
    replace: async (before, after) => (await redis.eval(replaceIfSame, 1, key, before ?? '', after)) === 1,
  };
}
