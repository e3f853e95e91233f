// Steps of one loop: one that fails keeps none of the others from its turn.
import { inTurn } from '../../src/delivery/background/poll-loop.ts';

test('all have their turn, in order, and the first error is told at the end', async () => {
  const seen: string[] = [];
  const step = (name: string, error?: Error) => (): Promise<void> => {
    seen.push(name);
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  const all = inTurn(step('a', new Error('first')), step('b'), step('c', new Error('second')), step('d'));
  await expect(all).rejects.toThrow('first');
  expect(seen).toEqual(['a', 'b', 'c', 'd']);
});
