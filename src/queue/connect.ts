// Connects to Redis: one server, a cluster, or the master that Sentinel names.
// Invariant: a worker's blocking read waits for Redis to return; a command fails within seconds and a timer repeats it.
import { Cluster, Redis, type CommonRedisOptions } from 'ioredis';
import { certificateFault, RelaisError } from '../errors.ts';
import { probeKey } from './jobs.ts';

export type RedisClient = Redis | Cluster;

export interface RedisServers {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  readonly master?: string;
  readonly sentinelPassword?: string;
}

/** Delay between two tries to connect, ms. */
const retryAfter = (times: number): number => Math.min(50 * 2 ** times, 2_000);

/**
 * The old master may still answer, as a replica, under a name or an address that now belongs to the new one: connect and send again.
 */
const afterFailOver = (error: Error): 2 | false => (error.message.startsWith('READONLY') ? 2 : false);

/**
 * Pipelines BullMQ's scripts of one turn into one write; every other command is sent by itself. A batch of ioredis up to 6.0.0
 * lacks the scripts that were defined after it began (redis/ioredis#1931): a `PING` begun before the first worker defined its
 * scripts made each of them fail at once, and BullMQ retried without end and without a pause for anything else.
 */
const scriptsTogether: CommonRedisOptions = {
  enableAutoPipelining: true,
  autoPipeliningIgnoredCommands: Redis.prototype.getBuiltinCommands(),
};

/** @param silenceMs a connection that is silent for so long, plus ten seconds, is closed */
export function openRedis(place: RedisServers, use: 'commands' | 'worker', silenceMs: number): RedisClient {
  const { nodes, tls, username, password, database, master, sentinelPassword } = place;
  const common: CommonRedisOptions & { readonly maxRetriesPerRequest: number | null } = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    maxRetriesPerRequest: use === 'worker' ? null : 1,
    // Behind a partition nothing answers and nothing fails: without a limit a command waits for ever.
    ...(use === 'worker' ? {} : { commandTimeout: 5_000 }),
    // A worker's blocking read may be silent for ten seconds.
    socketTimeout: silenceMs + 10_000,
    enableReadyCheck: true,
  };
  const together = use === 'worker' ? scriptsTogether : {};
  const redis = open();
  if (redis instanceof Redis) forgetTimerAtEnd(redis);
  // Without a listener ioredis prints the error, arguments included.
  redis.on('error', () => undefined);
  return redis;

  function open(): RedisClient {
    switch (place.kind) {
      case 'cluster':
        return new Cluster([...nodes], {
          redisOptions: common,
          clusterRetryStrategy: retryAfter,
          // When the node of a slot is down: tried again, then the command fails and its timer repeats it.
          retryDelayOnClusterDown: 200,
          retryDelayOnFailover: 200,
          maxRedirections: use === 'worker' ? 100 : 10,
          // Nodes are known by address; without this, TLS to an address has no name to check.
          ...(tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}),
        });
      case 'sentinel':
        return new Redis({
          ...common,
          ...together,
          sentinels: [...nodes],
          name: master ?? '',
          db: database,
          ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
          ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
          sentinelRetryStrategy: retryAfter,
          retryStrategy: retryAfter,
          reconnectOnError: afterFailOver,
        });
      case 'single':
        return new Redis({
          ...common,
          ...together,
          ...nodes[0],
          db: database,
          retryStrategy: retryAfter,
          reconnectOnError: afterFailOver,
        });
    }
  }
}

/**
 * Sends one PING at the start. An account or certificate refused now will be refused again, which a command's bare `ReplyError`
 * would not show; an unreachable Redis may return, and does not prevent the start.
 * @throws REDIS-002
 */
export async function refuseWrongAccount(
  redis: RedisClient,
  { nodes }: Pick<RedisServers, 'nodes'>,
): Promise<void> {
  const failed = new Promise<unknown>((done) => redis.once('error', done));
  const answered = redis.ping().then(
    () => undefined,
    (error: unknown) => error,
  );
  const error = await Promise.race([answered, failed]);
  const certificate = certificateFault(error);
  const code = refusalCode(error);
  if (certificate === undefined && code === undefined) return;
  redis.disconnect();
  const [first] = nodes;
  throw new RelaisError(
    'REDIS-002',
    `Redis at ${first?.host ?? ''}:${first?.port ?? ''} ${certificate === undefined ? `refuses the account (${code})` : `cannot be reached: ${certificate}`}.`,
  );
}

/** Keeps only the code of a reply; a cluster wraps the error of its node. */
function refusalCode(error: unknown): string | undefined {
  const { message = '', lastNodeError } = (error ?? {}) as { message?: string; lastNodeError?: unknown };
  return (
    /\b(WRONGPASS|NOAUTH|NOPERM)\b/.exec(message)?.[1] ??
    (lastNodeError === undefined ? undefined : refusalCode(lastNodeError))
  );
}

/**
 * The error word of a Redis that answers and refuses everything: its disk is full (MISCONF), it is a replica, loading, or without
 * its nodes.
 */
export const refusalOfRedis = (error: unknown): string | undefined =>
  /^(MISCONF|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|OOM|BUSY)\b/.exec(
    (error as { message?: string } | undefined)?.message ?? '',
  )?.[1];

/**
 * Writes a key, to check that Redis accepts writes. PING succeeds where every push is refused: the memory is full (OOM), it is a
 * replica now (READONLY), or too few replicas follow it (NOREPLICAS).
 */
export const writeProbe = (redis: RedisClient, prefix: string): Promise<unknown> =>
  redis.set(probeKey(prefix), '1', 'PX', probeKeptMs);
const probeKeptMs = 60_000;

/** Stops ioredis's silence timer after a connection has ended: it would keep the process alive; the same for duplicates. */
function forgetTimerAtEnd(redis: Redis): Redis {
  redis.on('close', () =>
    clearTimeout((redis as unknown as { socketTimeoutTimer?: NodeJS.Timeout }).socketTimeoutTimer),
  );
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (override) => forgetTimerAtEnd(duplicate(override));
  return redis;
}
