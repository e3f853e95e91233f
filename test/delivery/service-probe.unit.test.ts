// A service that answers and takes nothing is not ready, and is called what it is.
import { createServiceProbe } from '../../src/delivery/background/service-probe.ts';
import { silentLog, type Log } from '../../src/log.ts';
import { refusalOfRedis } from '../../src/queue/connect.ts';

const wellAnswered = (): Promise<unknown> => Promise.resolve('PONG');
const failing = (message: string) => (): Promise<unknown> => Promise.reject(new Error(message));

async function troubleOf(
  services: Readonly<Record<string, () => Promise<unknown>>>,
  log: Log = silentLog,
): Promise<string | undefined> {
  const probe = createServiceProbe({ services, refusalIn: refusalOfRedis, role: 'planner', log });
  try {
    return await probe.trouble();
  } finally {
    probe.stop();
  }
}

test('a Redis whose disk is full is named with its word, and is not out of reach', async () => {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, error: (event, fields) => void lines.push([event, fields]) };
  const redis = failing(
    'MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk.',
  );
  expect(await troubleOf({ mysql: wellAnswered, redis }, log)).toBe(
    'redis answers and takes nothing (MISCONF)',
  );
  expect(lines).toEqual([['service.away', { role: 'planner', code: 'redis', reason: 'MISCONF' }]]);
});

test('one that is away and one that refuses are both named', async () => {
  expect(await troubleOf({ mysql: failing('ECONNREFUSED'), redis: failing('LOADING') })).toBe(
    'mysql cannot be reached, redis answers and takes nothing (LOADING)',
  );
  expect(await troubleOf({ mysql: wellAnswered, redis: wellAnswered })).toBeUndefined();
});
