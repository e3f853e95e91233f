/** @own-context replaces modules */
// What is used when no server is installed: Docker Compose, else apt, else a message with the choices; and which server it is
// when an engine is named. Docker is an invented program here.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import * as apt from '../../sandbox/apt.ts';
import * as binaries from '../../sandbox/binaries.ts';
import * as packages from '../../sandbox/mysql-packages.ts';
import { startServices } from '../../sandbox/services.ts';
import { startStormServers } from '../lab/faults/servers.ts';

jest.mock('../../sandbox/apt.ts', () => ({ aptIsPossible: jest.fn(), installWithApt: jest.fn() }));
jest.mock('../../sandbox/mysql-packages.ts', () => ({
  unpackingIsPossible: jest.fn(),
  unpackMysql: jest.fn(),
}));
jest.mock('../../sandbox/binaries.ts', () => ({
  ...jest.requireActual<object>('../../sandbox/binaries.ts'),
  findMysql: jest.fn(),
  findRedis: jest.fn(),
}));

const path = process.env['PATH'] ?? '';
const told: string[] = [];
const log = (line: string): void => void told.push(line);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-choices-'));
  told.length = 0;
  jest.mocked(apt.aptIsPossible).mockReturnValue(false);
});

afterEach(() => {
  process.env['PATH'] = path;
  jest.resetAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function inventDocker(script: string): void {
  const docker = join(folder, 'docker');
  writeFileSync(docker, `#!/bin/sh\necho "$@" >> ${folder}/calls\n${script}\n`);
  chmodSync(docker, 0o755);
  process.env['PATH'] = `${folder}${delimiter}${path}`;
}

test('a Docker that answers is used, and taken down with its volumes', async () => {
  inventDocker(
    'case "$*" in *"port mysql"*) echo 127.0.0.1:1111;; *"port redis"*) echo 127.0.0.1:2222;; *" up "*) cp "$5" ' +
      `${folder}/compose.yaml;; esac`,
  );
  const services = await startServices({ folder: join(folder, 'run', 'x'), log });
  expect(services.origin).toBe('compose');
  expect(services.mysqlUrl).toMatch(/^mysql:\/\/root:\w{20,}@127\.0\.0\.1:1111$/);
  expect(services.redisUrl).toMatch(/^redis:\/\/:\w{20,}@127\.0\.0\.1:2222$/);
  await services.stop();

  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  expect(calls[0]).toBe('info');
  expect(calls.some((call) => call.endsWith('up --detach --wait'))).toBe(true);
  expect(calls.at(-1)).toMatch(/^compose --project-name relais-\w+ .* down --volumes/);
  const { services: described } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8')) as {
    services: Record<string, { command: string[]; ports: string[] }>;
  };
  expect(described['redis']?.command).toEqual(expect.arrayContaining(['--maxmemory-policy', 'noeviction']));
  expect(described['mysql']?.ports).toEqual(['127.0.0.1::3306']);
});

test('a Docker that does not answer is passed over for apt, and apt that fails is quoted', async () => {
  inventDocker('exit 1');
  jest.mocked(apt.aptIsPossible).mockReturnValue(true);
  jest.mocked(apt.installWithApt).mockResolvedValue('E: no network');
  await expect(startServices({ folder: join(folder, 'run', 'x'), log })).rejects.toThrow(
    /apt was tried and failed:\nE: no network/,
  );
  expect(jest.mocked(binaries.findMysql)).toHaveBeenCalled();
});

test('with nothing at hand the message lists every choice', async () => {
  inventDocker('exit 1');
  const start = startServices({ folder: join(folder, 'run', 'x'), log });
  await expect(start).rejects.toMatchObject({ code: 'SERVICE-001' });
  await expect(start).rejects.toThrow(
    /apt-get install[\s\S]*Docker[\s\S]*RELAIS_MYSQL_OWNER_URL[\s\S]*as root/,
  );
});

test('MySQL by name is unpacked before Docker is asked, and a failure of that is quoted', async () => {
  inventDocker('exit 1');
  jest.mocked(apt.aptIsPossible).mockReturnValue(true);
  jest.mocked(packages.unpackingIsPossible).mockReturnValue(true);
  jest.mocked(packages.unpackMysql).mockResolvedValue('E: no mirror');
  await expect(startServices({ folder: join(folder, 'run', 'x'), log, engine: 'mysql' })).rejects.toThrow(
    /neither MySQL[\s\S]*E: no mirror/,
  );
  expect(jest.mocked(apt.installWithApt)).not.toHaveBeenCalled();
});

test('a storm gets MySQL by the same door: unpacked before anything else, and a failure of that is quoted', async () => {
  jest.mocked(packages.unpackingIsPossible).mockReturnValue(true);
  jest.mocked(packages.unpackMysql).mockResolvedValue('E: no mirror');
  process.env['RELAIS_TEST_ENGINE'] = 'mysql';
  try {
    await expect(startStormServers(join(folder, 'run', 'x'), log)).rejects.toThrow(
      /neither MySQL[\s\S]*E: no mirror/,
    );
  } finally {
    delete process.env['RELAIS_TEST_ENGINE'];
  }
});

test('MariaDB by name is never the MySQL of Docker', async () => {
  inventDocker('exit 0');
  jest.mocked(apt.aptIsPossible).mockReturnValue(true);
  jest.mocked(apt.installWithApt).mockResolvedValue('E: no network');
  await expect(startServices({ folder: join(folder, 'run', 'x'), log, engine: 'mariadb' })).rejects.toThrow(
    /neither MariaDB[\s\S]*E: no network/,
  );
  expect(jest.mocked(apt.installWithApt).mock.calls[0]?.[0]).toEqual(['mariadb-server', 'redis-server']);
});

test.each([
  ['mysql', '5.5.5-11.8.9-MariaDB'],
  ['mariadb', '9.7.4'],
] as const)('a server named by URL that is not %s, but greets as %s, is refused', async (engine, version) => {
  const server = createServer((socket) => socket.write(`J\0\0\0\n${version}\0`)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const mysqlUrl = `mysql://root@127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(startServices({ folder: join(folder, 'run', 'x'), log, mysqlUrl, engine })).rejects.toThrow(
    `--engine ${engine} was asked for`,
  );
  server.close();
});

test('a mysqld that is MariaDB under its old name is not MySQL', () => {
  const { findMysql } = jest.requireActual<typeof binaries>('../../sandbox/binaries.ts');
  const install = (place: string, program: string, version: string): string => {
    mkdirSync(join(folder, place), { recursive: true });
    const path = join(folder, place, program);
    writeFileSync(path, `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
    return path;
  };
  install('one', 'mysqld', 'mysqld  Ver 11.8.9-MariaDB-0+deb13u1');
  install('one', 'mariadb-install-db', '');
  const mysql = install('two', 'mysqld', 'mysqld  Ver 9.7.4-2 for Linux on x86_64');
  process.env['PATH'] = [join(folder, 'one'), join(folder, 'two')].join(delimiter);
  expect(findMysql('mysql')).toEqual({ kind: 'mysql', server: mysql });
  expect(findMysql('mariadb')?.kind).toBe('mariadb');
});

test.each([
  ['redis+cluster://127.0.0.1:1,127.0.0.1:PORT', undefined],
  ['redis+sentinel://127.0.0.1:PORT/master', undefined],
  [
    'redis+cluster://127.0.0.1:1,127.0.0.1:2',
    /nothing answers at 127\.0\.0\.1:1, 127\.0\.0\.1:2, named by RELAIS_REDIS_URL/,
  ],
  ['redis+sentinel://127.0.0.1:1', /RELAIS_REDIS_URL must be redis:/],
] as const)('Redis by %s: each form that the configuration offers is understood', async (form, refusal) => {
  const server = createServer((socket) => socket.write('-NOAUTH\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const redisUrl = form.replace('PORT', String((server.address() as AddressInfo).port));
  const mysql = createServer((socket) => socket.write('J\0\0\0\n9.7.4\0')).listen(0, '127.0.0.1');
  await once(mysql, 'listening');
  const mysqlUrl = `mysql://root@127.0.0.1:${(mysql.address() as AddressInfo).port}`;
  const start = startServices({ folder: join(folder, 'run', 'x'), log, mysqlUrl, redisUrl });
  if (refusal === undefined) expect(await start).toMatchObject({ origin: 'given', redisUrl });
  else await expect(start).rejects.toThrow(refusal);
  server.close();
  mysql.close();
});
