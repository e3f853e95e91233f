// Reads settings that several variables make together, and the file that a running sandbox writes.
// Invariant: an invalid value is a problem, reported together with the others.
import { existsSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { VariableReader } from './reader.ts';
import type { Door, Config } from './types.ts';
import { RelaisError } from '../errors.ts';

export function alertMailOf({ read, problems }: VariableReader): Config['alerts']['mail'] {
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
export function clientMailOf({ read, problems }: VariableReader): Config['clientMail'] {
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

export function commaSeparated(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export function connectToOf(
  text: string | undefined,
  problems: string[],
): Readonly<Record<string, { readonly host: string; readonly port: number }>> {
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
export function doorOf({ read, wholeNumber, problems }: VariableReader, name: 'API' | 'CONSOLE'): Door {
  const variable = (part: string): string => `RELAIS_${name}_${part}`;
  const host = read(variable('HOST')) ?? '127.0.0.1';
  const port = read(variable('PORT')) === undefined ? undefined : wholeNumber(variable('PORT'), 0, 65_535);
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

export function consoleOf(reader: VariableReader, allowPlaintext: boolean): Config['console'] {
  const protocols = allowPlaintext ? ['https:', 'http:'] : ['https:'];
  const url = reader.url('RELAIS_CONSOLE_URL', protocols) ?? reader.url('RELAIS_OIDC_CONSOLE', protocols);
  return {
    ...doorOf(reader, 'CONSOLE'),
    ...oidcOf(reader, allowPlaintext),
    url,
  };
}

/**
 * Reads the settings for signing in by an OpenID Connect provider: off without an issuer, complete with one.
 * Passwords cannot be disabled when there is no other way to sign in; administrators always keep theirs.
 */
function oidcOf(
  { read, needed, url, oneOf, problems }: VariableReader,
  allowPlaintext: boolean,
): Pick<Config['console'], 'oidc' | 'passwords'> {
  const passwords = oneOf('RELAIS_OIDC_PASSWORDS', ['all', 'admins'] as const);
  const protocols = allowPlaintext ? ['https:', 'http:'] : ['https:'];
  const issuer = url('RELAIS_OIDC_ISSUER', protocols);
  if (issuer === undefined) {
    if (passwords === 'admins')
      problems.push(
        'RELAIS_OIDC_PASSWORDS shuts the passwords, and without RELAIS_OIDC_ISSUER there is no other way in',
      );
    return { passwords: 'all' };
  }
  return {
    passwords,
    oidc: {
      issuer,
      clientId: needed('RELAIS_OIDC_CLIENT_ID'),
      clientSecret: needed('RELAIS_OIDC_CLIENT_SECRET'),
      consoleUrl: url('RELAIS_OIDC_CONSOLE', protocols) ?? needed('RELAIS_OIDC_CONSOLE'),
      mfa: (read('RELAIS_OIDC_MFA') ?? '').split(/[\s,]+/).filter(Boolean),
      allowHttp: allowPlaintext,
    },
  };
}

// Refuses an unsafe configuration in production: clear connections, waits too short (C38, C40), no folder for proofs of phone
// consent (C30).
// Invariant: a connection counts as encrypted only when the program itself encrypts it.

/** True for an address of this machine, which needs no TLS. */
export const isThisHost = (host: string): boolean =>
  ['localhost', '127.0.0.1', '[::1]', '::1'].includes(host);

/** True for the URL of a MySQL on another host, without TLS. */
export function reachesInClear(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, searchParams } = new URL(url);
  // Only `yes`, the value that openDatabase accepts: any other word would pass here and connect in clear.
  return !isThisHost(hostname) && searchParams.get('tls') !== 'yes';
}

export const inClear = (name: string, url: string): string =>
  `${name} reaches ${new URL(url).hostname} without TLS (add ?tls=yes, or use rediss://)`;

/** @throws CONFIG-002 */
export function refuseUnsafe(config: Config): void {
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
