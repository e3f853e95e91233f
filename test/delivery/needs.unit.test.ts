// What is written ahead of its claim is bounded: who waits longer holds its job alone, and keeps nobody of another destination waiting.
import type { DelivererOptions } from '../../src/delivery/trip/trip.ts';
import { bindNeeds } from '../../src/delivery/needs.ts';

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

test('of a destination 256 deliveries are written and wait for their claim; the next is written when one of them leaves, which it does once', async () => {
  const needs = bindNeeds({} as DelivererOptions);
  const leave = await Promise.all(Array.from({ length: 256 }, () => needs.placeAhead('essai-crm')));
  const others: number[] = [];
  for (const which of [1, 2]) void needs.placeAhead('essai-crm').then(() => others.push(which));
  await turn();
  expect(others).toEqual([]);
  await needs.placeAhead('other-crm');
  leave[0]?.();
  leave[0]?.();
  await turn();
  expect(others).toEqual([1]);
  leave[1]?.();
  await turn();
  expect(others).toEqual([1, 2]);
});
