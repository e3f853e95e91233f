// Durations kept as steps of a scale: read back they are an eighth off at most, whatever their size.
import { msOfStep, shareWithin, stepOf } from '../../src/domain/time-scale.ts';

test('a duration read back from its step is an eighth off at most, from a millisecond to a month', () => {
  for (let ms = 1; ms < 2_700_000_000; ms = Math.ceil(ms * 1.07)) {
    const back = msOfStep(stepOf(ms));
    expect([ms, Math.abs(back - ms) / ms <= 0.125]).toEqual([ms, true]);
  }
});

test('steps grow with durations and fit a SMALLINT; nothing and less than nothing is the first', () => {
  expect(stepOf(0)).toBe(1);
  expect(stepOf(1)).toBe(1);
  expect(stepOf(10)).toBeGreaterThan(stepOf(5));
  expect(stepOf(90 * 86_400_000)).toBeLessThan(65_535);
});

test('half of what was counted is done within the middle one, and what is not known counts for nothing', () => {
  const counts = new Map([
    [0, 1_000],
    [stepOf(100), 5],
    [stepOf(1_000), 4],
    [stepOf(60_000), 1],
  ]);
  expect(shareWithin(counts, 0.5)).toBe(msOfStep(stepOf(100)));
  expect(shareWithin(counts, 0.9)).toBe(msOfStep(stepOf(1_000)));
  expect(shareWithin(counts, 0.95)).toBe(msOfStep(stepOf(60_000)));
  expect(shareWithin(new Map([[0, 3]]), 0.5)).toBeNull();
});
