// One bisection for the intake, the quarantine of deliveries and the lines of an acknowledgement.
import { bisect, breaksForAll, type Run } from '../../src/domain/bisect.ts';

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Breaks if one of these is among the units. */
const breakingOver = (bad: ReadonlySet<number>, runs: number[][] = []): Run<number, number> => ({
  run: async (units) => {
    runs.push([...units]);
    const [first] = units.filter((unit) => bad.has(unit));
    if (first !== undefined) throw new Error(`unit ${first}`);
    return { done: units, passed: units.length };
  },
  isOfNoUnit: () => false,
});

test.each([[[]], [[0]], [[63]], [[5, 6]], [[0, 17, 40, 63]]])(
  'of 64 units, %j are found and every other one passes once',
  async (bad) => {
    const { done, passed, broken } = await bisect(upTo(64), breakingOver(new Set<number>(bad)));
    expect(broken.map(({ unit }) => unit).toSorted((a, b) => a - b)).toEqual(bad);
    expect(done.toSorted((a, b) => a - b)).toEqual(upTo(64).filter((unit) => !bad.includes(unit as never)));
    expect(passed).toBe(64 - bad.length);
  },
);

test('each broken unit comes with its own error', async () => {
  const { broken } = await bisect(upTo(16), breakingOver(new Set([3, 9])));
  for (const { unit, error } of broken) expect(error).toEqual(new Error(`unit ${unit}`));
});

test('where everything breaks, eight units are tried by themselves and no more', async () => {
  const runs: number[][] = [];
  const bisected = await bisect(upTo(1_000), breakingOver(new Set(upTo(1_000)), runs));
  expect(bisected.broken).toHaveLength(8);
  expect(breaksForAll(bisected)).toBe(true);
  expect(runs.filter((units) => units.length === 1)).toHaveLength(8);
});

test('eight that break beside one that passes are broken units', async () => {
  const bisected = await bisect(upTo(9), breakingOver(new Set(upTo(8))));
  expect(bisected.passed + bisected.broken.length).toBeGreaterThanOrEqual(8);
  expect(breaksForAll({ ...bisected, passed: 1 })).toBe(false);
});

test('an error that no unit causes is thrown at once', async () => {
  const away = new Error('away');
  const runs: number[][] = [];
  const how: Run<number, number> = {
    run: (units) => {
      runs.push([...units]);
      return Promise.reject(away);
    },
    isOfNoUnit: (error) => error === away,
  };
  await expect(bisect(upTo(16), how)).rejects.toBe(away);
  expect(runs).toHaveLength(1);
});

test('no units are no run', async () => {
  const runs: number[][] = [];
  expect(await bisect([], breakingOver(new Set(), runs))).toMatchObject({ done: [], passed: 0, broken: [] });
  expect(runs).toEqual([]);
});
