// Makes the settings of one demo: folder, keys, secrets, accounts, and the env file that lets `npx relais` find it.
// Invariant: every secret is random and deleted with the demo; two demos share nothing, and the second one leaves `.relais/current.env`
// to the first.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, sandboxFile } from '../../src/config.ts';
import type { Accounts } from './sql.ts';

export interface DemoPlaces {
  /** <root>/.relais/demo-<pid>: deleted after the demo. */
  readonly folder: string;
  /** <root>/.relais/received-<pid>: the files the recipients received; kept. */
  readonly received: string;
}

export function placesOf(pid: number): DemoPlaces {
  return {
    folder: join(projectRoot, '.relais', `demo-${pid}`),
    received: join(projectRoot, '.relais', `received-${pid}`),
  };
}

/** Makes the folder for received files; keeps those of the latest four demos. */
export function prepareReceived({ received }: DemoPlaces): void {
  const parent = join(projectRoot, '.relais');
  mkdirSync(received, { recursive: true });
  const earlier = readdirSync(parent)
    .filter(
      (name) =>
        /^received-\d+$/.test(name) && join(parent, name) !== received && !isRunning(Number(name.slice(9))),
    )
    .map((name) => ({ path: join(parent, name), at: statSync(join(parent, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of earlier.slice(4)) rmSync(path, { recursive: true, force: true });
}

export const secretText = (): string => randomBytes(18).toString('hex');
/** For HMAC signatures by Standard Webhooks. */
export const signingSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export function inventAccounts(pid: number, host: string): Accounts {
  const account = (role: string): { user: string; password: string } => ({
    user: `rd${pid}_${role}`,
    password: secretText(),
  });
  const database = `relais_demo_${pid}`;
  return {
    database,
    keysSchema: `${database}_keys`,
    owner: account('owner'),
    gateway: account('gateway'),
    intake: account('intake'),
    host,
  };
}

export function urlFor(serverUrl: string, account: Accounts['owner'], database: string): string {
  const url = new URL(serverUrl);
  url.username = account.user;
  url.password = account.password;
  url.pathname = `/${database}`;
  return url.href;
}

/** `secret:NAME` values of the demo clients' mappings. */
export type DemoSecrets = Readonly<
  Record<
    | 'HORIZON_TOKEN'
    | 'HORIZON_SIGNING'
    | 'SMTP_URL'
    | 'ALPES_SFTP_PASSWORD'
    | 'HEXAGONE_SFTP_PASSWORD'
    | 'CLIENT_SFTP_PASSWORD',
    string
  >
>;

export const mailHost = 'smtp.relais.example';
export const mailUser = 'relais';
export const smtpUrl = (password: string): string => `smtp://${mailUser}:${password}@${mailHost}:587`;

export function inventSecrets(): { readonly secrets: DemoSecrets; readonly mailPassword: string } {
  const mailPassword = secretText();
  const secrets = {
    HORIZON_TOKEN: secretText(),
    HORIZON_SIGNING: signingSecret(),
    SMTP_URL: smtpUrl(mailPassword),
    ALPES_SFTP_PASSWORD: secretText(),
    HEXAGONE_SFTP_PASSWORD: secretText(),
    CLIENT_SFTP_PASSWORD: secretText(),
  };
  return { secrets, mailPassword };
}

export interface EnvironmentFacts {
  readonly places: DemoPlaces;
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  readonly accounts: Accounts;
  /** `secret:NAME` values of the mappings. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The program's own when absent. */
  readonly mappings?: string;
  /** PEM. */
  readonly authority: string;
  /** Host of a demo client -> port on loopback. */
  readonly ports: Readonly<Record<string, number>>;
}

/** Writes secrets and certificate into the demo's folder; returns the variables of src/config.ts. */
export function writeEnvironment(facts: EnvironmentFacts): Readonly<Record<string, string>> {
  const { places, accounts, secrets } = facts;
  const secretsFolder = join(places.folder, 'secrets');
  mkdirSync(secretsFolder, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(secrets))
    writeFileSync(join(secretsFolder, name), `${value}\n`, { mode: 0o600 });
  const caFile = join(places.folder, 'ca.pem');
  writeFileSync(caFile, facts.authority);
  return {
    RELAIS_ENV: 'sandbox',
    RELAIS_MYSQL_URL: urlFor(facts.mysqlUrl, accounts.gateway, accounts.database),
    RELAIS_MYSQL_OWNER_URL: urlFor(facts.mysqlUrl, accounts.owner, accounts.database),
    RELAIS_MYSQL_INTAKE_URL: urlFor(facts.mysqlUrl, accounts.intake, accounts.database),
    RELAIS_KEYS_SCHEMA: accounts.keysSchema,
    RELAIS_REDIS_URL: facts.redisUrl,
    RELAIS_REDIS_PREFIX: accounts.database,
    RELAIS_MASTER_KEY: randomBytes(32).toString('base64'),
    RELAIS_SEAL_KEY: randomBytes(32).toString('base64'),
    RELAIS_MAPPINGS_DIR: facts.mappings ?? join(projectRoot, 'mappings'),
    RELAIS_SECRETS_DIR: secretsFolder,
    RELAIS_ALLOWED_RANGES: '127.0.0.0/8',
    // A newcomer's own receiver may then be ten lines of plain http.
    RELAIS_ALLOW_PLAINTEXT: 'yes',
    RELAIS_CONNECT_TO: Object.entries(facts.ports)
      .map(([host, port]) => `${host}=127.0.0.1:${port}`)
      .join(','),
    RELAIS_CA_FILE: caFile,
    // Short, so that a killed worker's deliveries are claimed again within seconds.
    RELAIS_LEASE_MS: '8000',
    RELAIS_SETTLING_MS: '8000',
    RELAIS_DRAIN_MS: '5000',
    RELAIS_ACTOR: 'demo',
  };
}

export interface CurrentFile {
  /** False when another demo has it. */
  readonly taken: boolean;
  /** This demo's env file, even while another demo has `.relais/current.env`. */
  readonly own: string;
  readonly release: () => void;
}

const envText = (env: Readonly<Record<string, string>>, pid: number): string =>
  [`# demo ${pid}`, ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ''].join('\n');

/** Writes the env file into the demo's folder, and as `.relais/current.env` unless a running demo has that one. */
export function publishEnvironment(
  places: DemoPlaces,
  env: Readonly<Record<string, string>>,
  pid: number,
): CurrentFile {
  const text = envText(env, pid);
  const own = join(places.folder, 'demo.env');
  writeFileSync(own, text, { mode: 0o600 });
  const current = join(projectRoot, sandboxFile);
  const ownerOf = (): number =>
    existsSync(current) ? Number(/^# demo (\d+)/.exec(readFileSync(current, 'utf8'))?.[1] ?? 0) : 0;
  const owner = ownerOf();
  if (owner !== 0 && !isRunning(owner)) rmSync(current, { force: true });
  let taken = true;
  try {
    writeFileSync(current, text, { mode: 0o600, flag: 'wx' });
  } catch {
    taken = false;
  }
  const release = (): void => {
    if (taken && ownerOf() === pid) rmSync(current, { force: true });
  };
  // A second Ctrl-C must not leave the file behind for later commands.
  process.once('exit', release);
  return { taken, own, release };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
