// docker-compose.yml, .env.example, the Dockerfile and the scripts of docker/, read; the scripts are run by container-scripts.unit.test.ts, and
// `npm run lab -- docker` starts it all.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig, variables } from '../../src/config.ts';
import { passwordFileOf } from '../../src/config/reader.ts';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly build?: { readonly args: Readonly<Record<string, string>>; readonly secrets: readonly string[] };
  readonly pull_policy?: string;
  readonly configs?: readonly { readonly source: string }[];
  readonly user?: string;
  readonly networks?: Readonly<Record<string, { readonly ipv4_address?: string }>>;
  readonly network_mode?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly mem_limit?: string;
  readonly memswap_limit?: string;
  readonly logging?: { readonly driver: string };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

const root = join(import.meta.dirname, '..', '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const service = (name: string): Service => compose.services[name] as Service;
/** Host side of what a service mounts. */
const mounts = (one: Service): readonly string[] => one.volumes.map((volume) => volume.split(':')[0] ?? '');
const networksOf = (one: Service): readonly string[] => Object.keys(one.networks ?? {});
/** As Compose reads `${NAME:-default}`, nested ones too, with nothing set. */
const withDefaults = (text: string): string => {
  const once = text.replaceAll(/\$\{[A-Z_]+:?-([^${}]*)\}/g, '$1');
  return once === text ? text : withDefaults(once);
};

test('every container is confined: no capability, nothing to write on its root, limits for memory and log', () => {
  for (const [name, one] of services) {
    expect([name, one.cap_drop, one.read_only]).toEqual([name, ['ALL'], true]);
    expect(one.security_opt).toContain('no-new-privileges:true');
    expect(one.mem_limit).toMatch(/^\d+[mg]$/);
    // Swap is part of the limit, not beside it.
    expect([name, one.memswap_limit]).toEqual([name, one.mem_limit]);
    // A log in the host's journal outlives the container.
    expect(one.logging?.driver).toBe('journald');
    // Only who hands out keys is root, without most of root's rights; the gateway's user is the image's.
    if (name === 'certificates') expect(one.cap_add).not.toContain('SYS_ADMIN');
    else expect(one.cap_add).toBeUndefined();
    if (!['certificates', 'gateway', 'migrate', 'backup'].includes(name)) expect(one.user).toBe('999:999');
  }
  const image = read('Dockerfile');
  expect(image).toMatch(/\nUSER node\n[^]*\nENTRYPOINT /);
  expect(image).toMatch(/\nHEALTHCHECK /);
});

test('backups are where no other container writes; the ledger is written by the gateway and read by a restore', () => {
  const holders = (volume: string): readonly string[] =>
    services.flatMap(([name, one]) =>
      one.volumes.filter((mount) => mount.startsWith(`${volume}:`)).map((mount) => `${name} ${mount}`),
    );
  expect(holders('backups')).toEqual(['backup backups:/backups']);
  expect(holders('ledger')).toEqual([
    'migrate ledger:/ledger',
    'backup ledger:/ledger:ro',
    'gateway ledger:/ledger',
  ]);
  for (const name of ['gateway', 'migrate', 'backup'])
    expect(service(name).environment).toMatchObject({ RELAIS_ERASURE_LEDGER_DIR: '/ledger' });
});

test("the authority's key is in no container but its own, and each server has its own certificate only", () => {
  const holders = (volume: string): readonly string[] =>
    services.filter(([, one]) => mounts(one).includes(volume)).map(([name]) => name);
  expect(holders('authority')).toEqual(['certificates']);
  for (const name of ['mysql', 'redis', 'mailpit'])
    expect(holders(`certificates-${name}`)).toEqual(['certificates', name]);
  expect(holders('certificates-gateway')).toEqual(['certificates', 'migrate', 'backup', 'gateway']);
  expect(holders('mysql-socket')).toEqual(['mysql', 'accounts']);
  const used = new Set(services.flatMap(([, one]) => mounts(one)).filter((one) => /^[a-z]/.test(one)));
  expect([...used].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
});

test('passwords and keys are files for those who need them, and stand in no variable, argument or image', () => {
  expect(text).not.toMatch(/\$\{[A-Z_]*(PASSWORD|KEY)\b/);
  for (const [, { environment = {}, secrets = [] }] of services) {
    for (const [variable, value] of Object.entries(environment)) {
      if (/(PASSWORD|KEY)$/.test(variable) && !value.startsWith('/certificates/'))
        throw new Error(`${variable} holds a secret`);
      if (!value.startsWith('/run/secrets/')) continue;
      expect(secrets).toContain(value.slice('/run/secrets/'.length));
    }
  }
  const given = new Set(
    services.flatMap(([, one]) => [...(one.secrets ?? []), ...(one.build?.secrets ?? [])]),
  );
  expect([...given].toSorted()).toEqual(Object.keys(compose.secrets).toSorted());
  // The owner's password is known to who makes the accounts and who works with it; root's to the server and who makes the accounts.
  const knowing = (secret: string): readonly string[] =>
    services.filter(([, one]) => one.secrets?.includes(secret)).map(([name]) => name);
  expect(knowing('mysql_owner')).toEqual(['accounts', 'migrate', 'backup']);
  expect(knowing('mysql_root')).toEqual(['mysql', 'accounts']);
  const { build_ca: authority, ...keys } = compose.secrets;
  expect(authority?.file).toBe('${BUILD_CA_FILE:-/dev/null}');
  for (const [name, { file }] of Object.entries(keys)) {
    expect(file).toBe(`./keys/${name}`);
    expect(read('.env.example')).toMatch(new RegExp(`^#   for one in [^;]*\\b${name}\\b`, 'm'));
  }
  expect(read('.gitignore')).toMatch(/^keys\/$/m);
});

test('other systems reach MySQL at an address that is chosen, by TLS, from where they were said to come, and nothing else', () => {
  const mysql = service('mysql');
  expect(mysql.ports).toEqual(['${INTAKE_BIND:-127.0.0.1}:${INTAKE_PORT:-3306}:3306']);
  expect(networksOf(mysql).some((name) => compose.networks[name]?.internal !== true)).toBe(true);
  expect(mysql.command).toContain('--require-secure-transport=ON');
  expect(mysql.command).toContain('--mysqlx=OFF');
  expect(service('redis').ports).toBeUndefined();
});

test('each container has an address of its own, and whoever uses MySQL is named by it: no account comes from anywhere', () => {
  const addresses = services.flatMap(([name, one]) => {
    const address = one.networks?.['inside']?.ipv4_address;
    return address === undefined ? [] : [[name, withDefaults(address)] as const];
  });
  expect(addresses).toEqual([
    ['mysql', '172.31.77.10'],
    ['redis', '172.31.77.11'],
    ['migrate', '172.31.77.20'],
    ['backup', '172.31.77.22'],
    ['gateway', '172.31.77.21'],
    ['mailpit', '172.31.77.12'],
  ]);
  const { environment = {} } = service('accounts');
  const named = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, withDefaults(value)]),
  );
  expect(named).toEqual({
    OWNER_ADDRESS: '172.31.77.20',
    BACKUP_ADDRESS: '172.31.77.22',
    GATEWAY_ADDRESS: '172.31.77.21',
    THIS_HOST: '172.31.78.1',
  });
  expect(text.replaceAll(/^ *#.*$/gm, '')).not.toContain('%');
});

test('INTAKE_FROM is read from .env by who makes the accounts: as a variable its change would replace the gateway', () => {
  expect(text.replaceAll(/^ *#.*$/gm, '')).not.toContain('INTAKE_FROM');
  expect(service('accounts').configs).toContainEqual({ source: 'settings', target: '/docker/settings' });
  expect(compose.configs['settings']).toEqual({ file: './.env' });
});

test('one image is built once, and one more for backups, which `up` neither builds nor starts; scripts are files', () => {
  expect(services.filter(([, one]) => one.build !== undefined).map(([name]) => name)).toEqual([
    'migrate',
    'backup',
  ]);
  expect(service('backup')).toMatchObject({ profiles: ['backup'], build: { target: 'backup' } });
  expect(services.filter(([, one]) => one.profiles !== undefined)).toHaveLength(1);
  expect(service('gateway')).toMatchObject({ image: service('migrate').image, pull_policy: 'never' });
  const used = services.flatMap(([, one]) => (one.configs ?? []).map(({ source }) => source));
  expect(used.toSorted()).toEqual(Object.keys(compose.configs).toSorted());
  const { settings: _, ...scripts } = compose.configs;
  for (const { file } of Object.values(scripts)) execFileSync('bash', ['-n', join(root, file)]);
});

test('every variable it reads is in .env.example with the same default, and every one of Relais exists', () => {
  const named = [...text.matchAll(/\$\{([A-Z_]+):?-((?:[^${}]|\$\{[^}]*\})*)\}/g)].flatMap(
    ([, name, value = '']) => [
      `${name}=${value.includes('$') ? '' : value}`,
      // A default that is made of another variable.
      ...[...value.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, inner, its]) => `${inner}=${its}`),
    ],
  );
  const example = read('.env.example')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  expect([...new Set([...named, 'INTAKE_FROM='])].toSorted()).toEqual(example.toSorted());
  const known = variables.flatMap(({ name }) => [name, `${name}_FILE`, passwordFileOf(name)]);
  for (const [, { environment = {} }] of services)
    for (const name of Object.keys(environment).filter((one) => one.startsWith('RELAIS_')))
      expect(known).toContain(name);
});

test('tags can be pinned by their digests, and none is made up', () => {
  for (const [name, { image, build }] of services)
    expect([name, build?.args['NODE_IMAGE'] ?? image]).toEqual([
      name,
      expect.stringMatching(/^(\$\{[A-Z]+_IMAGE:-[a-z/]+:[\w.-]+\}|relais(-backup)?:local)$/),
    ]);
  expect(text + read('Dockerfile')).not.toMatch(/sha256:[0-9a-f]{64}/);
  expect(read('Dockerfile').match(/^FROM .*/gm)).toEqual([
    'FROM ${NODE_IMAGE} AS packages',
    'FROM ${NODE_IMAGE} AS program',
    'FROM ${MYSQL_IMAGE} AS backup',
    'FROM program',
  ]);
});

describe('what a container would do', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'relais-compose-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['gateway', 'migrate', 'backup'])(
    'the environment of %s is a configuration that production takes',
    (name) => {
      for (const secret of ['mysql_owner', 'mysql_gateway', 'mysql_intake', 'redis'])
        writeFileSync(join(folder, secret), `${secret}-password\n`);
      for (const key of ['master_key', 'seal_key'])
        writeFileSync(join(folder, key), `${Buffer.alloc(32, key).toString('base64')}\n`);
      writeFileSync(join(folder, 'ca.pem'), 'x');
      const environment = (settings: Readonly<Record<string, string>>) =>
        Object.fromEntries(
          Object.entries(service(name).environment ?? {}).map(([variable, value]) => [
            variable,
            withDefaults(
              value.replaceAll(
                /\$\{(TLS_PEM|PROXIES|PHONE_PROOFS_RECIPIENT):?-[^}]*\}/g,
                (_, setting: string) => settings[setting] ?? '',
              ),
            )
              .replace('/run/secrets', folder)
              .replace('/certificates', folder),
          ]),
        );
      // Neither TLS nor a proxy is set: both doors are named.
      for (const door of ['the API needs RELAIS_API_TLS_PEM', 'the console needs RELAIS_CONSOLE_TLS_PEM'])
        expect(() => loadConfig(environment({}), folder)).toThrow(door);
      expect(() => loadConfig(environment({ PROXIES: '172.31.79.1' }), folder)).toThrow(
        'RELAIS_PHONE_PROOFS_RECIPIENT is missing',
      );
      const recipient = `age1${'q'.repeat(58)}`;
      const config = loadConfig(
        environment({ PROXIES: '172.31.79.1', PHONE_PROOFS_RECIPIENT: recipient }),
        folder,
      );
      expect(config.phoneProofs).toEqual({ folder: '/archives/phone-proofs', recipient });
      expect([config.api.proxies, config.console.proxies]).toEqual([['172.31.79.1'], ['172.31.79.1']]);
      expect(config.env).toBe('production');
      expect(new URL(config.mysql.gatewayUrl).password).toBe('mysql_gateway-password');
      expect(config.redis.place).toMatchObject({ tls: true, password: 'redis-password' });
    },
  );

  test('`redis` hands its password over in a file of its own', () => {
    const [script = ''] = service('redis').command ?? [];
    expect(script).toContain('umask 077');
    expect(script).not.toMatch(/--requirepass/);
    execFileSync('bash', ['-n', '-c', script.replaceAll('$$', '$')]);
  });
});
