// Marks of work in progress: a process makes them until it has proved itself, and for suspects always.
import { createTakings, provenAfter } from '../../src/store/takings.ts';

test('each batch is marked until the process has proved itself; a suspect is marked after that too', async () => {
  let marks = 0;
  const sql = {
    all: async () => [],
    run: async (text: string) => {
      if (text.startsWith('INSERT INTO takings')) marks += 1;
      return { affected: 1, insertId: 1, idStep: 1 };
    },
    now: () => new Date(0),
  };
  const takings = createTakings(sql, 'intake');
  const work = async (): Promise<void> => undefined;
  const failing = takings.under(sql, ['7'], () => Promise.reject(new Error('of the row')));
  await expect(failing).rejects.toThrow('of the row');
  for (let batch = 0; batch < provenAfter; batch += 1) await takings.under(sql, ['7'], work);
  expect(marks).toBe(provenAfter + 1);
  await takings.under(sql, ['7'], work);
  expect(marks).toBe(provenAfter + 1);
  await takings.under(sql, ['7'], work, 'suspect');
  expect(marks).toBe(provenAfter + 2);
});
