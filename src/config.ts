// The only reader of the environment: every variable validated at once, secrets masked, the result frozen.
// Invariant: a wrong configuration starts nothing; in production the unsafe is refused (C38, C40).
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { givenOf } from './config/given.ts';
import { masked } from './config/masked.ts';
import { alertMailOf, connectToOf, listOf, readSandboxFile } from './config/parts.ts';
import { keyReaders } from './config/keys.ts';
import { parseRedisPlace, redisForms, type RedisPlace } from './config/redis-place.ts';
import { createSecrets } from './config/secrets.ts';
import { variables } from './config/variables.ts';
import { RelaisError } from './errors.ts';

export interface Config {
  readonly env: 'production' | 'development' | 'sandbox';
  readonly mysql: {
    readonly gatewayUrl: string;
    readonly ownerUrl?: string;
    readonly intakeUrl?: string;
    /** A replica for what only reads. */
    readonly readUrl?: string;
    readonly connections: number;
  };
  /** A service that answers nothing for so long has lost the connection. */
  readonly silenceMs: number;
  readonly keysSchema: string;
  readonly redis: { readonly url: string; readonly place: RedisPlace; readonly prefix: string };
  /** 32 bytes; wraps per-lead secrets and encrypts batches. */
  readonly masterKey: Buffer;
  /** 32 bytes; seals the hand-over log. */
  readonly sealKey: Buffer;
  /** Keys that were in force before: what stands under them is still read. */
  readonly earlierKeys: { readonly master: readonly Buffer[]; readonly seal: readonly Buffer[] };
  readonly mappingsDir: string;
  readonly network: {
    readonly allowedRanges: readonly string[];
    readonly allowPlaintext: boolean;
    readonly extraCa?: string;
    readonly connectTo: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  };
  readonly logLevel: string;
  readonly http: {
    readonly host: string;
    readonly port: number | undefined;
    /** Destinations that metrics name; the others are `other`. */
    readonly metricsDestinations: number;
  };
  readonly worker: {
    readonly concurrency: number;
    readonly leaseMs: number;
    readonly settlingMs: number;
    readonly drainMs: number;
  };
  readonly planner: {
    readonly idleMs: number;
    readonly batch: number;
    readonly window: number;
    /** How long a refused row is kept. */
    readonly refusedDays: number;
  };
  readonly alerts: {
    readonly webhook?: string;
    readonly mail?: { readonly smtpUrl: string; readonly to: string; readonly from: string };
  };
  /** Who acts when a command is run by hand. */
  readonly actor: string;
  /** `secret:NAME` values, newest first; files win over the environment and are read again when they change. */
  readonly secrets: (name: string) => readonly string[];
  /** What is in force, secrets masked, for `relais config`. */
  readonly listing: readonly {
    readonly name: string;
    readonly value: string;
    readonly from: string;
    readonly meaning: string;
  }[];
}

export { variables } from './config/variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's own variables, for what looks for slips in their names. */
export const ownEnvironment = (): Environment => process.env;

/** The file a running sandbox leaves for the commands beside it; ignored as soon as RELAIS_MYSQL_URL is set. */
export const sandboxFile = '.relais/current.env';

/**
 * Reads and validates everything; throws one CONFIG-001 that lists every problem.
 * @param environment defaults to the process's own
 * @param folder where `.relais/current.env` and relative paths are looked for
 */
export function loadConfig(environment: Environment = process.env, folder: string = process.cwd()): Config {
  const sandbox = sandboxOf(environment, folder);
  const problems: string[] = [];
  const unreadable = new Set<string>();
  const plain = (name: string): string | undefined => environment[name] || sandbox[name] || undefined;
  const read = (name: string): string | undefined => {
    const known = variables.find((one) => one.name === name);
    return givenOf(name, plain, known?.secret === true, unreadable) ?? known?.fallback;
  };
  const needed = (name: string): string => {
    const value = read(name);
    if (value === undefined)
      problems.push(`${name} is missing (${variables.find((one) => one.name === name)?.meaning ?? ''})`);
    return value ?? '';
  };
  const whole = (name: string, min: number, max: number): number => {
    const value = Number(read(name));
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`${name} must be a whole number from ${min} to ${max}`);
    return min;
  };
  const url = (name: string, protocols: readonly string[], value: string | undefined): string | undefined => {
    if (value === undefined) return undefined;
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (parsed !== undefined && protocols.includes(parsed.protocol)) return value;
    problems.push(`${name} must be a URL starting with ${protocols.map((one) => `${one}//`).join(' or ')}`);
    return undefined;
  };
  const { key, earlierKeys } = keyReaders(read, needed, problems);
  const choice = <T extends string>(name: string, values: readonly T[]): T => {
    const value = read(name);
    const found = values.find((one) => one === value);
    if (found === undefined) problems.push(`${name} must be one of ${values.join(', ')}`);
    return found ?? (values[0] as T);
  };

  const env = choice('RELAIS_ENV', ['production', 'development', 'sandbox'] as const);
  const gatewayUrl = url('RELAIS_MYSQL_URL', ['mysql:'], needed('RELAIS_MYSQL_URL') || undefined) ?? '';
  const ownerUrl = url('RELAIS_MYSQL_OWNER_URL', ['mysql:'], read('RELAIS_MYSQL_OWNER_URL'));
  const intakeUrl = url('RELAIS_MYSQL_INTAKE_URL', ['mysql:'], read('RELAIS_MYSQL_INTAKE_URL'));
  const readUrl = url('RELAIS_MYSQL_READ_URL', ['mysql:'], read('RELAIS_MYSQL_READ_URL'));
  const database = URL.canParse(gatewayUrl) ? new URL(gatewayUrl).pathname.slice(1) : '';
  if (gatewayUrl !== '' && !/^[A-Za-z0-9_]{1,48}$/.test(database))
    problems.push('RELAIS_MYSQL_URL must name a database (letters, digits, _)');
  const keysSchema = read('RELAIS_KEYS_SCHEMA') ?? `${database}_keys`;
  if (!/^[A-Za-z0-9_]{1,64}$/.test(keysSchema) && database !== '')
    problems.push('RELAIS_KEYS_SCHEMA must be a schema name');
  const allowPlaintext = choice('RELAIS_ALLOW_PLAINTEXT', ['no', 'yes'] as const) === 'yes';
  const caFile = read('RELAIS_CA_FILE');
  if (caFile !== undefined && !existsSync(caFile)) problems.push(`RELAIS_CA_FILE: no file at ${caFile}`);
  const alertMail = alertMailOf(read, problems);
  const alertWebhook = url(
    'RELAIS_ALERT_WEBHOOK',
    ['https:', ...(allowPlaintext ? ['http:'] : [])],
    read('RELAIS_ALERT_WEBHOOK'),
  );
  const port = read('RELAIS_HTTP_PORT') === undefined ? undefined : whole('RELAIS_HTTP_PORT', 0, 65_535);
  const extraCa = caFile !== undefined && existsSync(caFile) ? readFileSync(caFile, 'utf8') : undefined;

  const config: Config = {
    env,
    mysql: {
      gatewayUrl,
      connections: whole('RELAIS_MYSQL_CONNECTIONS', 2, 500),
      ...(ownerUrl === undefined ? {} : { ownerUrl }),
      ...(intakeUrl === undefined ? {} : { intakeUrl }),
      ...(readUrl === undefined ? {} : { readUrl }),
    },
    silenceMs: whole('RELAIS_SILENCE_MS', 1_000, 3_600_000),
    keysSchema,
    redis: {
      ...redisOf(needed('RELAIS_REDIS_URL'), problems),
      prefix: read('RELAIS_REDIS_PREFIX') ?? 'relais',
    },
    masterKey: key('RELAIS_MASTER_KEY'),
    sealKey: key('RELAIS_SEAL_KEY'),
    earlierKeys: {
      master: earlierKeys('RELAIS_MASTER_KEY_PREVIOUS'),
      seal: earlierKeys('RELAIS_SEAL_KEY_PREVIOUS'),
    },
    mappingsDir: resolve(folder, read('RELAIS_MAPPINGS_DIR') ?? 'mappings'),
    network: {
      allowedRanges: listOf(read('RELAIS_ALLOWED_RANGES')),
      allowPlaintext,
      connectTo: connectToOf(read('RELAIS_CONNECT_TO'), problems),
      ...(extraCa === undefined ? {} : { extraCa }),
    },
    logLevel: choice('RELAIS_LOG_LEVEL', ['debug', 'info', 'warn', 'error'] as const),
    http: {
      host: read('RELAIS_HTTP_HOST') ?? '127.0.0.1',
      port,
      metricsDestinations: whole('RELAIS_METRICS_DESTINATIONS', 0, 10_000),
    },
    worker: {
      concurrency: whole('RELAIS_WORKER_CONCURRENCY', 1, 1000),
      leaseMs: whole('RELAIS_LEASE_MS', 500, 3_600_000),
      settlingMs: whole('RELAIS_SETTLING_MS', 1, 86_400_000),
      drainMs: whole('RELAIS_DRAIN_MS', 0, 600_000),
    },
    planner: {
      idleMs: whole('RELAIS_PLANNER_IDLE_MS', 5, 60_000),
      batch: whole('RELAIS_PLANNER_BATCH', 1, 5000),
      refusedDays: whole('RELAIS_REFUSED_DAYS', 1, 3_650),
      window: whole('RELAIS_WINDOW', 1, 100_000),
    },
    alerts: {
      ...(alertWebhook === undefined ? {} : { webhook: alertWebhook }),
      ...(alertMail === undefined ? {} : { mail: alertMail }),
    },
    actor: read('RELAIS_ACTOR') ?? userInfo().username,
    secrets: createSecrets(read('RELAIS_SECRETS_DIR'), (name) => environment[name] ?? sandbox[name]),
    listing: variables.map((one) => {
      const value = read(one.name);
      const from = environment[one.name]
        ? 'environment'
        : sandbox[one.name]
          ? sandboxFile
          : environment[`${one.name}_FILE`]
            ? `${one.name}_FILE`
            : value === undefined
              ? 'not set'
              : 'default';
      return {
        name: one.name,
        value: value === undefined ? '' : one.secret ? masked(value) : value,
        from,
        meaning: one.meaning,
      };
    }),
  };
  problems.push(...unreadable);
  if (problems.length > 0)
    throw new RelaisError('CONFIG-001', `Configuration:\n${problems.map((one) => `  - ${one}`).join('\n')}`);
  if (env === 'production') refuseUnsafe(config);
  return Object.freeze(config);
}

/** The mappings folder alone: drafting and checking files needs no other variable, valid or not. */
export function mappingsDirOf(
  environment: Environment = process.env,
  folder: string = process.cwd(),
): string {
  const given = environment['RELAIS_MAPPINGS_DIR'] || sandboxOf(environment, folder)['RELAIS_MAPPINGS_DIR'];
  return resolve(folder, given ?? 'mappings');
}

/** A leftover of a sandbox never configures production. */
function sandboxOf(environment: Environment, folder: string): Readonly<Record<string, string>> {
  const bare = environment['RELAIS_MYSQL_URL'] === undefined && environment['RELAIS_ENV'] !== 'production';
  return bare ? readSandboxFile(join(folder, sandboxFile)) : {};
}

function refuseUnsafe(config: Config): void {
  const unsafe: string[] = [];
  if (config.worker.settlingMs < 60_000) unsafe.push('RELAIS_SETTLING_MS below 60000');
  if (config.network.allowPlaintext) unsafe.push('RELAIS_ALLOW_PLAINTEXT=yes');
  const reached = {
    RELAIS_MYSQL_URL: config.mysql.gatewayUrl,
    RELAIS_MYSQL_OWNER_URL: config.mysql.ownerUrl,
    RELAIS_MYSQL_INTAKE_URL: config.mysql.intakeUrl,
    RELAIS_MYSQL_READ_URL: config.mysql.readUrl,
  };
  for (const [name, value] of Object.entries(reached)) {
    if (value === undefined) continue;
    const parsed = new URL(value);
    const local = ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname);
    // Only what openDatabase understands counts: any other word would pass here and travel in clear.
    const encrypted = parsed.protocol === 'rediss:' || parsed.searchParams.get('tls') === 'yes';
    if (!local && !encrypted)
      unsafe.push(`${name} reaches ${parsed.hostname} without TLS (add ?tls=yes, or use rediss://)`);
  }
  const { nodes, tls } = config.redis.place;
  const far = nodes.find(({ host }) => !['localhost', '127.0.0.1', '::1'].includes(host));
  if (far !== undefined && !tls)
    unsafe.push(`RELAIS_REDIS_URL reaches ${far.host} without TLS (use rediss:// or rediss+...://)`);
  if (unsafe.length > 0)
    throw new RelaisError(
      'CONFIG-002',
      `Not allowed in production:\n${unsafe.map((one) => `  - ${one}`).join('\n')}`,
    );
}

const nowhere: RedisPlace = {
  kind: 'single',
  nodes: [{ host: 'localhost', port: 6379 }],
  tls: false,
  database: 0,
};

function redisOf(url: string, problems: string[]): { readonly url: string; readonly place: RedisPlace } {
  const place = parseRedisPlace(url);
  if (place === undefined && url !== '') problems.push(`RELAIS_REDIS_URL must be ${redisForms}`);
  return { url, place: place ?? nowhere };
}

/** Root of the project, where package.json stands. */
export const projectRoot = resolve(dirname(import.meta.dirname));
