// A request of many rows leaves the process free between two of them: no caller waits for another's hundred rows.
import { postRows } from '../../src/intake/posted.ts';
import type { Database } from '../../src/store/database.ts';

test('between two posted rows everything else that waits has its turn', async () => {
  let turns = 0;
  let atFirstQuestion: number | undefined;
  const database = {
    now: () => new Date('2026-11-28T10:00:00Z'),
    transaction: () => {
      atFirstQuestion = turns;
      throw new Error('enough');
    },
  } as unknown as Database;
  const spin = (): void => {
    turns += 1;
    if (atFirstQuestion === undefined) setImmediate(spin);
  };
  setImmediate(spin);
  const rows = Array.from({ length: 100 }, () => ({ reference: '' }));
  await expect(
    postRows({ database, intake: { acceptRows: () => Promise.resolve() } as never }, rows),
  ).rejects.toThrow('enough');
  expect(atFirstQuestion).toBeGreaterThanOrEqual(99);
});
