// Reads the environment, alone in the program: validates every variable at once, masks secrets, freezes the result.
// Invariant: nothing starts with a wrong configuration; production refuses an unsafe one (C38, C40).
import { dirname, join, resolve } from 'node:path';
import {
  alertMailOf,
  backupsOf,
  clientMailOf,
  consoleOf,
  doorOf,
  eventsOf,
  folderOf,
  mysqlOf,
  networkOf,
  phoneProofsOf,
  readSandboxFile,
  redisOf,
  terminalOf,
} from './config/composite-values.ts';
import {
  createSecrets,
  createVariableReader,
  sandboxFile,
  type Environment,
  type VariableReader,
} from './config/reader.ts';
import { RelaisError } from './errors.ts';

export { sandboxFile, type Environment } from './config/reader.ts';
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
  const config = configOf(reader, { environment, sandbox, folder });
  refuse(reader, needed.some((name) => reader.read(name) !== undefined) ? undefined : nothingYet);
  if (config.env === 'production') refuseUnsafe(config);
  return Object.freeze(config);
}

interface Sources {
  readonly environment: Environment;
  readonly sandbox: Environment;
  readonly folder: string;
}

/** The validated configuration: its values, and by them its type. */
export type Config = ReturnType<typeof configOf>;

function configOf(reader: VariableReader, { environment, sandbox, folder }: Sources) {
  const { read, wholeNumber, oneOf, port } = reader;
  const env = oneOf('RELAIS_ENV', ['production', 'development', 'sandbox']);
  oneOf('RELAIS_ON_CONFIG_ERROR', ['exit', 'wait']);
  return {
    env,
    ...mysqlOf(reader),
    network: networkOf(reader),
    /** `dedicated`: one client alone has this installation. */
    installation: oneOf('RELAIS_INSTALLATION', ['shared', 'dedicated']),
    /** A service without an answer for so long has lost the connection. */
    silenceMs: wholeNumber('RELAIS_SILENCE_MS', 1_000, 3_600_000),
    redis: redisOf(reader),
    ...keysOf(reader),
    mappingsDir: resolve(folder, read('RELAIS_MAPPINGS_DIR') ?? 'mappings'),
    logLevel: oneOf('RELAIS_LOG_LEVEL', ['debug', 'info', 'warn', 'error']),
    http: {
      host: read('RELAIS_HTTP_HOST') ?? '127.0.0.1',
      port: port('RELAIS_HTTP_PORT'),
      /** Number of destinations that metrics name; the others are `other`. */
      metricsDestinations: wholeNumber('RELAIS_METRICS_DESTINATIONS', 0, 10_000),
    },
    ...rolesOf(reader),
    alerts: {
      webhook: reader.safeUrl('RELAIS_ALERT_WEBHOOK'),
      chat: reader.safeUrl('RELAIS_ALERT_CHAT'),
      mail: alertMailOf(reader),
    },
    /** The centre's own tool that receives events. */
    events: eventsOf(reader),
    /** Mailbox of bounces. */
    bounces: {
      url: reader.safeUrl('RELAIS_BOUNCES_URL', 'imap'),
      everyMs: wholeNumber('RELAIS_BOUNCES_SECONDS', 1, 86_400) * 1_000,
    },
    /** Folder and key for a client's proofs of phone consent, written before its leads are deleted. */
    phoneProofs: phoneProofsOf(reader, folder),
    backups: backupsOf(reader, folder, environment),
    /** True when no process may change the database. */
    readOnly: reader.isYes('RELAIS_READ_ONLY'),
    /** The centre's own mails to its clients; undefined until completely configured. */
    clientMail: clientMailOf(reader),
    centreName: read('RELAIS_CENTRE_NAME'),
    /** The operator's register of processing, YAML. */
    registerFile: folderOf(reader, 'RELAIS_REGISTER_FILE', folder),
    /** Server for recipients' callbacks, by which they report a later decision. */
    callbacks: { host: read('RELAIS_CALLBACK_HOST') ?? '127.0.0.1', port: port('RELAIS_CALLBACK_PORT') },
    api: { ...doorOf(reader, 'API'), perMinute: wholeNumber('RELAIS_API_PER_MINUTE', 1, 10_000_000) },
    console: consoleOf(reader),
    ...terminalOf(reader, env, environment),
    /** `secret:NAME` values, newest first; files win over the environment and are read again when they change. */
    secrets: createSecrets(read('RELAIS_SECRETS_DIR'), (name) => environment[name] ?? sandbox[name]),
    secretFiles: reader.secretFiles().map((file) => resolve(folder, file)),
    listing: reader.listing(),
  };
}

const keysOf = ({ key, keyList }: VariableReader) => ({
  /** Wraps per-lead secrets and encrypts batches. */
  masterKey: key('RELAIS_MASTER_KEY'),
  /** Seals the hand-over log. */
  sealKey: key('RELAIS_SEAL_KEY'),
  /** Former keys: data under them can still be read. */
  earlierKeys: {
    master: keyList('RELAIS_MASTER_KEY_PREVIOUS'),
    seal: keyList('RELAIS_SEAL_KEY_PREVIOUS'),
  },
});

const rolesOf = ({ wholeNumber }: VariableReader) => ({
  worker: {
    concurrency: wholeNumber('RELAIS_WORKER_CONCURRENCY', 1, 1000),
    leaseMs: wholeNumber('RELAIS_LEASE_MS', 500, 3_600_000),
    settlingMs: wholeNumber('RELAIS_SETTLING_MS', 1, 86_400_000),
    drainMs: wholeNumber('RELAIS_DRAIN_MS', 0, 600_000),
  },
  planner: {
    idleMs: wholeNumber('RELAIS_PLANNER_IDLE_MS', 5, 60_000),
    batch: wholeNumber('RELAIS_PLANNER_BATCH', 1, 5000),
    /** Retention of a refused row. */
    refusedDays: wholeNumber('RELAIS_REFUSED_DAYS', 1, 3_650),
    window: wholeNumber('RELAIS_WINDOW', 1, 100_000),
    /** Rows of a file that are written at once. */
    filePartRows: wholeNumber('RELAIS_FILE_PART_ROWS', 1, 5000),
  },
});

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
    backups: backupsOf(reader, folder, environment),
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
  const env = oneOf('RELAIS_ENV', ['production', 'development', 'sandbox']);
  if (env === 'production' && reachesInClear(reader)) problems.push(inClear(name, reader));
  refuse(variables);
  return reader;
}

/** The file of a former sandbox never configures production. */
function sandboxOf(environment: Environment, folder: string): Readonly<Record<string, string>> {
  const bare = environment['RELAIS_MYSQL_URL'] === undefined && environment['RELAIS_ENV'] !== 'production';
  return bare ? readSandboxFile(join(folder, sandboxFile)) : {};
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

// Refuses an unsafe configuration in production: clear connections, waits too short (C38, C40), no folder for proofs of phone
// consent (C30).
// Invariant: a connection counts as encrypted only when the program itself encrypts it.

/** True for an address of this machine, which needs no TLS. */
export const isThisHost = (host: string): boolean =>
  ['localhost', '127.0.0.1', '[::1]', '::1'].includes(host);

/** True for the URL of a MySQL on another host, without TLS. */
function reachesInClear(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, searchParams } = new URL(url);
  // Only `yes`, the value that openDatabase accepts: any other word would pass here and connect in clear.
  return !isThisHost(hostname) && searchParams.get('tls') !== 'yes';
}

const inClear = (name: string, url: string): string =>
  `${name} reaches ${new URL(url).hostname} without TLS (add ?tls=yes, or use rediss://)`;

/** @throws CONFIG-002 */
function refuseUnsafe(config: Config): void {
  const unsafe: string[] = [];
  if (config.worker.settlingMs < 60_000) unsafe.push('RELAIS_SETTLING_MS below 60000');
  if (config.network.allowPlaintext) unsafe.push('RELAIS_ALLOW_PLAINTEXT=yes');
  const reached = {
    RELAIS_MYSQL_URL: config.mysql.gatewayUrl,
    RELAIS_MYSQL_OWNER_URL: config.mysql.ownerUrl,
    RELAIS_MYSQL_ADMIN_URL: config.mysql.adminUrl,
    RELAIS_MYSQL_INTAKE_URL: config.mysql.intakeUrl,
    RELAIS_MYSQL_READ_URL: config.mysql.readUrl,
    RELAIS_MYSQL_STATISTICS_URL: config.mysql.statisticsUrl,
  };
  for (const [name, value] of Object.entries(reached))
    if (value !== undefined && reachesInClear(value)) unsafe.push(inClear(name, value));
  const { nodes, tls } = config.redis.place;
  const far = nodes.find(({ host }) => !isThisHost(host));
  if (far !== undefined && !tls)
    unsafe.push(`RELAIS_REDIS_URL reaches ${far.host} without TLS (use rediss:// or rediss+...://)`);
  const { port, pem, proxies } = config.console;
  if (port !== undefined && pem === undefined && proxies.length === 0)
    unsafe.push('RELAIS_CONSOLE_PORT without TLS (RELAIS_CONSOLE_TLS_PEM, or RELAIS_CONSOLE_PROXIES)');
  if (config.phoneProofs.folder === undefined)
    unsafe.push(
      'RELAIS_PHONE_PROOFS_DIR is missing: leads of one-off operations would stay past their last day. Name a folder for the proofs of phone consent',
    );
  if (config.phoneProofs.recipient === undefined)
    unsafe.push(
      'RELAIS_PHONE_PROOFS_RECIPIENT is missing: proofs of phone consent would be written in clear. Make a key (age-keygen -o proofs.key), keep it off this host, and set its public line (age1...)',
    );
  if (unsafe.length > 0)
    throw new RelaisError(
      'CONFIG-002',
      `Not allowed in production:\n${unsafe.map((reason) => `  - ${reason}`).join('\n')}`,
    );
}
