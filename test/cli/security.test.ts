// relais security check on real servers: accounts, rights, Redis, files; exit codes.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { serverLogs } from '../../src/store/server-facts.ts';
import type { SecurityResult } from '../../src/operator/security-check.ts';
import { openGateway, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf } from './terminal.ts';

let gateway: Gateway;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-security-'));
  gateway = await openGateway();
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

async function checked(more: Readonly<Record<string, string>> = {}): Promise<{
  readonly code: number;
  readonly of: (name: string) => SecurityResult | undefined;
}> {
  const { out, code } = await terminalOf(environmentOf(gateway, more))('security', 'check', '--json');
  const results = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SecurityResult);
  return { code, of: (name) => results.find((one) => one.name === name) };
}

test('C40: the account that may come from anywhere is broken, the rights that `migrate` gave are kept, one more is named', async () => {
  const before = await checked();
  expect(before.code).toBe(1);
  const account = new URL(gateway.config.mysql.gatewayUrl).username;
  expect(before.of('mysql-hosts')).toMatchObject({ state: 'broken', faults: [`gateway: ${account}@%`] });
  expect(before.of('mysql-rights')).toMatchObject({ state: 'kept' });
  expect(before.of('mysql-tls')).toMatchObject({ state: 'kept' });
  await gateway.owner.text(`GRANT DELETE ON handovers TO '${account}'@'%'`);
  await gateway.owner.text(`GRANT SELECT ON \`${gateway.owner.name}\`.* TO '${account}'@'%'`);
  const name = gateway.owner.name;
  expect((await checked()).of('mysql-rights')).toMatchObject({
    state: 'broken',
    faults: [`gateway: SELECT on ${name}.*`, `gateway: DELETE on ${name}.handovers`],
  });
});

test('C40: rights that no list of an account has are named too: on routines, and to everybody', async () => {
  const { name } = gateway.owner;
  const account = new URL(gateway.config.mysql.gatewayUrl).username;
  const [server] = await gateway.owner.all<{ version: string }>('SELECT VERSION() AS version');
  const isMariaDb = server?.version.includes('MariaDB') === true;
  await gateway.owner.text(`CREATE PROCEDURE \`${name}\`.persons() SELECT * FROM prospects`);
  await gateway.owner.text(`GRANT EXECUTE ON PROCEDURE \`${name}\`.persons TO '${account}'@'%'`);
  if (isMariaDb) await gateway.owner.text(`GRANT SELECT ON \`${name}\`.* TO PUBLIC`);
  const faults = (await checked()).of('mysql-rights')?.faults;
  expect(faults).toContain(`gateway: EXECUTE (procedure) on ${name}.persons`);
  expect(faults?.includes(`gateway: SELECT (PUBLIC) on ${name}.*`)).toBe(isMariaDb);
  if (isMariaDb) await gateway.owner.text(`REVOKE SELECT ON \`${name}\`.* FROM PUBLIC`);
  await gateway.owner.text(`DROP PROCEDURE \`${name}\`.persons`);
});

test('C40: the owner is looked at where it is configured, with the hosts of each account', async () => {
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  url.pathname = `/${gateway.owner.name}`;
  const account = new URL(gateway.config.mysql.gatewayUrl).username;
  await gateway.owner.text(`CREATE USER '${account}'@'10.0.3.%' IDENTIFIED BY 'other'`);
  const { of } = await checked({ RELAIS_MYSQL_OWNER_URL: url.href });
  expect(of('mysql-hosts')?.faults).toEqual(
    expect.arrayContaining([`gateway: another account of that name, from '10.0.3.%'`]),
  );
  // The tests' owner is the server's administrator.
  expect(of('mysql-rights')?.faults.join()).toMatch(/owner: \w[\w ]+ on everything/);
});

test('C43: the logs of the server are as the server says', async () => {
  const { general, binaryDays } = await serverLogs(gateway.owner);
  const { of } = await checked();
  expect(of('general-log')?.state).toBe(general ? 'broken' : 'kept');
  expect(of('binary-log')?.state).toBe(binaryDays > 10 ? 'broken' : 'kept');
});

test('C40: a Redis that answers without a password is broken, and its neighbours are named', async () => {
  const url = new URL(process.env['RELAIS_TEST_REDIS_URL'] ?? '');
  url.pathname = '/13';
  const redis = new Redis(url.href);
  try {
    await redis.set('stranger:job:1', '1');
    const { of } = await checked({ RELAIS_REDIS_URL: url.href });
    expect(of('redis-password')?.state).toBe(url.password === '' ? 'broken' : 'kept');
    expect(of('redis-tls')?.state).toBe('kept');
    expect(of('redis-neighbours')?.notes).toContain('stranger');
  } finally {
    await redis.del('stranger:job:1');
    redis.disconnect();
  }
});

test('C40: a file of a secret that others may read is named, and its licence, age and end rules are kept here', async () => {
  const file = join(folder, 'seal_key');
  writeFileSync(file, gateway.config.sealKey.toString('base64'));
  chmodSync(file, 0o644);
  const environment = { RELAIS_SEAL_KEY: '', RELAIS_SEAL_KEY_FILE: file };
  const first = await checked(environment);
  expect(first.of('files')).toMatchObject({ state: 'broken', faults: [`${file} has mode 644`] });
  chmodSync(file, 0o640);
  const { of } = await checked(environment);
  for (const name of ['files', 'keys-age', 'certificates', 'licences'])
    expect([name, of(name)]).toEqual([name, expect.objectContaining({ state: 'kept' })]);
});

test('C40: a file of a secret that cannot be read is not seen, and the others are looked at all the same', async () => {
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets, { mode: 0o750 });
  writeFileSync(join(secrets, 'crm'), 'x', { mode: 0o644 });
  chmodSync(join(secrets, 'crm'), 0o644);
  symlinkSync(join(folder, 'nowhere'), join(secrets, 'gone'));
  writeFileSync(join(secrets, 'half'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', {
    mode: 0o640,
  });
  const { of } = await checked({ RELAIS_SECRETS_DIR: secrets });
  expect(of('files')).toMatchObject({
    faults: [`${join(secrets, 'crm')} has mode 644`],
    unseen: [`${join(secrets, 'gone')}: ENOENT`],
  });
  expect(of('certificates')).toMatchObject({
    state: 'not seen',
    unseen: [expect.stringContaining(join(secrets, 'half')) as string],
  });
  const none = await checked({ RELAIS_SECRETS_DIR: join(folder, 'nowhere') });
  expect(none.of('files')).toMatchObject({ state: 'not seen' });
});

test('a server that is away is not seen, and the rest is printed as a table', async () => {
  const away = { RELAIS_REDIS_URL: 'redis://127.0.0.1:1/0' };
  expect((await checked(away)).of('redis-password')).toMatchObject({ state: 'not seen' });
  const ran = await terminalOf(environmentOf(gateway, away))('security', 'check');
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/^check +state +rule\n/);
  expect(ran.out).toContain('  → RENAME USER');
  expect(ran.err).toMatch(/rules are broken\.\n$/);
});
