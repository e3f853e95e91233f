// The story of a delivery that left with hundreds of files stays readable.
import type { StoryEntry } from '../../src/store/deliveries/delivery-lists.ts';
import { foldRuns } from '../../src/support/story.ts';

const at = (run: number): Date => new Date(Date.UTC(2026, 0, run, 6));
const entry = (run: number, kind: 'departed' | 'outcome', nextStep = ''): StoryEntry =>
  ({ at: at(run), entry: kind, run, nextStep }) as StoryEntry;
const runs = (count: number, failed: readonly number[] = []): readonly StoryEntry[] =>
  Array.from({ length: count }, (_, index) => index + 1).flatMap((run) => [
    entry(run, 'departed'),
    entry(run, 'outcome', failed.includes(run) ? 'fail' : 'done'),
  ]);

test('a dozen runs are told one by one', () => {
  expect(foldRuns(runs(12))).toEqual({ entries: runs(12), gap: undefined });
});

test('of a year of files the first and the last six are told, and the others counted', () => {
  const { entries, gap } = foldRuns(runs(365, [100, 200]));
  expect([...new Set(entries.map(({ run }) => run))]).toEqual([1, 360, 361, 362, 363, 364, 365]);
  expect(gap).toEqual({
    behind: 2,
    at: at(2),
    words: ['… 358 passages de relais, dont 356 acceptés', '… 358 hand-overs, 356 of them accepted'],
  });
});
