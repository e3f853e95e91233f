// How long a line of the opposition list is kept: three civil years of Paris.
import { oppositionsEndBefore } from '../../src/domain/opposition.ts';

test.each([
  ['a plain day', '2026-11-28T12:00:00Z', '2023-11-27T23:00:00.000Z'],
  ['in summer', '2026-07-14T12:00:00Z', '2023-07-13T22:00:00.000Z'],
  [
    'late in the evening of UTC it is the next day in Paris',
    '2026-11-27T23:30:00Z',
    '2023-11-27T23:00:00.000Z',
  ],
  ['a day that year does not have', '2028-02-29T12:00:00Z', '2025-02-27T23:00:00.000Z'],
  ['from a year without to one with 29 February', '2027-02-28T12:00:00Z', '2024-02-27T23:00:00.000Z'],
  ['the day the clocks go forward', '2026-03-29T12:00:00Z', '2023-03-28T22:00:00.000Z'],
  ['the day they went forward three years before', '2026-03-26T12:00:00Z', '2023-03-25T23:00:00.000Z'],
  ['the day they go back', '2026-10-25T12:00:00Z', '2023-10-24T22:00:00.000Z'],
])('C21: %s', (_, now, end) => {
  expect(oppositionsEndBefore(new Date(now)).toISOString()).toBe(end);
});
