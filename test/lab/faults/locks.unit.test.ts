// What is counted of locks while servers start again.
import { SqlFailure, type Database } from '../../../src/store/database.ts';
import { countLocks } from './locks.ts';

/** Answers each look with the next counts, then with the last for ever; `read` once all were asked for. */
function serverWith(looks: readonly (readonly [number, number] | 'away')[]) {
  let at = 0;
  const { promise: read, resolve } = Promise.withResolvers<void>();
  const all = (): Promise<unknown[]> => {
    const look = looks[Math.min(at, looks.length - 1)];
    at += 1;
    if (at > looks.length) resolve();
    if (look === undefined || look === 'away') return Promise.reject(new SqlFailure(2006, 'away'));
    const [deadlocks, timeouts] = look;
    return Promise.resolve([
      { name: 'lock_timeouts', count: timeouts },
      { name: 'lock_deadlocks', count: deadlocks },
    ]);
  };
  return { owner: { all } as unknown as Database, read };
}

test('what the server had counted before is left out, and what it counts after a restart is added', async () => {
  const { owner, read } = serverWith([[100, 40], [103, 40], 'away', [1, 2], [2, 2]]);
  const locks = countLocks(owner, 0);
  await read;
  expect(await locks.ended(500)).toEqual({ deadlocksPer1000: 10, lockWaitsPer1000: 4 });
});
