// What is used when no server is installed: Docker Compose, else apt, else a message with the choices. Docker is an
// invented program here; no machine Relais is tested on has an engine.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import * as apt from '../../src/sandbox/apt.ts';
import * as binaries from '../../src/sandbox/binaries.ts';
import { startServices } from '../../src/sandbox/services.ts';

jest.mock('../../src/sandbox/apt.ts', () => ({ aptIsPossible: jest.fn(), installWithApt: jest.fn() }));
jest.mock('../../src/sandbox/binaries.ts', () => ({
  ...jest.requireActual<object>('../../src/sandbox/binaries.ts'),
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
