// How many rows of a file fit: below the limit of bytes, never none, and never less of a file that may have left.
import { rowsThatFit } from '../../src/delivery/content/parcel.ts';

const file = (bytes: number, keep = true): Parameters<typeof rowsThatFit>[0] => ({
  keep,
  parcel: { body: { bytes: new Uint8Array(bytes), mediaType: 'text/csv', extension: 'csv' } },
});

test('a file within the limit leaves whole', () => {
  expect(rowsThatFit(file(8_000_000), 5_000)).toBe(5_000);
  expect(rowsThatFit(file(0), 1)).toBe(1);
});
test('a bigger one keeps as many rows as fit by their average size, with a margin', () => {
  expect(rowsThatFit(file(16_000_000), 1_000)).toBe(454);
  expect(rowsThatFit(file(8_000_001), 1_000)).toBeLessThan(1_000);
});
test('one row too big by itself still leaves, alone', () => {
  expect(rowsThatFit(file(40_000_000), 1)).toBe(1);
  expect(rowsThatFit(file(80_000_000), 3)).toBe(1);
});
test('a file that may have left is never cut: its sequence has one content', () => {
  expect(rowsThatFit(file(16_000_000, false), 1_000)).toBe(1_000);
});
