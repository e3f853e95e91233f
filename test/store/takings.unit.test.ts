// Marks of work in progress: a process makes them until it has proved itself, and for suspects always.
import { createTakings, provenAfter, suspectParts } from '../../src/store/intake/takings.ts';

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

test('suspects are worked on in tenths of the smallest batch that a process died over with them, the largest first', () => {
  const known = new Map<number, { readonly smallest: number }>([
    ...Array.from({ length: 45 }, (_, id) => [id, { smallest: 200 }] as const),
    ...[100, 101, 102].map((id) => [id, { smallest: 10 }] as const),
    [200, { smallest: 1 }],
  ]);
  const parts = suspectParts([...known.keys(), 300], (id) => known.get(id));
  expect(parts.map((part) => part.length)).toEqual([20, 20, 5, 1, 1, 1, 1, 1]);
  expect(parts.flat()).toEqual([...known.keys(), 300]);
});
