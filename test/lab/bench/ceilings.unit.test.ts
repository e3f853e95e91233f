// A run of costs fails for each count that is above its ceiling, and names it.
import { above, ceilings } from './ceilings.ts';

test('a count above its ceiling is named with both figures; at the ceiling it is not', () => {
  const other = { selects: 99, lockWaits: 99, lockMs: 99, gateway: 99, database: 99 };
  expect(above('by HTTP', { ...other, ...ceilings['by HTTP'] })).toEqual([]);
  expect(above('by SQL', { ...other, ...ceilings['by SQL'], statements: 40, prepares: 1.5 })).toEqual([
    `by SQL: 40.00 statements a lead, ${ceilings['by SQL'].statements} at most`,
    `by SQL: 1.50 prepares a lead, ${ceilings['by SQL'].prepares} at most`,
  ]);
});
