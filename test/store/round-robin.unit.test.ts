// Clients take turns: a rush of one is no other's wait.
import { startOfTurns, takeInTurns, type Queue, type Turns } from '../../src/store/intake/round-robin.ts';

interface Row {
  readonly id: number;
  readonly client: string;
}

/** A queue in memory; what is taken is gone. */
function queueOf(rows: Row[]): Queue<Row> & { readonly left: () => readonly Row[] } {
  return {
    clientAfter: async (client) =>
      Promise.resolve(
        [...new Set(rows.map((row) => row.client))]
          .sort()
          .find((one) => client === undefined || one > client),
      ),
    rowsOf: async (client, afterId, limit) =>
      Promise.resolve(
        rows
          .filter((row) => row.client === client && row.id > afterId)
          .sort((a, b) => a.id - b.id)
          .slice(0, limit),
      ),
    left: () => rows,
  };
}

async function take(rows: Row[], turns: Turns, limit: number): Promise<readonly Row[]> {
  const taken = await takeInTurns(turns, limit, queueOf(rows));
  for (const row of taken) rows.splice(rows.indexOf(row), 1);
  return taken;
}

const rush = (client: string, count: number, from = 1): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: from + index, client }));

test('one row behind a rush of another client is in the next batch', async () => {
  const rows = [...rush('a', 5_000), { id: 5_001, client: 'b' }];
  const taken = await take(rows, startOfTurns(), 100);
  expect(taken).toHaveLength(100);
  expect(taken.at(-1)).toEqual({ id: 5_001, client: 'b' });
});

test('what one client leaves of its share, another takes; each in the order of its rows', async () => {
  const rows = [...rush('a', 3), ...rush('b', 500, 100), ...rush('c', 2, 50)];
  const taken = await take(rows, startOfTurns(), 60);
  expect(taken).toHaveLength(60);
  expect(taken.map((row) => row.id)).toEqual([
    ...[1, 2, 3, 50, 51],
    ...Array.from({ length: 55 }, (_, index) => 100 + index),
  ]);
});

test('every client gets something of a batch that has room for all; with less room, all within as many batches as that takes', async () => {
  const clients = (): Row[] =>
    Array.from({ length: 45 }, (_, index) =>
      rush(`client-${String(index).padStart(2, '0')}`, 10, index * 100 + 1),
    ).flat();
  expect(new Set((await take(clients(), startOfTurns(), 100)).map((row) => row.client)).size).toBe(45);
  const rows = clients();
  const turns = startOfTurns();
  const served: string[] = [];
  for (let batch = 0; batch < 3; batch += 1)
    served.push(...new Set((await take(rows, turns, 20)).map((row) => row.client)));
  expect([served.length, new Set(served).size]).toEqual([60, 45]);
});

test('nothing is left, taken twice or invented, whatever the size of the batch', async () => {
  for (const limit of [1, 2, 7, 20, 50, 1_000]) {
    const all = [...rush('a', 40), ...rush('', 3, 200), ...rush('b', 17, 100)];
    const rows = [...all];
    const turns = startOfTurns();
    const seen: number[] = [];
    for (let batch = 0; batch < 200 && rows.length > 0; batch += 1) {
      const taken = await take(rows, turns, limit);
      expect(taken.length).toBeLessThanOrEqual(limit);
      expect(taken.length).toBeGreaterThan(0);
      seen.push(...taken.map((row) => row.id));
    }
    expect(seen.sort((a, b) => a - b)).toEqual(all.map((row) => row.id).sort((a, b) => a - b));
  }
});

test('an empty queue gives nothing and forgets nothing', async () => {
  const turns = startOfTurns();
  expect(await take([], turns, 10)).toEqual([]);
  expect(await take(rush('a', 1), turns, 10)).toHaveLength(1);
  expect(await take([], turns, 10)).toEqual([]);
  expect(await take(rush('a', 1), turns, 10)).toHaveLength(1);
});
