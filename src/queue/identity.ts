// The name kept in a Redis: which installation uses this prefix, and up to where it has followed its database.
// Invariant: replaced only while it still says what was read, so that two who claim it at once cannot both have it.
import type { RedisClient } from './connect.ts';
import { identityKey } from './jobs.ts';

export interface IdentityKey {
  /** Undefined when this Redis has no name: new, or flushed. */
  readonly read: () => Promise<string | undefined>;
  /** False when it says something else by now. */
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
