// Counts before a noun: in French none is singular, in English it is not.
import { counted, numbered, type OneAndSeveral } from '../../src/domain/counted.ts';

const deliveries: OneAndSeveral = [
  ['livraison', 'delivery'],
  ['livraisons', 'deliveries'],
];

test.each([
  [0, '0 livraison', '0 deliveries'],
  [1, '1 livraison', '1 delivery'],
  [2, '2 livraisons', '2 deliveries'],
  [1_200, '1 200 livraisons', '1,200 deliveries'],
])('%i', (count, french, english) => {
  expect(counted(count, deliveries).map((text) => text.replaceAll(/\s/g, ' '))).toEqual([french, english]);
  const [, words = ''] = /^[\d\s,]+(.*)$/.exec(french) ?? [];
  expect(numbered(count, deliveries)[0]).toBe(words);
});
