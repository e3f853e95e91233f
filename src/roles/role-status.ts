// Reports the state of a role: its heartbeat in MySQL, its troubles, and whether Redis and keys are its own.
// Invariant: a role whose Redis or key is another installation's reports it and is not ready.
import { hostname } from 'node:os';
import { programVersion } from '../config/version.ts';
import { startHeartbeat } from '../delivery/background/heartbeat.ts';
import { pacedMs, startLoop, usualIdleMs, type Loop } from '../delivery/background/poll-loop.ts';
import { openOwnership, type Ownership } from '../delivery/background/redis-ownership.ts';
import { isRelaisError } from '../errors.ts';
import { keysLookedAtMs, recogniseKeys } from '../privacy/keys.ts';
import { openRedis, refuseWrongAccount, writeProbe, type RedisClient } from '../queue/connect.ts';
import type { App } from '../app.ts';

/** A running role. `stop` drains it within the configured limit. */
export interface Role {
  readonly stop: () => Promise<void>;
  /** Undefined while healthy; otherwise the trouble. */
  readonly trouble: () => Promise<string | undefined>;
}

/** Another process may have introduced a new key: this one then writes with it too. */
function watchKeys({
  database,
  config,
  keys,
  log,
}: App): Loop & { readonly trouble: () => string | undefined } {
  let wrong: string | undefined;
  const loop = startLoop({
    name: 'keys',
    idleMs: pacedMs(keysLookedAtMs, config.planner.idleMs),
    tickMs: usualIdleMs,
    log,
    work: async () => {
      try {
        await recogniseKeys({ database, keysSchema: config.keysSchema, keys });
        wrong = undefined;
      } catch (error) {
        if (!isRelaisError(error) || !error.code.startsWith('KEY-')) throw error;
        wrong = error.code;
        log.error('keys.refused', { code: error.code });
      }
      return false;
    },
  });
  return { ...loop, trouble: () => wrong };
}

/** Watched on a connection of its own. @throws REDIS-001, with nothing left open */
export async function ownershipOf(
  role: string,
  { config, database, log }: App,
  redis: RedisClient,
): Promise<Ownership> {
  const { place, prefix } = config.redis;
  // A connection of its own: among BullMQ's commands, which are pipelined, it would take their place while Redis is unreachable.
  const watch = openRedis(place, 'commands', config.silenceMs);
  try {
    await refuseWrongAccount(watch, place);
    return await openOwnership({
      database,
      redis: watch,
      prefix,
      role,
      log,
      write: () => writeProbe(redis, prefix),
    });
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Starts the heartbeat of this role, and reports its troubles. */
export function presenceOf(
  role: string,
  app: App,
  ownership: Ownership,
): { readonly trouble: Ownership['trouble']; readonly stop: () => Promise<void> } {
  const { database, log } = app;
  const keyWatch = watchKeys(app);
  const { master, seal } = app.keys;
  const line = {
    name: processName(),
    role,
    version: programVersion(),
    keys: { master: master.keys[0]?.id ?? '', seal: seal.keys[0]?.id ?? '' },
  };
  const heartbeat = startHeartbeat(database, line, log);
  return {
    trouble: async () =>
      keyWatch.trouble() ??
      (await ownership.trouble()) ??
      (heartbeat.isUnanswered() ? 'mysql answers reads and no writes (UNANSWERED)' : undefined),
    stop: async () => {
      ownership.stop();
      await keyWatch.stop();
      await heartbeat.stop();
    },
  };
}

export const processName = (): string => `${hostname().slice(0, 40)}:${process.pid}`;
