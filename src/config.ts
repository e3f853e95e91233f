// Reads the environment, alone in the program: validates every variable at once, masks secrets, freezes the result.
// Invariant: nothing starts with a wrong configuration; production refuses an unsafe one (C38, C40).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  alertMailOf,
  clientMailOf,
  connectToOf,
  commaSeparated,
  inClear,
  reachesInClear,
  readSandboxFile,
  consoleOf,
  doorOf,
  refuseUnsafe,
} from './config/composite-values.ts';
import { createVariableReader, sandboxFile, type VariableReader, createSecrets } from './config/reader.ts';
import { operatorOf, systemFacts } from './config/os-user.ts';
import { parseRedisPlace, redisForms, type RedisPlace } from './config/redis-place.ts';
import type { Config, Environment } from './config/types.ts';
import { RelaisError } from './errors.ts';

export { sandboxFile } from './config/reader.ts';
export type { Config, Environment } from './config/types.ts';
export { variables } from './config/variables.ts';

/** The process's own variables, to find typing errors in their names. */
export const ownEnvironment = (): Environment => process.env;

/**
 * Reads and validates everything; throws one CONFIG-001 that lists every problem.
 * @param environment defaults to the process's own
 * @param folder base of `.relais/current.env` and of relative paths
 */
export function loadConfig(environment: Environment = process.env, folder: string = process.cwd()): Config {
  const sandbox = sandboxOf(environment, folder);
  const reader = createVariableReader(environment, sandbox);
  const { read, wholeNumber, oneOf } = reader;
  const env = oneOf('RELAIS_ENV', ['production', 'development', 'sandbox'] as const);
  oneOf('RELAIS_ON_CONFIG_ERROR', ['exit', 'wait'] as const);
  const { mysql, keysSchema } = mysqlOf(reader);
  const network = networkOf(reader);
  const config: Config = {
    env,
    mysql,
    installation: oneOf('RELAIS_INSTALLATION', ['shared', 'dedicated'] as const),
    silenceMs: wholeNumber('RELAIS_SILENCE_MS', 1_000, 3_600_000),
    keysSchema,
    redis: redisOf(reader),
    ...keysOf(reader),
    mappingsDir: resolve(folder, read('RELAIS_MAPPINGS_DIR') ?? 'mappings'),
    network,
    logLevel: oneOf('RELAIS_LOG_LEVEL', ['debug', 'info', 'warn', 'error'] as const),
    http: httpOf(reader),
    worker: workerOf(reader),
    planner: plannerOf(reader),
    alerts: alertsOf(reader, network.allowPlaintext),
    ...eventsOf(reader, network.allowPlaintext),
    bounces: bouncesOf(reader, network.allowPlaintext),
    phoneProofs: phoneProofsOf(reader, folder),
    backups: { ...backupsOf(reader, folder), caFile: environment['NODE_EXTRA_CA_CERTS'] },
    readOnly: oneOf('RELAIS_READ_ONLY', ['no', 'yes'] as const) === 'yes',
    clientMail: clientMailOf(reader),
    centreName: read('RELAIS_CENTRE_NAME'),
    registerFile: fileOf(read('RELAIS_REGISTER_FILE'), folder),
    callbacks: callbacksOf(reader),
    api: { ...doorOf(reader, 'API'), perMinute: reader.wholeNumber('RELAIS_API_PER_MINUTE', 1, 10_000_000) },
    console: consoleOf(reader, network.allowPlaintext),
    ...terminalOf(reader, env, environment),
    secrets: createSecrets(read('RELAIS_SECRETS_DIR'), (name) => environment[name] ?? sandbox[name]),
    secretFiles: reader.secretFiles().map((file) => resolve(folder, file)),
    listing: reader.listing(),
  };
  refuse(reader, needed.some((name) => read(name) !== undefined) ? undefined : nothingYet);
  if (env === 'production') refuseUnsafe(config);
  return Object.freeze(config);
}

/**
 * The part that a test of a backup needs: on its host nothing else of the gateway is configured.
 * @throws CONFIG-001
 */
export function testConfig(
  environment: Environment = process.env,
  folder: string = process.cwd(),
): Pick<Config, 'sealKey' | 'backups'> & { readonly earlierSealKeys: readonly Buffer[] } {
  const reader = createVariableReader(environment, sandboxOf(environment, folder));
  const part = {
    sealKey: reader.key('RELAIS_SEAL_KEY'),
    earlierSealKeys: reader.keyList('RELAIS_SEAL_KEY_PREVIOUS'),
    backups: { ...backupsOf(reader, folder), caFile: environment['NODE_EXTRA_CA_CERTS'] },
  };
  refuse(reader);
  return part;
}

/** @throws CONFIG-001 with every problem found */
function refuse({ problems, unreadable }: VariableReader, head = 'Configuration:'): void {
  const lines = [...problems, ...unreadable].map((problem) => `  - ${problem}`);
  if (lines.length > 0) throw new RelaisError('CONFIG-001', [head, ...lines].join('\n'));
}

/** The program cannot start without these. */
const needed = ['RELAIS_MYSQL_URL', 'RELAIS_REDIS_URL', 'RELAIS_MASTER_KEY', 'RELAIS_SEAL_KEY'];

/** Shown at the first command, when nothing is configured. */
const nothingYet = [
  'Nothing is configured here, and no demo runs in this folder. To try Relais, run `npm run demo -- --keep` here in another',
  'terminal and wait for "Still running": commands then find its database by themselves. For an installation of your own',
  '(docs/install.md) give these first; docs/configuration.md has every variable.',
].join('\n');

/** The mappings folder alone: drafting and checking files needs no other variable, valid or not. */
export function mappingsDirOf(
  environment: Environment = process.env,
  folder: string = process.cwd(),
): string {
  const given = environment['RELAIS_MAPPINGS_DIR'] || sandboxOf(environment, folder)['RELAIS_MAPPINGS_DIR'];
  return resolve(folder, given ?? 'mappings');
}

/** URL of the account that reads statistics: a host that only reads them needs no other variable. @throws CONFIG-001 */
export function statisticsReaderOf(
  environment: Environment = process.env,
  folder: string = process.cwd(),
): string {
  const variables = createVariableReader(environment, sandboxOf(environment, folder));
  const { needed, url, oneOf, problems } = variables;
  const name = 'RELAIS_MYSQL_STATISTICS_READ_URL';
  needed(name);
  const reader = url(name, ['mysql:']) ?? '';
  const env = oneOf('RELAIS_ENV', ['production', 'development', 'sandbox'] as const);
  if (env === 'production' && reachesInClear(reader)) problems.push(inClear(name, reader));
  refuse(variables);
  return reader;
}

/** The file of a former sandbox never configures production. */
function sandboxOf(environment: Environment, folder: string): Readonly<Record<string, string>> {
  const bare = environment['RELAIS_MYSQL_URL'] === undefined && environment['RELAIS_ENV'] !== 'production';
  return bare ? readSandboxFile(join(folder, sandboxFile)) : {};
}

function mysqlOf({
  read,
  needed,
  url,
  wholeNumber,
  problems,
}: VariableReader): Pick<Config, 'mysql' | 'keysSchema'> {
  needed('RELAIS_MYSQL_URL');
  const gatewayUrl = url('RELAIS_MYSQL_URL', ['mysql:']) ?? '';
  const ownerUrl = url('RELAIS_MYSQL_OWNER_URL', ['mysql:']);
  const adminUrl = url('RELAIS_MYSQL_ADMIN_URL', ['mysql:']);
  const intakeUrl = url('RELAIS_MYSQL_INTAKE_URL', ['mysql:']);
  const readUrl = url('RELAIS_MYSQL_READ_URL', ['mysql:']);
  const statisticsUrl = url('RELAIS_MYSQL_STATISTICS_URL', ['mysql:']);
  if (statisticsUrl !== undefined && !/^\/[A-Za-z0-9_]{1,64}$/.test(new URL(statisticsUrl).pathname))
    problems.push('RELAIS_MYSQL_STATISTICS_URL must name a schema (letters, digits, _)');
  const database = URL.canParse(gatewayUrl) ? new URL(gatewayUrl).pathname.slice(1) : '';
  if (gatewayUrl !== '' && !/^[A-Za-z0-9_]{1,48}$/.test(database))
    problems.push('RELAIS_MYSQL_URL must name a database (letters, digits, _)');
  const keysSchema = read('RELAIS_KEYS_SCHEMA') ?? `${database}_keys`;
  if (!/^[A-Za-z0-9_]{1,64}$/.test(keysSchema) && database !== '')
    problems.push('RELAIS_KEYS_SCHEMA must be a schema name');
  return {
    keysSchema,
    mysql: {
      gatewayUrl,
      connections: wholeNumber('RELAIS_MYSQL_CONNECTIONS', 2, 500),
      ownerUrl,
      adminUrl,
      intakeUrl,
      readUrl,
      statisticsUrl,
      statisticsReadUrl: url('RELAIS_MYSQL_STATISTICS_READ_URL', ['mysql:']),
    },
  };
}

const keysOf = ({ key, keyList }: VariableReader): Pick<Config, 'masterKey' | 'sealKey' | 'earlierKeys'> => ({
  masterKey: key('RELAIS_MASTER_KEY'),
  sealKey: key('RELAIS_SEAL_KEY'),
  earlierKeys: {
    master: keyList('RELAIS_MASTER_KEY_PREVIOUS'),
    seal: keyList('RELAIS_SEAL_KEY_PREVIOUS'),
  },
});

function networkOf({ read, oneOf, problems }: VariableReader): Config['network'] {
  const allowPlaintext = oneOf('RELAIS_ALLOW_PLAINTEXT', ['no', 'yes'] as const) === 'yes';
  const caFile = read('RELAIS_CA_FILE');
  const hasCa = caFile !== undefined && existsSync(caFile);
  if (caFile !== undefined && !hasCa) problems.push(`RELAIS_CA_FILE: no file at ${caFile}`);
  return {
    allowedRanges: commaSeparated(read('RELAIS_ALLOWED_RANGES')),
    allowPlaintext,
    connectTo: connectToOf(read('RELAIS_CONNECT_TO'), problems),
    ...(hasCa ? { extraCa: readFileSync(caFile, 'utf8') } : {}),
  };
}

const httpOf = ({ read, wholeNumber }: VariableReader): Config['http'] => ({
  host: read('RELAIS_HTTP_HOST') ?? '127.0.0.1',
  port: read('RELAIS_HTTP_PORT') === undefined ? undefined : wholeNumber('RELAIS_HTTP_PORT', 0, 65_535),
  metricsDestinations: wholeNumber('RELAIS_METRICS_DESTINATIONS', 0, 10_000),
});

const callbacksOf = ({ read, wholeNumber }: VariableReader): Config['callbacks'] => ({
  host: read('RELAIS_CALLBACK_HOST') ?? '127.0.0.1',
  port:
    read('RELAIS_CALLBACK_PORT') === undefined ? undefined : wholeNumber('RELAIS_CALLBACK_PORT', 0, 65_535),
});

function phoneProofsOf({ read, problems }: VariableReader, base: string): Config['phoneProofs'] {
  const folder = read('RELAIS_PHONE_PROOFS_DIR');
  const recipient = read('RELAIS_PHONE_PROOFS_RECIPIENT');
  refuseRecipient('RELAIS_PHONE_PROOFS_RECIPIENT', recipient, problems);
  return { folder: folder === undefined ? undefined : resolve(base, folder), recipient };
}

function refuseRecipient(name: string, recipient: string | undefined, problems: string[]): void {
  if (recipient !== undefined && !/^age1[02-9ac-hj-np-z]{58}$/.test(recipient))
    problems.push(`${name} is not an age recipient (age1...)`);
}

function backupsOf({ read, problems }: VariableReader, base: string): Omit<Config['backups'], 'caFile'> {
  const recipient = read('RELAIS_BACKUP_RECIPIENT');
  refuseRecipient('RELAIS_BACKUP_RECIPIENT', recipient, problems);
  const folder = (name: string): string | undefined => {
    const value = read(name);
    return value === undefined ? undefined : resolve(base, value);
  };
  return {
    folder: folder('RELAIS_BACKUP_DIR'),
    recipient,
    ledger: folder('RELAIS_ERASURE_LEDGER_DIR'),
    archives: folder('RELAIS_LOG_ARCHIVES_DIR'),
    secretsDir: folder('RELAIS_SECRETS_DIR'),
  };
}

const workerOf = ({ wholeNumber }: VariableReader): Config['worker'] => ({
  concurrency: wholeNumber('RELAIS_WORKER_CONCURRENCY', 1, 1000),
  leaseMs: wholeNumber('RELAIS_LEASE_MS', 500, 3_600_000),
  settlingMs: wholeNumber('RELAIS_SETTLING_MS', 1, 86_400_000),
  drainMs: wholeNumber('RELAIS_DRAIN_MS', 0, 600_000),
});

const plannerOf = ({ wholeNumber }: VariableReader): Config['planner'] => ({
  idleMs: wholeNumber('RELAIS_PLANNER_IDLE_MS', 5, 60_000),
  batch: wholeNumber('RELAIS_PLANNER_BATCH', 1, 5000),
  refusedDays: wholeNumber('RELAIS_REFUSED_DAYS', 1, 3_650),
  window: wholeNumber('RELAIS_WINDOW', 1, 100_000),
  filePartRows: wholeNumber('RELAIS_FILE_PART_ROWS', 1, 5000),
});

function alertsOf(reader: VariableReader, allowPlaintext: boolean): Config['alerts'] {
  const schemes = allowPlaintext ? ['https:', 'http:'] : ['https:'];
  return {
    webhook: reader.url('RELAIS_ALERT_WEBHOOK', schemes),
    chat: reader.url('RELAIS_ALERT_CHAT', schemes),
    mail: alertMailOf(reader),
  };
}

function eventsOf({ read, url, problems }: VariableReader, allowPlaintext: boolean): Pick<Config, 'events'> {
  const place = url('RELAIS_EVENTS_WEBHOOK', allowPlaintext ? ['https:', 'http:'] : ['https:']);
  if (place === undefined) return {};
  const secrets = (read('RELAIS_EVENTS_SECRET') ?? '').split(/[\s,]+/).filter(Boolean);
  if (secrets.length === 0 || !secrets.every((secret) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret)))
    problems.push(
      'RELAIS_EVENTS_SECRET must be whsec_ and 24 random bytes or more in base64 where RELAIS_EVENTS_WEBHOOK is set',
    );
  return { events: { url: place, secrets } };
}

/** In production the operating system names the operator; elsewhere `RELAIS_ACTOR` may. */
function terminalOf(
  { read, oneOf, problems }: VariableReader,
  env: Config['env'],
  { SUDO_USER: sudoUser, SUDO_UID: sudoUid }: Environment,
): Pick<Config, 'actor' | 'actorIsProved' | 'terminal'> {
  const actor = read('RELAIS_ACTOR');
  const system = systemFacts();
  const factorCode = read('RELAIS_FACTOR_CODE');
  if (factorCode !== undefined && factorCode.length > 40)
    problems.push('RELAIS_FACTOR_CODE must be a code of the second factor');
  const { name, isProved } =
    env === 'production'
      ? operatorOf({ actor, sudoUser, sudoUid }, system)
      : { name: actor ?? system.username, isProved: true };
  const needsFactor = oneOf('RELAIS_TERMINAL_FACTOR', ['no', 'yes'] as const) === 'yes';
  return {
    actor: name,
    actorIsProved: isProved,
    terminal: { needsFactor, login: actor ?? name, factorCode },
  };
}

const fileOf = (file: string | undefined, base: string): string | undefined =>
  file === undefined ? undefined : resolve(base, file);

function bouncesOf({ url, wholeNumber }: VariableReader, allowPlaintext: boolean): Config['bounces'] {
  const place = url('RELAIS_BOUNCES_URL', allowPlaintext ? ['imaps:', 'imap:'] : ['imaps:']);
  return {
    everyMs: wholeNumber('RELAIS_BOUNCES_SECONDS', 1, 86_400) * 1_000,
    url: place,
  };
}

/** Placeholder until the problem is reported. */
const unknownPlace: RedisPlace = {
  kind: 'single',
  nodes: [{ host: 'localhost', port: 6379 }],
  tls: false,
  database: 0,
};

function redisOf({ read, needed, problems }: VariableReader): Config['redis'] {
  const url = needed('RELAIS_REDIS_URL');
  const place = parseRedisPlace(url);
  if (place === undefined && url !== '') problems.push(`RELAIS_REDIS_URL must be ${redisForms}`);
  return { url, place: place ?? unknownPlace, prefix: read('RELAIS_REDIS_PREFIX') ?? 'relais' };
}

/** True when a process with a wrong configuration waits for a signal, as a supervisor needs that restarts every ended process. */
export const waitsOnConfigError = (environment: Environment = process.env): boolean =>
  environment['RELAIS_ON_CONFIG_ERROR'] === 'wait';

/** Root of the project: the folder of package.json. */
export const projectRoot = resolve(dirname(import.meta.dirname));

/**
 * Explains a port that is in use: the variable that sets it, and the remedy. Any other error is left to the
 * caller. Undefined when the error is no port in use.
 */
export function portInUse(
  { http, callbacks, api, console: desk }: Pick<Config, 'http' | 'callbacks' | 'api' | 'console'>,
  error: unknown,
): string | undefined {
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown };
  if (code !== 'EADDRINUSE' || typeof port !== 'number') return undefined;
  const named = [
    ['RELAIS_HTTP_PORT', http.port],
    ['RELAIS_CALLBACK_PORT', callbacks.port],
    ['RELAIS_API_PORT', api.port],
    ['RELAIS_CONSOLE_PORT', desk.port],
  ] as const;
  const variable = named.find(([, one]) => one === port)?.[0] ?? 'RELAIS_HTTP_PORT';
  return `The port ${port} (${variable}) is in use by another program.\n→ \`ss -ltnp 'sport = :${port}'\` names it: stop it, or give ${variable} another port.`;
}
