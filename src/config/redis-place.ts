// Parses the URL of Redis: one server, a cluster, or a master that Sentinel names.
// Invariant: an invalid URL is refused with the valid forms; nothing is guessed.

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export interface RedisPlace {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** The server, seed nodes of the cluster, or the sentinels. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  /** Sentinel's name of the master. */
  readonly master?: string;
  readonly sentinelPassword?: string;
}

export const redisForms =
  'redis://host:port/db, redis+cluster://host:port,host:port, or redis+sentinel://host:port,host:port/master; rediss for TLS';

const ports = { single: 6379, cluster: 6379, sentinel: 26379 } as const;

/** Undefined when the text is none of the three forms. */
export function parseRedisPlace(text: string): RedisPlace | undefined {
  const match =
    /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(text);
  if (match === null) return undefined;
  const [, secure, word, account, hosts = '', path = '', query = ''] = match;
  const kind = word === 'cluster' || word === 'sentinel' ? word : 'single';
  const nodes = hosts.split(',').map((node) => nodeOf(node, ports[kind]));
  const [first, ...others] = nodes;
  if (first === undefined || nodes.includes(undefined) || (kind === 'single' && others.length > 0))
    return undefined;
  const parts = path.split('/').filter((part) => part !== '');
  const master = kind === 'sentinel' ? parts.shift() : undefined;
  if (kind === 'sentinel' && (master === undefined || !/^[\w.-]+$/.test(master))) return undefined;
  const database = Number(parts[0] ?? 0);
  if (parts.length > 1 || !Number.isInteger(database) || database < 0) return undefined;
  // A cluster has one database.
  if (kind === 'cluster' && database !== 0) return undefined;
  const [username, password] = accountOf(account);
  const sentinelPassword = new URLSearchParams(query).get('sentinelPassword');
  return {
    kind,
    nodes: [first, ...others.filter((other) => other !== undefined)],
    tls: secure === 's',
    database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(master === undefined ? {} : { master }),
    ...(sentinelPassword === null ? {} : { sentinelPassword }),
  };
}

function nodeOf(text: string, fallback: number): RedisNode | undefined {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? fallback);
  if (match?.[1] === undefined || port < 1 || port > 65_535) return undefined;
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

/** `user:password`, `:password` or nothing; percent-encoded. */
function accountOf(account: string | undefined): readonly [string | undefined, string | undefined] {
  if (account === undefined || account === '') return [undefined, undefined];
  const at = account.indexOf(':');
  const read = (text: string): string | undefined => (text === '' ? undefined : decodeURIComponent(text));
  return at < 0 ? [read(account), undefined] : [read(account.slice(0, at)), read(account.slice(at + 1))];
}
