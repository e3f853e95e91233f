// Reads what Redis says of its security: whether it asks for a password, and which keys are not ours.
// Invariant: reads only; of a key that is not ours only the first part of its name is kept.
import { TLSSocket } from 'node:tls';
import { Cluster, type Redis } from 'ioredis';
import { isRelaisError } from '../errors.ts';
import { openRedis, refuseWrongAccount, type RedisServers } from './connect.ts';

export interface RedisFacts {
  /** True where a connection without a password is refused. */
  readonly asksPassword: boolean;
  /** First parts of the names of keys that are not ours, and other databases of the server, `db3`. */
  readonly neighbours: readonly string[];
  /** End of the server's certificate; undefined in clear. */
  readonly certificateEnd: Date | undefined;
}

/** Keys looked at, at most: a neighbour is among the first ones. */
const mostKeys = 100_000;
const mostNamed = 5;

/** @throws REDIS-002 */
export async function redisFacts(
  place: RedisServers,
  prefix: string,
  silenceMs: number,
): Promise<RedisFacts> {
  const redis = openRedis(place, 'commands', silenceMs);
  try {
    await refuseWrongAccount(redis, place);
    const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
    const neighbours = await neighboursOf(nodes, place.database, prefix);
    const bare = { ...place, username: undefined, password: undefined };
    return { asksPassword: !(await answers(bare, silenceMs)), neighbours, certificateEnd: endOf(nodes[0]) };
  } finally {
    redis.disconnect();
  }
}

function endOf(node: Redis | undefined): Date | undefined {
  if (!(node?.stream instanceof TLSSocket)) return undefined;
  const end = new Date(node.stream.getPeerCertificate().valid_to);
  return Number.isNaN(end.getTime()) ? undefined : end;
}

async function answers(place: RedisServers, silenceMs: number): Promise<boolean> {
  const redis = openRedis(place, 'commands', silenceMs);
  try {
    await refuseWrongAccount(redis, place);
    return (await redis.ping()) === 'PONG';
  } catch (error) {
    // Any other failure says nothing of a password.
    if (isRelaisError(error) && error.code === 'REDIS-002') return false;
    throw error;
  } finally {
    redis.disconnect();
  }
}

async function neighboursOf(
  nodes: readonly Redis[],
  database: number,
  prefix: string,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const node of nodes) {
    for (const [, other = ''] of (await node.info('keyspace')).matchAll(/^db(\d+):keys=[1-9]/gm))
      if (Number(other) !== database) found.add(`db${other}`);
    let cursor = '0';
    for (let seen = 0; seen < mostKeys && found.size < mostNamed;) {
      const [next, keys] = await node.scan(cursor, 'COUNT', 1_000);
      for (const key of keys)
        if (!key.startsWith(`${prefix}:`)) found.add(key.split(':')[0]?.slice(0, 40) ?? '');
      seen += keys.length;
      cursor = next;
      if (cursor === '0') break;
    }
  }
  return [...found].slice(0, mostNamed).toSorted();
}
