// Parts whose code is loaded at the first call.
import { onDemand } from '../../src/app/parts.ts';

interface Sums {
  readonly add: (a: number, b: number) => Promise<number>;
  readonly fail: () => Promise<never>;
}

const sums: Sums = {
  add: (a, b) => Promise.resolve(a + b),
  fail: () => Promise.reject(new Error('no sum')),
};

test('is loaded once, at the first call, and answers as the part does', async () => {
  const load = jest.fn(() => Promise.resolve(sums));
  const part = onDemand(load);
  expect(load).not.toHaveBeenCalled();
  expect(await Promise.all([part.add(1, 2), part.add(3, 4)])).toEqual([3, 7]);
  await expect(part.fail()).rejects.toThrow('no sum');
  expect(load).toHaveBeenCalledTimes(1);
});

test('one that could not be loaded says so, and is tried again at the next call', async () => {
  let tries = 0;
  const part = onDemand<Sums>(() => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error('no such file')) : Promise.resolve(sums);
  });
  await expect(part.add(1, 2)).rejects.toThrow('no such file');
  expect(await part.add(1, 2)).toBe(3);
});

test('awaiting the part itself calls nothing', async () => {
  const load = jest.fn(() => Promise.resolve(sums));
  const part = await Promise.resolve(onDemand(load));
  expect(load).not.toHaveBeenCalled();
  expect(await part.add(2, 2)).toBe(4);
});
