// Gathers the facts that the check of security judges: accounts, server, Redis, keys, files, certificates, licences (C40).
// Invariant: reads only; a part that cannot be read is named with its reason, and the others are gathered all the same.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isThisHost, projectRoot, type Config } from '../config.ts';
import { foreignCode, isRelaisError } from '../errors.ts';
import { redisFacts, type RedisFacts } from '../queue/redis-facts.ts';
import { listApiKeys, type ApiKeyRow } from '../store/access/api-keys.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { listReaders, type DatabaseReader } from '../store/hosting/readers.ts';
import { registeredKeys, type RegisteredKey } from '../store/keys.ts';
import { accountHosts } from '../store/migrate.ts';
import { accountFacts, serverLogs, type AccountFacts, type ServerLogs } from '../store/server-facts.ts';

/** The value, or the reason why it could not be read. */
export type Seen<T> = { readonly value: T } | { readonly trouble: string };

export type AccountRole = 'gateway' | 'intake' | 'owner' | 'reader' | 'statistics' | 'statistics reader';

export interface SeenAccount {
  readonly role: AccountRole;
  readonly schema: string;
  /** True where the server is on this machine. */
  readonly isLocal: boolean;
  readonly facts: Seen<AccountFacts>;
  readonly logs: Seen<ServerLogs>;
  /** Hosts of every account of this name, as the owner reads them. */
  readonly hosts: Seen<readonly string[]>;
}

export interface SecurityFacts {
  readonly now: Date;
  readonly schemas: { readonly main: string; readonly keys: string };
  readonly accounts: readonly SeenAccount[];
  readonly redis: { readonly isLocal: boolean; readonly facts: Seen<RedisFacts> };
  readonly keys: Seen<readonly RegisteredKey[]>;
  readonly apiKeys: Seen<readonly ApiKeyRow[]>;
  /** Addresses from which a client reads its own database (C57). */
  readonly readers: Seen<readonly DatabaseReader[]>;
  /** Files of secrets and their folder, with their modes. */
  readonly files: readonly { readonly path: string; readonly mode: number }[];
  readonly certificates: readonly { readonly name: string; readonly end: Date }[];
  /** Packages that the installation runs, with their licences. */
  readonly packages: readonly { readonly name: string; readonly licence: string }[];
  /** By rule: files that could not be read, with the reason. */
  readonly unread: Readonly<Record<FileRule, readonly string[]>>;
}

type FileRule = 'files' | 'certificates' | 'licences';

export async function securityFacts(config: Config, now: Date): Promise<SecurityFacts> {
  const { mysql, redis, keysSchema, silenceMs } = config;
  const urls = (
    [
      ['gateway', mysql.gatewayUrl],
      ['intake', mysql.intakeUrl],
      ['owner', mysql.ownerUrl],
      ['reader', mysql.readUrl],
      ['statistics', mysql.statisticsUrl],
      ['statistics reader', mysql.statisticsReadUrl],
    ] as const
  ).flatMap(([role, url]) =>
    url === undefined ? [] : [{ role, url, database: openDatabase({ url, connections: 1, silenceMs }) }],
  );
  try {
    const owner = urls.find(({ role }) => role === 'owner')?.database;
    const accounts: SeenAccount[] = [];
    for (const { role, url, database } of urls) accounts.push(await seenAccount(role, url, database, owner));
    const [gateway] = urls;
    const read = <T>(work: (database: Database) => Promise<T>): Promise<Seen<T>> =>
      gateway === undefined
        ? Promise.resolve({ trouble: 'not configured' })
        : seen(() => work(gateway.database));
    const facts = await seen(() => redisFacts(redis.place, redis.prefix, silenceMs));
    const unread: Record<FileRule, string[]> = { files: [], certificates: [], licences: [] };
    const secrets = secretsIn(config, unread.files);
    return {
      now,
      schemas: { main: new URL(mysql.gatewayUrl).pathname.slice(1), keys: keysSchema },
      accounts,
      redis: { isLocal: redis.place.nodes.every(({ host }) => isThisHost(host)), facts },
      keys: await read(registeredKeys),
      apiKeys: await read(listApiKeys),
      readers: await read(listReaders),
      files: filesOf(config, secrets, unread.files),
      certificates: [...certificatesOf(config, secrets, unread.certificates), ...servers(accounts, facts)],
      packages: attempt(unread.licences, 'package-lock.json', () => packagesIn(projectRoot)) ?? [],
      unread,
    };
  } finally {
    for (const { database } of urls) await database.close();
  }
}

async function seenAccount(
  role: AccountRole,
  url: string,
  database: Database,
  owner: Database | undefined,
): Promise<SeenAccount> {
  const { hostname, searchParams, username, pathname } = new URL(url);
  return {
    role,
    schema: pathname.slice(1),
    isLocal: isThisHost(hostname) || searchParams.get('socket') !== null,
    facts: await seen(() => accountFacts(database)),
    logs: await seen(() => serverLogs(database)),
    hosts:
      owner === undefined
        ? { trouble: 'RELAIS_MYSQL_OWNER_URL is not configured here' }
        : await seen(() => accountHosts(owner, decodeURIComponent(username))),
  };
}

async function seen<T>(work: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return {
      trouble: isRelaisError(error) ? (error.message.split('\n')[0] ?? error.code) : foreignCode(error),
    };
  }
}

/** The result; undefined where it fails, which is noted under the name. */
function attempt<T>(unread: string[], name: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    unread.push(`${name}: ${foreignCode(error)}`);
    return undefined;
  }
}

/** Regular files of the folder of secrets. */
function secretsIn({ backups: { secretsDir } }: Config, unread: string[]): readonly string[] {
  if (secretsDir === undefined) return [];
  const names = attempt(unread, secretsDir, () => readdirSync(secretsDir)) ?? [];
  return names
    .map((name) => join(secretsDir, name))
    .filter((path) => attempt(unread, path, () => statSync(path).isFile()));
}

const filesOf = (
  { secretFiles, backups: { secretsDir } }: Config,
  secrets: readonly string[],
  unread: string[],
): SecurityFacts['files'] =>
  [...new Set([...secretFiles, ...(secretsDir === undefined ? [] : [secretsDir]), ...secrets])].flatMap(
    (path) => {
      const mode = attempt(unread, path, () => statSync(path).mode & 0o777);
      return mode === undefined ? [] : [{ path, mode }];
    },
  );

const pem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

function certificatesOf(
  { console: desk, api, network, backups }: Config,
  secrets: readonly string[],
  unread: string[],
): SecurityFacts['certificates'] {
  const read = (path: string): string => attempt(unread, path, () => readFileSync(path, 'utf8')) ?? '';
  const endsIn = (name: string, text = ''): readonly Date[] =>
    attempt(unread, name, () =>
      [...text.matchAll(pem)].map(([block]) => new Date(new X509Certificate(block).validTo)),
    ) ?? [];
  const own: readonly (readonly [string, string | undefined])[] = [
    ['RELAIS_CONSOLE_TLS_PEM', desk.pem],
    ['RELAIS_API_TLS_PEM', api.pem],
    ...secrets.map((path) => [path, read(path)] as const),
  ];
  // In a list of authorities one that ended does no harm: the last to end counts.
  const authorities: readonly (readonly [string, string | undefined])[] = [
    ['RELAIS_CA_FILE', network.extraCa],
    ['NODE_EXTRA_CA_CERTS', backups.caFile === undefined ? undefined : read(backups.caFile)],
  ];
  return [
    ...own.flatMap(([name, text]) => endsIn(name, text).map((end) => ({ name, end }))),
    ...authorities.flatMap(([name, text]) => {
      const last = endsIn(name, text)
        .toSorted((a, b) => a.getTime() - b.getTime())
        .at(-1);
      return last === undefined ? [] : [{ name, end: last }];
    }),
  ];
}

const servers = (
  accounts: readonly SeenAccount[],
  redis: Seen<RedisFacts>,
): SecurityFacts['certificates'] => [
  ...accounts.flatMap(({ role, facts }) =>
    'value' in facts && facts.value.certificateEnd !== undefined
      ? [{ name: `MySQL, as ${role}`, end: facts.value.certificateEnd }]
      : [],
  ),
  ...('value' in redis && redis.value.certificateEnd !== undefined
    ? [{ name: 'Redis', end: redis.value.certificateEnd }]
    : []),
];

/** Packages of `package-lock.json`, without those that only development needs; one that names no licence there is read itself. */
function packagesIn(root: string): SecurityFacts['packages'] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly license?: string }>>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { license }]) => ({
      name: path.replace(/^.*node_modules\//, ''),
      licence: license ?? licenceIn(join(root, path, 'package.json')),
    }));
}

function licenceIn(file: string): string {
  if (!existsSync(file)) return 'not installed';
  const { license, licenses } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly license?: string;
    readonly licenses?: readonly { readonly type: string }[];
  };
  return license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'none';
}
