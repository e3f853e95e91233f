// Joined statements: every delivery gets its own answer, after the commit that holds it, and never a neighbour's failure.
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { createBatcher } from '../../src/delivery/trip/batcher.ts';
import { groupSize, insertGroups } from '../../src/store/database.ts';

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}
function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test('deliveries woken in the same tick share one go', async () => {
  const groups: (readonly number[])[] = [];
  const join = createBatcher<number, number>({
    ...{ max: 10, lanes: 1 },
    run: (items) => {
      groups.push(items);
      return Promise.resolve(items.map((item) => item * 10));
    },
  });
  await expect(Promise.all([1, 2, 3].map(join))).resolves.toEqual([10, 20, 30]);
  expect(groups).toEqual([[1, 2, 3]]);
});

test('so do those that are woken one by the other within a turn of the event loop', async () => {
  const groups: (readonly number[])[] = [];
  const join = createBatcher<number, number>({
    ...{ max: 10, lanes: 1 },
    run: (items) => {
      groups.push(items);
      return Promise.resolve(items);
    },
  });
  const joined: Promise<number>[] = [];
  for (const item of [1, 2, 3, 4]) {
    joined.push(join(item));
    await Promise.resolve().then(() => undefined);
  }
  await Promise.all(joined);
  expect(groups).toEqual([[1, 2, 3, 4]]);
});

test('a group is what one statement writes; the rest goes next', async () => {
  const sizes: number[] = [];
  const join = createBatcher<number, number>({
    ...{ max: 200, lanes: 1, groupOf: groupSize },
    run: (items) => {
      sizes.push(items.length);
      return Promise.resolve(items);
    },
  });
  await Promise.all(Array.from({ length: 330 }, (_, item) => join(item)));
  expect(sizes).toEqual([192, 128, 10]);
  expect(sizes.map((size) => insertGroups(Array(size).fill(0)).length)).toEqual([1, 1, 1]);
});

test('a lonely item does not wait for company', async () => {
  const join = createBatcher<string, string>({
    ...{ max: 10, lanes: 1 },
    run: (items) => Promise.resolve(items.map((item) => item.toUpperCase())),
  });
  await expect(join('a')).resolves.toBe('A');
});

test('no promise settles before the run that holds it has committed', async () => {
  const commit = gate();
  const settled: number[] = [];
  const join = createBatcher<number, number>({
    ...{ max: 10, lanes: 1 },
    run: async (items) => {
      await commit.opened;
      return items;
    },
  });
  const all = [1, 2].map((item) => join(item).then((value) => settled.push(value)));
  await nextTurn();
  expect(settled).toEqual([]);
  commit.open();
  await Promise.all(all);
  expect(settled).toEqual([1, 2]);
});

test('those that come meanwhile run together next, no more than max at once', async () => {
  const first = gate();
  const groups: (readonly number[])[] = [];
  const join = createBatcher<number, number>({
    ...{ max: 3, lanes: 1 },
    run: async (items) => {
      groups.push(items);
      if (groups.length === 1) await first.opened;
      return items;
    },
  });
  const one = join(1);
  await nextTurn();
  const later = [2, 3, 4, 5].map(join);
  await nextTurn();
  expect(groups).toEqual([[1]]);
  first.open();
  await expect(Promise.all([one, ...later])).resolves.toEqual([1, 2, 3, 4, 5]);
  expect(groups).toEqual([[1], [2, 3, 4], [5]]);
});

test('no more runs at the same time than there are lanes', async () => {
  let running = 0;
  let most = 0;
  const join = createBatcher<number, number>({
    ...{ max: 2, lanes: 3 },
    run: async (items) => {
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
      return items;
    },
  });
  await Promise.all(Array.from({ length: 40 }, (_, item) => join(item)));
  expect(most).toBe(3);
});

test('one poisoned item fails alone; its neighbours are done, each once', async () => {
  const committed: number[] = [];
  const join = createBatcher<number, number>({
    ...{ max: 10, lanes: 1 },
    run: (items) => {
      if (items.includes(3)) return Promise.reject(new Error('poison'));
      committed.push(...items);
      return Promise.resolve(items.map((item) => item + 100));
    },
  });
  const results = await Promise.allSettled([1, 2, 3, 4].map(join));
  expect(results.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
    ...[101, 102, 'Error: poison', 104],
  ]);
  expect(committed).toEqual([1, 2, 4]);
});

test('a run that throws instead of rejecting fails its item and nothing else', async () => {
  const join = createBatcher<number, number>({
    ...{ max: 10, lanes: 1 },
    run: (items) => {
      if (items.includes(1)) throw new Error('at once');
      return Promise.resolve(items);
    },
  });
  const results = await Promise.allSettled([join(1), join(2)]);
  expect(results.map((one) => one.status)).toEqual(['rejected', 'fulfilled']);
  await expect(join(5)).resolves.toBe(5);
});

test('after an outage the lanes are free again', async () => {
  let down = true;
  const join = createBatcher<number, number>({
    ...{ max: 4, lanes: 2 },
    run: (items) => (down ? Promise.reject(new Error('away')) : Promise.resolve(items)),
  });
  const during = await Promise.allSettled(Array.from({ length: 20 }, (_, item) => join(item)));
  expect(during.every((one) => one.status === 'rejected')).toBe(true);
  down = false;
  await expect(Promise.all([1, 2, 3].map(join))).resolves.toEqual([1, 2, 3]);
});

test('whatever is poisoned and whenever it comes, all settle, each with its own answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ poisoned: fc.boolean(), late: fc.boolean() }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      async (list, max, lanes) => {
        const join = createBatcher<number, number>({
          ...{ max, lanes },
          run: async (items) => {
            expect(items.length).toBeLessThanOrEqual(max);
            await nextTurn();
            const bad = items.find((item) => list[item]?.poisoned);
            if (bad !== undefined) throw new Error(`poison ${bad}`);
            return items.map((item) => item + 1_000);
          },
        });
        const promises: Promise<number>[] = [];
        for (const [item, { late }] of list.entries()) {
          if (late) await nextTurn();
          promises.push(join(item));
        }
        const results = await Promise.allSettled(promises);
        expect(results.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual(
          list.map(({ poisoned }, item) => (poisoned ? `Error: poison ${item}` : item + 1_000)),
        );
      },
    ),
    { numRuns: 60 },
  );
});
