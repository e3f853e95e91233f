// Looks for tokens and secrets in clear where none may be: every table, every key of Redis.
// Invariant: each of them holds `mark`, so that nothing is to be known about how it would be kept.
import type { Gateway } from '../../trip/gateway.ts';
import { pause, perhaps } from './scene.ts';
import { mark } from './tokens.ts';

export interface Watch {
  /** Where some were seen, each place once. Looks a last time, into the tables too. */
  readonly ended: () => Promise<readonly string[]>;
}

/** How often Redis is looked into: it may forget what it held. */
const everyMs = 2_000;

export function watchSecrets(gateway: Gateway): Watch {
  const found = new Set<string>();
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const place of (await perhaps(() => inRedis(gateway))) ?? []) found.add(place);
  };
  const watching = (async () => {
    while (!isOver) {
      await look();
      await pause(everyMs);
    }
  })();
  return {
    ended: async () => {
      isOver = true;
      await watching;
      await look();
      for (const place of await inTables(gateway)) found.add(place);
      return [...found];
    },
  };
}

async function inRedis({ redis, config }: Gateway): Promise<readonly string[]> {
  const { prefix } = config.redis;
  const found: string[] = [];
  for (const key of await redis.keys(`${prefix}:*`)) {
    const text = key + (await contentOf(redis, key));
    // A job has a number, which says nothing.
    if (text.includes(mark)) found.push(`Redis ${key.slice(prefix.length + 1).replaceAll(/\d+/g, 'N')}`);
  }
  return found;
}

async function contentOf(redis: Gateway['redis'], key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    case 'list':
      return (await redis.lrange(key, 0, -1)).join();
    case 'set':
      return (await redis.smembers(key)).join();
    case 'zset':
      return (await redis.zrange(key, 0, -1)).join();
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'));
    default:
      return '';
  }
}

const searched = [
  'char',
  'varchar',
  'text',
  'mediumtext',
  'longtext',
  'json',
  'blob',
  'mediumblob',
  'longblob',
  'varbinary',
];

/** Columns that may hold text, of every table of the database. */
export const textColumns = ({
  owner,
}: Pick<Gateway, 'owner'>): Promise<readonly { readonly table: string; readonly name: string }[]> =>
  owner.all(
    `SELECT c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS name FROM information_schema.COLUMNS c
       JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
      WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' AND c.DATA_TYPE IN (${searched.map(() => '?').join(', ')})`,
    searched,
  );

async function inTables({ owner }: Gateway): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { table, name } of await textColumns({ owner })) {
    const [row] = await owner.all<{ n: number }>(
      `SELECT COUNT(*) AS n FROM \`${table}\` WHERE LOCATE(CAST(? AS BINARY), CAST(\`${name}\` AS BINARY)) > 0`,
      [mark],
    );
    if ((row?.n ?? 0) > 0) found.push(`MySQL ${table}.${name}`);
  }
  return found;
}
