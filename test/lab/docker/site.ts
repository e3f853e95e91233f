// An installation as docs/docker.md says: a copy of the checkout with keys, .env, secrets and a client, and `docker compose` in it.
import { randomBytes } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { projectRoot } from '../../../src/config.ts';
import { freePort } from '../../../sandbox/ports.ts';
import { images } from './images.ts';
import { attempt, run, type Ended } from './shell.ts';

export interface Site {
  readonly folder: string;
  readonly ports: Readonly<Record<PortName, number>>;
  /** First three numbers of the subnets. */
  readonly nets: { readonly inside: string; readonly intake: string; readonly outside: string };
  /** `docker compose WORDS`; throws with what was printed. */
  readonly compose: (...words: readonly string[]) => Promise<string>;
  readonly tryCompose: (...words: readonly string[]) => Promise<Ended>;
  /** The same, with standard input. */
  readonly composeWith: (input: string, ...words: readonly string[]) => Promise<string>;
  /** `relais WORDS` in the gateway's container. */
  readonly relais: (words: readonly string[], input?: string) => Promise<Ended>;
  /** Rows of a statement, one string each, as root on MySQL's socket. */
  readonly sql: (statement: string, schema?: string) => Promise<readonly string[]>;
  /** Opens backups. */
  readonly identity: string;
  /** Writes settings into .env. */
  readonly set: (settings: Readonly<Record<string, string>>) => void;
  readonly env: (name: string) => string;
  readonly key: (name: string) => string;
  /** Containers, networks and volumes of the installation. */
  readonly remove: () => Promise<void>;
}

const portNames = ['INTAKE_PORT', 'API_PORT', 'CONSOLE_PORT', 'HEALTH_PORT', 'MAIL_PORT'] as const;
type PortName = (typeof portNames)[number];

/** Not those of .env.example: subnets can be changed. */
const nets = { inside: '172.30.177', intake: '172.30.178', outside: '172.30.179' };

export async function makeSite(folder: string): Promise<Site> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = await run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
  });
  for (const file of files.split('\n'))
    if (!/^(test|docs)\//.test(file)) cpSync(join(projectRoot, file), join(folder, file));
  makeKeys(folder);
  const identity = await generateIdentity();
  const ports = Object.fromEntries(
    await Promise.all(portNames.map(async (name) => [name, await freePort()] as const)),
  ) as Record<PortName, number>;
  const settings: Record<string, string> = {};
  const set = (more: Readonly<Record<string, string>>): void => {
    Object.assign(settings, more);
    const lines = readFileSync(join(folder, '.env.example'), 'utf8')
      .split('\n')
      .map((line) => {
        const [, name = ''] = /^([A-Z_]+)=/.exec(line) ?? [];
        return settings[name] === undefined ? line : `${name}=${settings[name]}`;
      });
    writeFileSync(join(folder, '.env'), lines.join('\n'));
  };
  set({
    ...images,
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    INTAKE_NAME: 'localhost',
    INSIDE_NET: nets.inside,
    INTAKE_NET: nets.intake,
    OUTSIDE_NET: nets.outside,
    BUILD_CA_FILE: process.env['NODE_EXTRA_CA_CERTS'] ?? '/dev/null',
    BUILD_PROXY: process.env['HTTPS_PROXY'] ?? '',
    PHONE_PROOFS_RECIPIENT: await identityToRecipient(await generateIdentity()),
    BACKUP_RECIPIENT: await identityToRecipient(identity),
  });
  const words = ['docker', 'compose', '--project-directory', folder, '--project-name', 'relais-lab'];
  const place = { cwd: folder };
  const tryCompose = (...more: readonly string[]): Promise<Ended> => attempt([...words, ...more], place);
  const compose = (...more: readonly string[]): Promise<string> => run([...words, ...more], place);
  const composeWith = (input: string, ...more: readonly string[]): Promise<string> =>
    run([...words, ...more], { ...place, input });
  return {
    folder,
    ports,
    nets,
    compose,
    tryCompose,
    composeWith,
    identity,
    relais: (more, input) =>
      attempt(
        [...words, 'exec', '-T', '--env', 'RELAIS_ACTOR=lab', 'gateway', 'node', 'bin/relais.mjs', ...more],
        {
          ...place,
          ...(input === undefined ? {} : { input }),
        },
      ),
    sql: async (statement, schema = 'relais') => {
      const script = `mysql --defaults-extra-file=<(printf '[client]\\nuser=root\\npassword="%s"\\n' "$(cat /run/secrets/mysql_root)") --batch --skip-column-names ${schema}`;
      const out = await run([...words, 'exec', '-T', 'mysql', 'bash', '-euc', script], {
        ...place,
        input: statement,
      });
      return out === '' ? [] : out.split('\n');
    },
    set,
    env: (name) => settings[name] ?? '',
    key: (name) => readFileSync(join(folder, 'keys', name), 'utf8').trim(),
    remove: async () => {
      await attempt([...words, '--profile', 'backup', 'down', '--volumes', '--timeout', '5'], place);
      await attempt(['docker', 'image', 'rm', 'relais:local', 'relais-backup:local']);
    },
  };
}

function makeKeys(folder: string): void {
  mkdirSync(join(folder, 'keys'), { mode: 0o700 });
  mkdirSync(join(folder, 'secrets'), { mode: 0o755 });
  for (const name of ['mysql_root', 'mysql_owner', 'mysql_gateway', 'mysql_intake', 'redis'])
    writeFileSync(join(folder, 'keys', name), `${randomBytes(24).toString('hex')}\n`, { mode: 0o444 });
  for (const name of ['master_key', 'seal_key'])
    writeFileSync(join(folder, 'keys', name), `${randomBytes(32).toString('base64')}\n`, { mode: 0o444 });
  writeFileSync(join(folder, 'secrets', 'ESSAI_SIGNING'), `whsec_${randomBytes(32).toString('base64')}\n`, {
    mode: 0o444,
  });
}

/** A client whose CRM is the receiver on this host; what a real installation would not have goes into Compose's own override file. */
export function addClient({ folder }: Site, port: number): void {
  mkdirSync(join(folder, 'mappings', 'essai'));
  writeFileSync(join(folder, 'mappings', 'essai', 'client.yaml'), client);
  writeFileSync(join(folder, 'mappings', 'essai', 'crm.yaml'), mapping);
  writeFileSync(
    join(folder, 'docker-compose.override.yml'),
    [
      'services:',
      ...['migrate', 'gateway', 'backup'].flatMap((name) => [
        `  ${name}:`,
        '    environment:',
        `      RELAIS_CONNECT_TO: crm.essai.example=${nets.outside}.1:${port}`,
        `      RELAIS_ALLOWED_RANGES: ${nets.inside}.0/24,${nets.outside}.0/24`,
      ]),
      '',
    ].join('\n'),
  );
}

/** A host without a journal: Docker's own files, which end with the container. */
export function logToFiles({ folder }: Site): void {
  const services = ['certificates', 'mysql', 'accounts', 'redis', 'mailpit', 'migrate', 'gateway'];
  const lines = services.map((name) => `  ${name}: { logging: { driver: local } }`);
  appendFileSync(join(folder, 'docker-compose.override.yml'), ['', ...lines, ''].join('\n'));
}

const client = `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [crm.essai.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example, technical: crm@essai.example }
optIn:
  - { field: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: NON } }
goLive:
  greeting: { evidence: essai, date: 2026-01-01 }
  callerNumber: { number: '+33199001000', evidence: essai, date: 2026-01-01 }
  optIn: { evidence: essai, date: 2026-01-01 }
  rightsProcedure: { evidence: essai, date: 2026-01-01 }
authorisations:
  - recipient: Essai Promotion
    destination: essai-crm
    targets: [crm.essai.example]
    categories: [identity, project, statistical]
    document: Contrat ES-2026-001
    from: 2026-01-01
`;

const mapping = `destination: essai-crm
connector: webhook
send:
  url: https://crm.essai.example/leads
  signature: { standard: secret:ESSAI_SIGNING }
retry: [1s, 2s, 5s, 5s, 10s, 10s, 30s, 30s, 1m, 1m, 5m, 10m]
limits: { concurrency: 16 }
timeouts: { connect: 3s, response: 6s, total: 10s }
consent:
  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: NON } }
fields:
  - { to: reference, from: id, required: true }
  - { to: nom, from: identity.lastName, required: true }
  - { to: tel, from: identity.mobile, as: { phone: national } }
response:
  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }
update: { send: { method: PUT, url: 'https://crm.essai.example/leads/{reference}' }, optIn: changed }
erase: { send: { method: DELETE, url: 'https://crm.essai.example/leads/{reference}' }, fields: [] }
`;
