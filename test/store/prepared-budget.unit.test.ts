// How many statements a connection keeps prepared: the server limits the sum of all processes.
import { preparedOn } from '../../src/store/connections.ts';

test('a pool of the usual size keeps all statements of a lead; a larger one shares the budget of its process', () => {
  expect([1, 12, 20, 100].map(preparedOn)).toEqual([250, 250, 150, 120]);
});
