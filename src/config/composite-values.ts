// Reads settings that several variables make together, and the file that a running sandbox writes.
// Invariant: an invalid value is a problem, reported together with the others.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { operatorOf, systemFacts } from './os-user.ts';
import { parseRedisPlace, redisForms, type RedisPlace } from './redis-place.ts';
import type { Environment, VariableReader } from './reader.ts';

export function alertMailOf({ read, problems }: VariableReader) {
  const smtpUrl = read('RELAIS_ALERT_SMTP_URL');
  const to = read('RELAIS_ALERT_MAIL_TO');
  const from = read('RELAIS_ALERT_MAIL_FROM');
  if (smtpUrl === undefined && to === undefined) return undefined;
  if (smtpUrl === undefined || to === undefined || from === undefined) {
    problems.push('RELAIS_ALERT_SMTP_URL, RELAIS_ALERT_MAIL_TO and RELAIS_ALERT_MAIL_FROM go together');
    return undefined;
  }
  return { smtpUrl, to, from };
}

/** Server and sender are those of the alerts unless variables of their own name others. */
export function clientMailOf({ read, problems }: VariableReader) {
  const own = [
    'RELAIS_MAIL_SMTP_URL',
    'RELAIS_MAIL_FROM',
    'RELAIS_DPO_NAME',
    'RELAIS_DPO_MAIL_TO',
    'RELAIS_RIGHTS_MAILBOX',
  ];
  if (own.every((name) => read(name) === undefined)) return undefined;
  const smtpUrl = read('RELAIS_MAIL_SMTP_URL') ?? read('RELAIS_ALERT_SMTP_URL');
  const from = read('RELAIS_MAIL_FROM') ?? read('RELAIS_ALERT_MAIL_FROM');
  const [dpoName, rightsMailbox] = [read('RELAIS_DPO_NAME'), read('RELAIS_RIGHTS_MAILBOX')];
  const dpoMailbox = read('RELAIS_DPO_MAIL_TO') ?? rightsMailbox;
  if (
    smtpUrl === undefined ||
    from === undefined ||
    dpoName === undefined ||
    dpoMailbox === undefined ||
    rightsMailbox === undefined
  ) {
    problems.push(
      'RELAIS_MAIL_SMTP_URL, RELAIS_MAIL_FROM, RELAIS_DPO_NAME and RELAIS_RIGHTS_MAILBOX go together (server and sender may be those of RELAIS_ALERT_...)',
    );
    return undefined;
  }
  if (!['smtp:', 'smtps:'].includes(URL.parse(smtpUrl)?.protocol ?? ''))
    problems.push('RELAIS_MAIL_SMTP_URL must be a smtp:// or smtps:// URL');
  for (const [name, mailbox] of [
    ['RELAIS_DPO_MAIL_TO', dpoMailbox],
    ['RELAIS_RIGHTS_MAILBOX', rightsMailbox],
  ] as const)
    if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(mailbox)) problems.push(`${name} must be one bare mailbox`);
  return { smtpUrl, from, dpoName, dpoMailbox, rightsMailbox };
}

function commaSeparated(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function connectToOf(text: string | undefined, problems: string[]) {
  const routes: Record<string, { host: string; port: number }> = {};
  for (const route of commaSeparated(text)) {
    const match = /^([^=]+)=(.+):(\d{1,5})$/.exec(route);
    if (match === null) problems.push(`RELAIS_CONNECT_TO: "${route}" is not host=address:port`);
    else routes[(match[1] ?? '').toLowerCase()] = { host: match[2] ?? '', port: Number(match[3]) };
  }
  return routes;
}

export function readSandboxFile(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const values: Record<string, string> = {};
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !line.startsWith('#')) values[line.slice(0, at)] = line.slice(at + 1);
  }
  return values;
}

// Reads where the API and the console listen, and refuses access from other machines in clear.
// Invariant: without TLS of its own or a named proxy, a server listens on a loopback address only.

const loopback = ['127.0.0.1', '::1', 'localhost'];

/** Reads RELAIS_<NAME>_HOST, _PORT, _PROXIES and _TLS_PEM. */
export function doorOf({ read, port: portOf, problems }: VariableReader, name: 'API' | 'CONSOLE') {
  const variable = (part: string): string => `RELAIS_${name}_${part}`;
  const host = read(variable('HOST')) ?? '127.0.0.1';
  const port = portOf(variable('PORT'));
  const proxies = commaSeparated(read(variable('PROXIES')));
  const given = read(variable('TLS_PEM'));
  const pem = given === undefined ? undefined : pemOf(variable('TLS_PEM'), given, problems);
  if (port !== undefined && given === undefined && proxies.length === 0 && !loopback.includes(host))
    problems.push(
      `${variable('HOST')} is reached from other machines: the ${name === 'API' ? 'API' : 'console'} needs ${variable('TLS_PEM')}, or ${variable('PROXIES')}`,
    );
  return { host, port, proxies, pem };
}

/** Loaded here, so that a wrong file is reported with the rest of the configuration. */
function pemOf(variable: string, file: string, problems: string[]): string | undefined {
  if (!existsSync(file)) {
    problems.push(`${variable}: no file at ${file}`);
    return undefined;
  }
  try {
    const pem = readFileSync(file, 'utf8');
    createSecureContext({ cert: pem, key: pem });
    return pem;
  } catch {
    problems.push(`${variable} must be a readable file with a certificate, its chain and its private key`);
    return undefined;
  }
}

// Reads the console's settings: where it listens, its public address, and how people sign in.
// Invariant: one address; without `RELAIS_CONSOLE_URL` it is the one to which the provider redirects.

export const consoleOf = (reader: VariableReader) => ({
  /** The address for browsers, used in links in mails. */
  url: reader.safeUrl('RELAIS_CONSOLE_URL') ?? reader.safeUrl('RELAIS_OIDC_CONSOLE'),
  ...doorOf(reader, 'CONSOLE'),
  ...oidcOf(reader),
});

/**
 * Reads the settings for signing in by an OpenID Connect provider: off without an issuer, complete with one.
 * Passwords cannot be disabled when there is no other way to sign in; administrators always keep theirs.
 */
function oidcOf({ read, needed, safeUrl, oneOf, problems }: VariableReader) {
  const passwords = oneOf('RELAIS_OIDC_PASSWORDS', ['all', 'admins']);
  const issuer = safeUrl('RELAIS_OIDC_ISSUER');
  if (issuer === undefined) {
    if (passwords === 'admins')
      problems.push(
        'RELAIS_OIDC_PASSWORDS shuts the passwords, and without RELAIS_OIDC_ISSUER there is no other way in',
      );
    return { passwords: 'all' as const };
  }
  return {
    passwords,
    oidc: {
      issuer,
      clientId: needed('RELAIS_OIDC_CLIENT_ID'),
      clientSecret: needed('RELAIS_OIDC_CLIENT_SECRET'),
      consoleUrl: safeUrl('RELAIS_OIDC_CONSOLE') ?? needed('RELAIS_OIDC_CONSOLE'),
      mfa: (read('RELAIS_OIDC_MFA') ?? '').split(/[\s,]+/).filter(Boolean),
      allowHttp: read('RELAIS_ALLOW_PLAINTEXT') === 'yes',
    },
  };
}

// Reads the services, keys and folders that a process works with.

export function mysqlOf({ read, needed, url, wholeNumber, problems }: VariableReader) {
  needed('RELAIS_MYSQL_URL');
  const of = (name: string): string | undefined => url(`RELAIS_MYSQL_${name}`, ['mysql:']);
  const mysql = {
    gatewayUrl: of('URL') ?? '',
    ownerUrl: of('OWNER_URL'),
    /** An account that makes schemas and accounts. */
    adminUrl: of('ADMIN_URL'),
    intakeUrl: of('INTAKE_URL'),
    /** A replica for reads. */
    readUrl: of('READ_URL'),
    /** The account that writes statistics, with their schema. */
    statisticsUrl: of('STATISTICS_URL'),
  };
  const { gatewayUrl, statisticsUrl } = mysql;
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
      ...mysql,
      connections: wholeNumber('RELAIS_MYSQL_CONNECTIONS', 2, 500),
      /** The account that reads statistics, where this host has it. */
      statisticsReadUrl: of('STATISTICS_READ_URL'),
    },
  };
}

export function networkOf({ read, isYes, problems }: VariableReader) {
  const allowPlaintext = isYes('RELAIS_ALLOW_PLAINTEXT');
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

/** Folders and files are named from `base`. */
export const folderOf = ({ read }: VariableReader, name: string, base: string): string | undefined => {
  const value = read(name);
  return value === undefined ? undefined : resolve(base, value);
};

function recipientOf({ read, problems }: VariableReader, name: string): string | undefined {
  const recipient = read(name);
  if (recipient !== undefined && !/^age1[02-9ac-hj-np-z]{58}$/.test(recipient))
    problems.push(`${name} is not an age recipient (age1...)`);
  return recipient;
}

export const phoneProofsOf = (reader: VariableReader, base: string) => ({
  folder: folderOf(reader, 'RELAIS_PHONE_PROOFS_DIR', base),
  recipient: recipientOf(reader, 'RELAIS_PHONE_PROOFS_RECIPIENT'),
});

export const backupsOf = (reader: VariableReader, base: string, environment: Environment) => ({
  folder: folderOf(reader, 'RELAIS_BACKUP_DIR', base),
  recipient: recipientOf(reader, 'RELAIS_BACKUP_RECIPIENT'),
  ledger: folderOf(reader, 'RELAIS_ERASURE_LEDGER_DIR', base),
  /** Folder of the log's archives. */
  archives: folderOf(reader, 'RELAIS_LOG_ARCHIVES_DIR', base),
  secretsDir: folderOf(reader, 'RELAIS_SECRETS_DIR', base),
  /** Further certificate authorities, as Node was given them. */
  caFile: environment['NODE_EXTRA_CA_CERTS'],
});

export function eventsOf({ read, safeUrl, problems }: VariableReader) {
  const url = safeUrl('RELAIS_EVENTS_WEBHOOK');
  if (url === undefined) return undefined;
  const secrets = (read('RELAIS_EVENTS_SECRET') ?? '').split(/[\s,]+/).filter(Boolean);
  if (secrets.length === 0 || !secrets.every((secret) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret)))
    problems.push(
      'RELAIS_EVENTS_SECRET must be whsec_ and 24 random bytes or more in base64 where RELAIS_EVENTS_WEBHOOK is set',
    );
  return { url, secrets };
}

/** In production the operating system names the operator; elsewhere `RELAIS_ACTOR` may. */
export function terminalOf(
  { read, isYes, problems }: VariableReader,
  env: string,
  { SUDO_USER: sudoUser, SUDO_UID: sudoUid }: Environment,
) {
  const actor = read('RELAIS_ACTOR');
  const system = systemFacts();
  const factorCode = read('RELAIS_FACTOR_CODE');
  if (factorCode !== undefined && factorCode.length > 40)
    problems.push('RELAIS_FACTOR_CODE must be a code of the second factor');
  const { name, isProved } =
    env === 'production'
      ? operatorOf({ actor, sudoUser, sudoUid }, system)
      : { name: actor ?? system.username, isProved: true };
  return {
    /** The actor of commands run by hand. */
    actor: name,
    /** True where the operating system names the actor, so that an account of that login may be meant. */
    actorIsProved: isProved,
    terminal: {
      /** Commands that read persons need an account with a second factor. */
      needsFactor: isYes('RELAIS_TERMINAL_FACTOR'),
      /** Login whose second factor `factorCode` is. */
      login: actor ?? name,
      factorCode,
    },
  };
}

/** Placeholder until the problem is reported. */
const unknownPlace: RedisPlace = {
  kind: 'single',
  nodes: [{ host: 'localhost', port: 6379 }],
  tls: false,
  database: 0,
};

export function redisOf({ read, needed, problems }: VariableReader) {
  const url = needed('RELAIS_REDIS_URL');
  const place = parseRedisPlace(url);
  if (place === undefined && url !== '') problems.push(`RELAIS_REDIS_URL must be ${redisForms}`);
  return { url, place: place ?? unknownPlace, prefix: read('RELAIS_REDIS_PREFIX') ?? 'relais' };
}
