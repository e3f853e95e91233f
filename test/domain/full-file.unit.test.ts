// When a file that should hold every current lead leaves by itself.
import { defaultGuard, mayLeave } from '../../src/domain/full-file.ts';

const last = { rows: 100, returning: 100, lastRows: 100, releasedRows: undefined };

test.each([
  ['as many leads as the last one', last, true],
  ['half of the last one', { ...last, rows: 50, returning: 50 }, true],
  ['less than half of the last one', { ...last, rows: 49, returning: 49 }, false],
  ['as many leads, most of them others', { ...last, rows: 100, returning: 49 }, false],
  ['none', { ...last, rows: 0, returning: 0 }, false],
  ['none after none', { ...last, rows: 0, returning: 0, lastRows: 0 }, true],
  ['the first of all', { ...last, rows: 3, returning: 0, lastRows: 0 }, true],
  ['so many as support let through', { ...last, rows: 10, returning: 10, releasedRows: 10 }, true],
  ['fewer than support let through', { ...last, rows: 9, returning: 9, releasedRows: 10 }, false],
  ['none, as support let through', { ...last, rows: 0, returning: 0, releasedRows: 0 }, true],
] as const)('a full file with %s', (_what, situation, leaves) => {
  expect(mayLeave(situation, defaultGuard).leaves).toBe(leaves);
});

test('the bounds are those of the mapping, and what is missing is counted against the last file', () => {
  expect(mayLeave({ ...last, rows: 89, returning: 80 }, { shrink: 10, fewest: 0 })).toEqual({
    leaves: false,
    missing: 20,
  });
  expect(mayLeave({ ...last, rows: 0, returning: 0 }, { shrink: 100, fewest: 0 }).leaves).toBe(false);
  expect(mayLeave({ ...last, rows: 9, returning: 0, lastRows: 0 }, { shrink: 100, fewest: 10 })).toEqual({
    leaves: false,
    missing: 0,
  });
});
