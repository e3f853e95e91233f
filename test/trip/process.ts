// The gateway as a process of its own, for what only a process can show: signals, exit codes, output.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Gateway } from './gateway.ts';

export interface GatewayProcess {
  readonly child: ChildProcess;
  /** Everything it wrote so far. */
  readonly output: () => string;
  readonly exit: Promise<number | string>;
}

/** What processes that are gone had in hand is free at once, as it is when their leases are over. */
export async function lapse({ owner }: Pick<Gateway, 'owner'>): Promise<void> {
  for (const table of ['deliveries', 'batches'])
    await owner.run(
      `UPDATE ${table} SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE lease_until IS NOT NULL`,
    );
}

/** Starts `src/main.ts <role>` on a gateway's database and Redis. */
export function startProcess(
  gateway: Gateway,
  role: 'all' | 'planner' | 'worker' | 'api',
  more: Readonly<Record<string, string>> = {},
  /** Put before the command line: another host, a limit. */
  before: readonly string[] = [],
): GatewayProcess {
  const { config } = gateway;
  const words = [...before, process.execPath, 'bin/relais.mjs', 'start', role];
  const child = spawn(words[0] ?? '', words.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      RELAIS_ENV: 'development',
      RELAIS_MYSQL_URL: config.mysql.gatewayUrl,
      RELAIS_REDIS_URL: config.redis.url,
      RELAIS_REDIS_PREFIX: config.redis.prefix,
      RELAIS_MASTER_KEY: config.masterKey.toString('base64'),
      RELAIS_SEAL_KEY: config.sealKey.toString('base64'),
      RELAIS_ALLOWED_RANGES: '127.0.0.0/8',
      RELAIS_ALLOW_PLAINTEXT: 'yes',
      RELAIS_LEASE_MS: '8500',
      RELAIS_SETTLING_MS: '500',
      RELAIS_PLANNER_IDLE_MS: '10',
      ...more,
    },
  });
  let output = '';
  child.stdout.on('data', (part: Buffer) => (output += part.toString()));
  child.stderr.on('data', (part: Buffer) => (output += part.toString()));
  const exit = new Promise<number | string>((done) =>
    child.on('exit', (code, signal) => done(code ?? signal ?? 'gone')),
  );
  return { child, output: () => output, exit };
}
