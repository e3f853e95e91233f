// Runs a private Redis (or Valkey) on a free port of the loopback, with a random password.
// Invariant: it refuses writes rather than evicting keys (noeviction), which BullMQ depends on.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RelaisError } from '../src/errors.ts';
import type { PrivateServer } from './mariadb.ts';
import { converse, freePort } from './ports.ts';
import { lastLines, launch, untilReady } from './server-process.ts';

export type RedisOptions = { readonly program: string; readonly folder: string; readonly durable: boolean };

const PORT_TRIES = 5;

export async function startRedis({ program, folder, durable }: RedisOptions): Promise<PrivateServer> {
  const dataFolder = join(folder, 'redis');
  const config = join(folder, 'redis.conf');
  const log = join(folder, 'redis.log');
  const password = randomBytes(18).toString('hex');
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });

  for (let attempt = 1; attempt <= PORT_TRIES; attempt += 1) {
    const port = await freePort();
    // In a file and not on the command line, which every user of the machine can read.
    writeFileSync(config, configuration({ port, password, dataFolder, durable }), { mode: 0o600 });
    const server = launch({ program, args: [config], folder: dataFolder, logFile: log });
    // Its own process id in the answer proves that no other server has taken the port.
    const answers = async (): Promise<boolean> => {
      const ask = `AUTH ${password}\r\nINFO\r\n`;
      const answer = await converse({ host: '127.0.0.1', port }, ask, (text) => text.includes('# Keyspace'));
      return answer.includes(`process_id:${server.pid}\r`) && answer.includes('\nloading:0\r');
    };
    const readiness = await untilReady(server, answers, log).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    if (readiness === 'ready') return { url: `redis://:${password}@127.0.0.1:${port}`, process: server };
    await server.stop();
    if (!/address already in use/i.test(lastLines(log, 20))) break;
  }
  throw new RelaisError('SERVICE-001', `${program} did not start:\n${lastLines(log)}`);
}

type RedisSettings = {
  readonly port: number;
  readonly password: string;
  readonly dataFolder: string;
  readonly durable: boolean;
};

function configuration({ port, password, dataFolder, durable }: RedisSettings): string {
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    `requirepass ${password}`,
    `dir ${JSON.stringify(dataFolder)}`,
    'save ""',
    'appendonly yes',
    `appendfsync ${durable ? 'everysec' : 'no'}`,
    'maxmemory-policy noeviction',
    'daemonize no',
    '',
  ].join('\n');
}
