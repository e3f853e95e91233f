/** @own-context fakes the time in which files are read again */
// The one reader of the environment: every fault named at once, the unsafe refused in production, secrets read again.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  loadConfig,
  portInUse,
  sandboxFile,
  variables,
  type Config,
  type Environment,
} from '../src/config.ts';
import { isRelaisError } from '../src/errors.ts';

const key = (): string => randomBytes(32).toString('base64');
const complete: Environment = {
  RELAIS_MYSQL_URL: 'mysql://gateway:s3cret@127.0.0.1:3306/relais?tls=yes',
  RELAIS_REDIS_URL: 'redis://127.0.0.1:6379/0',
  RELAIS_MASTER_KEY: key(),
  RELAIS_SEAL_KEY: key(),
  RELAIS_PHONE_PROOFS_DIR: '/var/lib/relais/phone-proofs',
  RELAIS_PHONE_PROOFS_RECIPIENT: `age1${'q'.repeat(58)}`,
};
let folder: string;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const load = (over: Environment = {}, base: Environment = complete): Config =>
  loadConfig({ ...base, ...over }, folder);
/** `CODE` and the lines of the message; fails when nothing is refused. */
function refusal(over: Environment, base: Environment = complete): string[] {
  try {
    load(over, base);
  } catch (error) {
    if (isRelaisError(error)) return [error.code, ...error.message.split('\n').slice(1)];
    throw error;
  }
  throw new Error('nothing was refused');
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-config-'));
});
afterEach(() => {
  jest.useRealTimers();
  rmSync(folder, { recursive: true });
});

describe('what is missing or wrong', () => {
  test('everything missing is named at once, each with its meaning', () => {
    expect(refusal({}, {}).filter((line) => /^(?:CONFIG| {2}-)/.test(line))).toEqual([
      'CONFIG-001',
      ...['RELAIS_MYSQL_URL', 'RELAIS_REDIS_URL', 'RELAIS_MASTER_KEY', 'RELAIS_SEAL_KEY'].map(
        (name) => expect.stringMatching(new RegExp(`^ {2}- ${name} is missing \\(.{10,}\\)$`)) as unknown,
      ),
    ]);
  });
  test('who has configured nothing is told what to run or to write first; who has begun is not', () => {
    const firstLine = (environment: Record<string, string>): string => {
      try {
        loadConfig(environment, folder);
      } catch (error) {
        if (isRelaisError(error)) return error.message.split('\n')[0] ?? '';
      }
      return 'nothing was refused';
    };
    expect(firstLine({ PATH: '/usr/bin' })).toContain('npm run demo -- --keep');
    expect(firstLine({ RELAIS_REDIS_URL: 'redis://127.0.0.1:6379/0' })).toBe('Configuration:');
  });
  test('everything wrong is named at once, and no value of a secret is repeated', () => {
    const wrong = {
      ...{
        RELAIS_ENV: 'prod',
        RELAIS_MYSQL_URL: 'postgres://u:hunter2@h/relais',
        RELAIS_REDIS_URL: 'hunter2',
      },
      ...{ RELAIS_MASTER_KEY: 'aHVudGVyMg==', RELAIS_SEAL_KEY: 'hunter2', RELAIS_WORKER_CONCURRENCY: '0' },
      ...{
        RELAIS_LEASE_MS: '1e9',
        RELAIS_WINDOW: 'many',
        RELAIS_ALLOW_PLAINTEXT: 'true',
        RELAIS_CA_FILE: '/none.pem',
      },
      ...{
        RELAIS_CONNECT_TO: 'crm.example',
        RELAIS_ALERT_MAIL_TO: 'support@relais.example',
        RELAIS_HTTP_PORT: '70000',
      },
    };
    const lines = refusal(wrong, {});
    for (const name of Object.keys(wrong).filter((one) => one !== 'RELAIS_ALERT_MAIL_TO'))
      expect(lines.filter((line) => line.startsWith(`  - ${name}`)).length).toBeGreaterThanOrEqual(1);
    expect(lines.join('\n')).toContain('RELAIS_ALERT_MAIL_TO and RELAIS_ALERT_MAIL_FROM go together');
    expect(lines.join('\n')).not.toContain('hunter2');
  });
  test.each(['mysql://u:p@127.0.0.1', 'mysql://u:p@127.0.0.1/', 'mysql://u:p@127.0.0.1/a-b'])(
    'a MySQL URL that names no usable database is refused: %s',
    (url) => expect(refusal({ RELAIS_MYSQL_URL: url }).join()).toContain('must name a database'),
  );
  test.each(['a2V5', randomBytes(33).toString('base64'), ''])(
    'a key that is not 32 bytes is refused, an empty one too: %s',
    (text) => expect(refusal({ RELAIS_SEAL_KEY: text }).join()).toContain('RELAIS_SEAL_KEY'),
  );
  test('the schema of the secrets stands beside the database unless named', () => {
    expect(load().keysSchema).toBe('relais_keys');
    expect(load({ RELAIS_KEYS_SCHEMA: 'vault' }).keysSchema).toBe('vault');
    expect(refusal({ RELAIS_KEYS_SCHEMA: 'a`b' }).join()).toContain('RELAIS_KEYS_SCHEMA');
  });
  test('a key may stand in a file, its last line break does not count', () => {
    const text = key();
    const { RELAIS_MASTER_KEY: _left, ...rest } = complete;
    const config = load({ RELAIS_MASTER_KEY_FILE: file('master', `${text}\n`) }, rest);
    expect(config.masterKey.toString('base64')).toBe(text);
  });
  test('earlier keys are a list, newest first, also in a file; one that is no key is refused', () => {
    const [one, two] = [key(), key()];
    const config = load({
      RELAIS_MASTER_KEY_PREVIOUS: `${one}, ${two}`,
      RELAIS_SEAL_KEY_PREVIOUS_FILE: file('seals', `${two}\n${one}\n`),
    });
    expect(config.earlierKeys.master.map((bytes) => bytes.toString('base64'))).toEqual([one, two]);
    expect(config.earlierKeys.seal.map((bytes) => bytes.toString('base64'))).toEqual([two, one]);
    expect(load().earlierKeys).toEqual({ master: [], seal: [] });
    expect(refusal({ RELAIS_SEAL_KEY_PREVIOUS: `${one} a2V5` }).join()).toContain('RELAIS_SEAL_KEY_PREVIOUS');
  });
  test('every secret may stand in a file, and the password of a URL in one of its own; what cannot be read is named', () => {
    const config = load({
      RELAIS_MYSQL_URL: 'mysql://gateway@db:3306/relais?tls=yes',
      RELAIS_MYSQL_PASSWORD_FILE: file('mysql', 'p@ss/w:rd\n'),
      RELAIS_REDIS_URL: 'rediss://redis:6379',
      RELAIS_REDIS_PASSWORD_FILE: file('redis', 'other'),
      RELAIS_ALERT_WEBHOOK_FILE: file('hook', 'https://hooks.example/T0/secret'),
    });
    expect(decodeURIComponent(new URL(config.mysql.gatewayUrl).password)).toBe('p@ss/w:rd');
    expect(config.redis.place).toMatchObject({ nodes: [{ host: 'redis', port: 6379 }], password: 'other' });
    expect(config.alerts.webhook).toBe('https://hooks.example/T0/secret');
    expect(refusal({ RELAIS_MYSQL_PASSWORD_FILE: '/none' })).toEqual([
      'CONFIG-001',
      '  - RELAIS_MYSQL_PASSWORD_FILE: no file that can be read at /none',
    ]);
  });
  test('what is listed hides passwords, keys and tokens, not where things are', () => {
    const shown = (name: string, value: string): unknown =>
      load({ [name]: value }).listing.find((one) => one.name === name)?.value;
    const hidden = '********';
    expect(shown('RELAIS_MYSQL_URL', 'mysql://gateway:s3@cret@db-1:3306/relais?tls=yes')).toBe(
      `mysql://gateway:${hidden}@db-1:3306/relais?tls=yes`,
    );
    expect(
      shown('RELAIS_REDIS_URL', 'rediss+sentinel://:s3cret@s-1,s-2:26379/main?sentinelPassword=s3cret'),
    ).toBe(`rediss+sentinel://:${hidden}@s-1,s-2:26379/main?sentinelPassword=${hidden}`);
    expect(shown('RELAIS_ALERT_WEBHOOK', 'https://hooks.example/services/s3cret?k=s3cret')).toBe(
      `https://hooks.example/${hidden}`,
    );
    const mail = { RELAIS_ALERT_MAIL_TO: 'a@b.example', RELAIS_ALERT_MAIL_FROM: 'a@b.example' };
    const smtp = load({ ...mail, RELAIS_ALERT_SMTP_URL: 'smtps://token:token@mail.example:465' });
    expect(smtp.listing.find((one) => one.name === 'RELAIS_ALERT_SMTP_URL')?.value).toBe(
      `smtps://${hidden}@mail.example:465`,
    );
    expect(shown('RELAIS_SEAL_KEY', key())).toBe(hidden);
  });
  test('routes and ranges are read as lists', () => {
    const config = load({
      RELAIS_CONNECT_TO: 'CRM.example=10.0.0.9:8443, mail.example=[::1]:25',
      RELAIS_ALLOWED_RANGES: ' 10.0.0.0/8 ,,127.0.0.0/8',
    });
    expect(config.network.connectTo['crm.example']).toEqual({ host: '10.0.0.9', port: 8443 });
    expect(config.network.allowedRanges).toEqual(['10.0.0.0/8', '127.0.0.0/8']);
  });
});

describe('C38, C40: what production refuses', () => {
  const remote = (query: string): string => `mysql://gateway:s3cret@db.example:3306/relais${query}`;
  test('production is what an installation is unless it says otherwise', () =>
    expect(load().env).toBe('production'));
  test('plain text to recipients', () => {
    expect(refusal({ RELAIS_ALLOW_PLAINTEXT: 'yes' })).toEqual([
      'CONFIG-002',
      '  - RELAIS_ALLOW_PLAINTEXT=yes',
    ]);
    expect(load({ RELAIS_ALLOW_PLAINTEXT: 'yes', RELAIS_ENV: 'development' }).network.allowPlaintext).toBe(
      true,
    );
  });
  test.each(['', '?tls=no', '?ssl=true', '?ssl-mode=REQUIRED'])(
    'a remote MySQL whose connection is not encrypted by what the program understands: "%s"',
    (query) => {
      const lines = refusal({ RELAIS_MYSQL_URL: remote(query) });
      expect(lines).toEqual([
        'CONFIG-002',
        expect.stringContaining('RELAIS_MYSQL_URL reaches db.example without TLS'),
      ]);
      expect(lines.join()).not.toContain('s3cret');
    },
  );
  test('a remote Redis without TLS', () => {
    expect(refusal({ RELAIS_REDIS_URL: 'redis://:s3cret@cache.example/0' }).join()).toMatch(
      /RELAIS_REDIS_URL reaches cache\.example/,
    );
  });
  test.each(['RELAIS_PHONE_PROOFS_DIR', 'RELAIS_PHONE_PROOFS_RECIPIENT'])(
    'C30: proofs of phone consent without %s, elsewhere than in production accepted',
    (name) => {
      const { [name]: _, ...without } = complete;
      expect(refusal({}, without)).toEqual([
        'CONFIG-002',
        expect.stringMatching(new RegExp(`^ {2}- ${name} is missing: .*(Name a folder|age-keygen)`)),
      ]);
      expect(load({ RELAIS_ENV: 'development' }, without).env).toBe('development');
    },
  );
  test('both at once are both named', () => {
    expect(
      refusal({ RELAIS_MYSQL_URL: remote(''), RELAIS_REDIS_URL: 'redis://cache.example/0' }),
    ).toHaveLength(3);
  });
  test.each([
    { RELAIS_MYSQL_URL: 'mysql://gateway:s3cret@db.example/relais?tls=yes' },
    { RELAIS_REDIS_URL: 'rediss://cache.example/0' },
    { RELAIS_MYSQL_URL: 'mysql://gateway:s3cret@localhost/relais' },
  ])('encrypted or local passes: %j', (over) => expect(load(over).env).toBe('production'));
  test('an address that only looks local is remote', () => {
    const url = 'mysql://gateway:s3cret@localhost.evil.example/relais';
    expect(refusal({ RELAIS_MYSQL_URL: url })[0]).toBe('CONFIG-002');
  });
});

describe('secrets by name', () => {
  const secretsAt = (environment: Environment = {}): Config['secrets'] =>
    load({ RELAIS_SECRETS_DIR: join(folder, 'secrets'), ...environment }).secrets;
  test('a file is read again once it has changed: a rotation needs no restart', () => {
    jest.useFakeTimers({ now: new Date('2026-11-02T09:00:00Z') });
    const path = file('secrets/CRM_TOKEN', 'old\n');
    const secrets = secretsAt();
    expect(secrets('CRM_TOKEN')).toEqual(['old']);
    writeFileSync(path, 'new\nold\n');
    jest.advanceTimersByTime(1_001);
    expect(secrets('CRM_TOKEN')).toEqual(['new', 'old']);
  });
  test.each([-3_600_000, 86_400_000])('and so it is after the host’s clock was set by %i ms', (by) => {
    jest.useFakeTimers({ now: new Date('2026-11-02T09:00:00Z') });
    const path = file('secrets/CRM_TOKEN', 'old\n');
    const secrets = secretsAt();
    expect(secrets('CRM_TOKEN')).toEqual(['old']);
    writeFileSync(path, 'newer\n');
    jest.setSystemTime(Date.now() + by);
    expect(secrets('CRM_TOKEN')).toEqual(['old']);
    jest.advanceTimersByTime(1_001);
    expect(secrets('CRM_TOKEN')).toEqual(['newer']);
  });
  test('and so is one of the same length, by its time', () => {
    jest.useFakeTimers({ now: new Date('2026-11-02T09:00:00Z') });
    const path = file('secrets/CRM_TOKEN', 'abc');
    const secrets = secretsAt();
    expect(secrets('CRM_TOKEN')).toEqual(['abc']);
    writeFileSync(path, 'xyz');
    utimesSync(path, new Date(), new Date('2026-11-02T09:00:00.500Z'));
    jest.advanceTimersByTime(1_001);
    expect(secrets('CRM_TOKEN')).toEqual(['xyz']);
  });
  test('a file that appears later is found, and wins over the environment', () => {
    jest.useFakeTimers({ now: new Date('2026-11-02T09:00:00Z') });
    const secrets = secretsAt({ RELAIS_SECRET_CRM_TOKEN: 'from-environment' });
    expect(secrets('CRM_TOKEN')).toEqual(['from-environment']);
    file('secrets/CRM_TOKEN', 'from-file');
    jest.advanceTimersByTime(1_001);
    expect(secrets('CRM_TOKEN')).toEqual(['from-file']);
  });
  test('lines may be joined by a literal \\n in the environment; a PEM block is one value', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
    const secrets = secretsAt({
      RELAIS_SECRET_HMAC: 'new\\nold',
      RELAIS_SECRET_SSH: pem.replaceAll('\n', '\\n'),
    });
    expect(secrets('HMAC')).toEqual(['new', 'old']);
    expect(secrets('SSH')).toEqual([pem]);
  });
  test.each(['NOBODY', '../master', 'crm_token', '', 'A/B', '.', 'X'.repeat(65)])(
    'a name that is no secret’s name has no value and opens no file: "%s"',
    (name) => {
      file('master', 'the key');
      expect(secretsAt()(name)).toEqual([]);
    },
  );
});

describe('the sandbox’s file', () => {
  const sandboxed = (): string =>
    file(
      sandboxFile,
      Object.entries({ ...complete, RELAIS_ENV: 'sandbox', RELAIS_ACTOR: 'sandbox' })
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    );
  test('serves the commands beside a running sandbox', () => {
    sandboxed();
    const config = loadConfig({}, folder);
    expect([config.env, config.actor, config.mysql.gatewayUrl]).toEqual([
      'sandbox',
      'sandbox',
      complete['RELAIS_MYSQL_URL'],
    ]);
    expect(config.listing.find((one) => one.name === 'RELAIS_ACTOR')?.from).toBe(sandboxFile);
  });
  test('is ignored altogether as soon as a database is named', () => {
    sandboxed();
    expect(load({ RELAIS_ACTOR: 'me' })).toMatchObject({ env: 'production', actor: 'me' });
    expect(refusal({}, { RELAIS_MYSQL_URL: complete['RELAIS_MYSQL_URL'] }).join()).toContain(
      'RELAIS_REDIS_URL is missing',
    );
  });
  test('the environment wins over it', () => {
    sandboxed();
    expect(loadConfig({ RELAIS_ACTOR: 'me' }, folder).actor).toBe('me');
  });
});

describe('what is shown of it', () => {
  test('the listing names every variable and no secret’s value', () => {
    const config = load({ RELAIS_ALERT_WEBHOOK: 'https://hooks.example/T0K3N' });
    expect(config.listing.map((one) => one.name)).toEqual(variables.map((one) => one.name));
    const text = JSON.stringify(config.listing);
    for (const secret of [complete['RELAIS_MASTER_KEY'], complete['RELAIS_SEAL_KEY'], 's3cret', 'T0K3N'])
      expect(text).not.toContain(secret);
  });
  test('every variable that holds a password or a key is marked secret; nothing can be changed afterwards', () => {
    expect(Object.isFrozen(load())).toBe(true);
    // The console's address is printed in mails.
    const open = variables
      .filter((one) => one.secret !== true && one.name !== 'RELAIS_CONSOLE_URL')
      .map((one) => one.name);
    expect(open.filter((name) => /_KEY$|URL$|WEBHOOK/.test(name))).toEqual([]);
  });
});

// The error is the one that Node really gives.
test('a port in use is named with its variable and what to do; any other error is not taken for one', async () => {
  const first = createServer();
  await new Promise<void>((done) => first.listen(0, '127.0.0.1', done));
  const { port } = first.address() as AddressInfo;
  const second = createServer();
  const error = await new Promise<Error>((done) => second.once('error', done).listen(port, '127.0.0.1'));
  const config = {
    http: { port: 1 },
    callbacks: { port: 2 },
    api: { port },
    console: { port: 3 },
  } as unknown as Parameters<typeof portInUse>[0];
  expect(portInUse(config, error)).toBe(
    `The port ${port} (RELAIS_API_PORT) is in use by another program.\n→ \`ss -ltnp 'sport = :${port}'\` names it: stop it, or give RELAIS_API_PORT another port.`,
  );
  expect(portInUse(config, new Error('no'))).toBeUndefined();
  await new Promise((done) => first.close(done));
});
