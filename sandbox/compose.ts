// Starts MySQL and Redis in Docker Compose, for machines that have Docker and no servers of their own.
// Never run yet: `npm run lab -- docker` runs the production-like compose file, not these services.
// Invariant: the project's name comes from its folder, so two checkouts never share containers, and `down` removes its volumes too.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RelaisError } from '../src/errors.ts';
import { findProgram } from './binaries.ts';

const execute = promisify(execFile);

export type ComposeServices = {
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  readonly stop: () => Promise<void>;
};

export async function dockerAnswers(): Promise<boolean> {
  const docker = findProgram('docker');
  if (docker === undefined) return false;
  try {
    await execute(docker, ['info'], { timeout: 10_000 });
    await execute(docker, ['compose', 'version'], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

export async function startCompose(folder: string): Promise<ComposeServices> {
  const password = randomBytes(18).toString('hex');
  const file = join(folder, 'compose.yaml');
  writeFileSync(file, composeFile(password), { mode: 0o600 });
  const project = `relais-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
  const compose = async (...args: readonly string[]): Promise<string> => {
    const all = ['compose', '--project-name', project, '--file', file, ...args];
    return (await execute(findProgram('docker') ?? 'docker', all, { timeout: 600_000 })).stdout.trim();
  };
  const stop = async (): Promise<void> => {
    await compose('down', '--volumes', '--timeout', '10');
  };
  try {
    await compose('up', '--detach', '--wait');
    const mysql = await compose('port', 'mysql', '3306');
    const redis = await compose('port', 'redis', '6379');
    return { mysqlUrl: `mysql://root:${password}@${mysql}`, redisUrl: `redis://:${password}@${redis}`, stop };
  } catch (error) {
    await stop().catch(() => {});
    const { stderr } = error as { stderr?: string };
    throw new RelaisError(
      'SERVICE-001',
      `Docker Compose could not start MySQL and Redis: ${stderr ?? 'no answer'}`,
    );
  }
}

// Port 0 on the loopback: Docker picks a free one. The client inside connects over TCP, because the image's first, temporary server
// listens on its socket only and would look healthy too early.
const composeFile = (password: string): string => `services:
  mysql:
    image: mysql:8.4
    command: [--character-set-server=utf8mb4, --collation-server=utf8mb4_bin, --max-connections=600]
    environment: { MYSQL_ROOT_PASSWORD: ${password}, MYSQL_ROOT_HOST: '%' }
    ports: ['127.0.0.1::3306']
    healthcheck:
      test: [CMD-SHELL, 'mysqladmin ping -h 127.0.0.1 -uroot -p$$MYSQL_ROOT_PASSWORD --silent']
      interval: 1s
      retries: 120
  redis:
    image: redis:8
    command: [redis-server, --appendonly, 'yes', --save, '', --maxmemory-policy, noeviction, --requirepass, ${password}]
    ports: ['127.0.0.1::6379']
    healthcheck:
      test: [CMD, redis-cli, -a, ${password}, --no-auth-warning, ping]
      interval: 1s
      retries: 60
`;
