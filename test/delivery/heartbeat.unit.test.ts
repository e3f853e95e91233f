// A server that answers reads and lets every write wait, as MySQL does while the disk of its binary log is full, is seen.
import { startHeartbeat } from '../../src/delivery/background/heartbeat.ts';
import { silentLog } from '../../src/log.ts';
import type { Sql } from '../../src/store/database.ts';

test('unanswered after three beats without a write, and answered again with the next one', async () => {
  let clock = 0;
  const written = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<{ affected: number; insertId: number; idStep: number }>();
  const run = (): typeof waiting.promise => {
    written.resolve();
    return waiting.promise;
  };
  const database = { run, all: () => Promise.resolve([]), now: () => new Date() } as unknown as Sql;
  const line = { name: 'host:1', role: 'planner', version: '1', keys: { master: '', seal: '' } };
  const heartbeat = startHeartbeat(database, line, silentLog, () => clock);
  await written.promise;
  clock = 15_000;
  expect(heartbeat.isUnanswered()).toBe(false);
  clock = 15_001;
  expect(heartbeat.isUnanswered()).toBe(true);
  waiting.resolve({ affected: 1, insertId: 0, idStep: 1 });
  await heartbeat.stop();
  expect(heartbeat.isUnanswered()).toBe(false);
});
