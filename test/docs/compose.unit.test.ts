// docker-compose.yml, .env.example and the Dockerfile, read: nobody here can run them. Its shell scripts are run where they can be.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig, variables } from '../../src/config.ts';
import { passwordFileOf } from '../../src/config/value-or-file.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly args: Readonly<Record<string, string>> };
  readonly user?: string;
  readonly networks?: readonly string[];
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
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: { readonly accounts: { readonly content: string } };
}

const root = join(import.meta.dirname, '..', '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const service = (name: string): Service => compose.services[name] as Service;
/** Host side of what a service mounts. */
const mounts = (one: Service): readonly string[] => one.volumes.map((volume) => volume.split(':')[0] ?? '');
const script = (name: string): string => (service(name).command?.[0] ?? '').replaceAll('$$', '$');

test('every container is confined: no capability, nothing to write on its root, limits for memory and log', () => {
  for (const [name, one] of services) {
    expect([name, one.cap_drop, one.read_only]).toEqual([name, ['ALL'], true]);
    expect(one.security_opt).toContain('no-new-privileges:true');
    expect(one.mem_limit).toMatch(/^\d+[mg]$/);
    expect(one.logging?.options['max-size']).toBeDefined();
    // Only who hands out keys is root, without most of root's rights; the gateway's user is the image's.
    if (name === 'certificates') expect(one.cap_add).not.toContain('SYS_ADMIN');
    else expect(one.cap_add).toBeUndefined();
    if (!['certificates', 'gateway', 'migrate'].includes(name)) expect(one.user).toBe('999:999');
  }
  const image = read('Dockerfile');
  expect(image).toMatch(/\nUSER node\n[^]*\nENTRYPOINT /);
  expect(image).toMatch(/\nHEALTHCHECK /);
});

test("the authority's key is in no container but its own, and each server has its own certificate only", () => {
  const holders = (volume: string): readonly string[] =>
    services.filter(([, one]) => mounts(one).includes(volume)).map(([name]) => name);
  expect(holders('authority')).toEqual(['certificates']);
  for (const name of ['mysql', 'redis', 'mailpit'])
    expect(holders(`certificates-${name}`)).toEqual(['certificates', name]);
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
  const given = new Set(services.flatMap(([, one]) => one.secrets ?? []));
  expect([...given].toSorted()).toEqual(Object.keys(compose.secrets).toSorted());
  // Only the server and `migrate` know the owner's password, only the server root's.
  const knowing = (secret: string): readonly string[] =>
    services.filter(([, one]) => one.secrets?.includes(secret)).map(([name]) => name);
  expect(knowing('mysql_owner')).toEqual(['mysql', 'migrate']);
  expect(knowing('mysql_root')).toEqual(['mysql']);
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    expect(file).toBe(`./keys/${name}`);
    expect(read('.env.example')).toMatch(new RegExp(`^#   for one in [^;]*\\b${name}\\b`, 'm'));
  }
  expect(read('.gitignore')).toMatch(/^keys\/$/m);
});

test('other systems reach MySQL at an address that is chosen, by TLS, from where they were said to come, and nothing else', () => {
  const mysql = service('mysql');
  expect(mysql.ports).toEqual(['${INTAKE_BIND:-127.0.0.1}:${INTAKE_PORT:-3306}:3306']);
  expect(mysql.networks?.some((name) => compose.networks[name]?.internal !== true)).toBe(true);
  expect(mysql.command).toContain('--require-secure-transport=ON');
  expect(service('redis').ports).toBeUndefined();
  const { content } = compose.configs.accounts;
  const accounts = [...content.matchAll(/CREATE USER '(\w+)'@'([^']+)'[^;]*?(REQUIRE SSL)?;/g)];
  expect(accounts.map(([, user, host, tls]) => [user, host, tls])).toEqual([
    ['relais_owner', '172.31.77.%', 'REQUIRE SSL'],
    ['relais', '172.31.77.%', 'REQUIRE SSL'],
    ['relais_intake', '172.31.77.%', 'REQUIRE SSL'],
    ['relais_intake', '${INTAKE_FROM:-172.31.78.1}', 'REQUIRE SSL'],
  ]);
  // Every account that is made gets its rights.
  const migrate = service('migrate').command ?? [];
  expect(migrate.filter((_, index) => migrate[index - 1] === '--intake-host')).toEqual([
    '172.31.77.%',
    '${INTAKE_FROM:-172.31.78.1}',
  ]);
});

test('every variable it reads is in .env.example with the same default, and every one of Relais exists', () => {
  const named = [...text.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name, value]) => `${name}=${value}`);
  const example = read('.env.example')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  expect([...new Set([...named, 'INTAKE_NAME=mysql'])].toSorted()).toEqual(example.toSorted());
  const known = variables.flatMap(({ name }) => [name, `${name}_FILE`, passwordFileOf(name)]);
  for (const [, { environment = {} }] of services)
    for (const name of Object.keys(environment).filter((one) => one.startsWith('RELAIS_')))
      expect(known).toContain(name);
});

test('tags can be pinned by their digests, and none is made up', () => {
  for (const [name, { image, build }] of services)
    expect([name, build?.args['NODE_IMAGE'] ?? image]).toEqual([
      name,
      expect.stringMatching(/^\$\{[A-Z]+_IMAGE:-[a-z/]+:[\w.-]+\}$/),
    ]);
  expect(text + read('Dockerfile')).not.toMatch(/sha256:[0-9a-f]{64}/);
  expect(read('Dockerfile').match(/^FROM .*/gm)).toEqual([
    'FROM ${NODE_IMAGE} AS packages',
    'FROM ${NODE_IMAGE}',
  ]);
});

describe('what a container would do', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'relais-compose-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['gateway', 'migrate'])(
    'the environment of %s is a configuration that production takes',
    (name) => {
      for (const secret of ['mysql_owner', 'mysql_gateway', 'mysql_intake', 'redis'])
        writeFileSync(join(folder, secret), `${secret}-password\n`);
      for (const key of ['master_key', 'seal_key'])
        writeFileSync(join(folder, key), `${Buffer.alloc(32, key).toString('base64')}\n`);
      writeFileSync(join(folder, 'ca.pem'), 'x');
      const environment = Object.fromEntries(
        Object.entries(service(name).environment ?? {}).map(([variable, value]) => [
          variable,
          value.replace('/run/secrets', folder).replace('/certificates', folder),
        ]),
      );
      const config = loadConfig(environment, folder);
      expect(config.env).toBe('production');
      expect(new URL(config.mysql.gatewayUrl).password).toBe('mysql_gateway-password');
      expect(config.redis.place).toMatchObject({ tls: true, password: 'redis-password' });
    },
  );

  test('`certificates` signs what each server needs once, keeps its key to itself, and renews only what ends soon', () => {
    const places = ['mysql', 'redis', 'mailpit', 'public'];
    for (const place of ['authority', 'tmp', ...places.map((one) => `for/${one}`)])
      mkdirSync(join(folder, place), { recursive: true });
    const here = script('certificates')
      .replaceAll(/(?<=[\s"])\/(authority|for|tmp)\b/g, `${folder}/$1`)
      // Only root may give a file away.
      .replaceAll('--owner=999 --group=999 ', '');
    const run = (now = ''): string =>
      execFileSync('bash', ['-euc', now === '' ? here : here.replace('5184000', now)], {
        env: { PATH: process.env['PATH'] ?? '', INTAKE_NAME: 'leads.centre.example' },
        stdio: ['ignore', 'pipe', 'ignore'],
        encoding: 'utf8',
      });
    expect(run()).toBe('signed: mysql\nsigned: redis\nsigned: mailpit\n');
    const openssl = (...words: readonly string[]): string =>
      execFileSync('openssl', words, { encoding: 'utf8' });
    for (const [host, name] of [
      ['mysql', 'leads.centre.example'],
      ['mysql', 'mysql'],
      ['redis', 'redis'],
    ] as const)
      expect(
        openssl(
          'verify',
          '-CAfile',
          join(folder, 'for/public/ca.pem'),
          '-verify_hostname',
          name,
          join(folder, 'for', host, 'server.pem'),
        ),
      ).toContain('OK');
    expect(statSync(join(folder, 'authority/ca-key.pem')).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'for/redis/key.pem')).mode & 0o777).toBe(0o400);
    expect(execFileSync('ls', ['-R', join(folder, 'for')], { encoding: 'utf8' })).not.toContain('ca-key');
    expect(run()).toBe('');
    // As it will be 400 days on.
    expect(run('34560000')).toBe('signed: mysql\nsigned: redis\nsigned: mailpit\n');
  });

  test('`redis` hands its password over in a file of its own, and its script and that of the accounts are shell', () => {
    expect(script('redis')).toContain('umask 077');
    expect(script('redis')).not.toMatch(/--requirepass/);
    for (const text of [script('redis'), compose.configs.accounts.content.replaceAll('$$', '$')])
      execFileSync('bash', ['-n', '-c', text]);
  });
});
