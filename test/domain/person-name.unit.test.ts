// Names as an officer compares them.
import { bearsName, isSameName } from '../../src/domain/person-name.ts';

const zoe = { lastName: 'Lefèvre-Martin', firstName: 'Zoé' };

test.each([
  [{ lastName: 'LEFEVRE MARTIN', firstName: 'zoe' }, true],
  [{ lastName: 'Lefèvre-Martin' }, true],
  [{ lastName: 'Lefèvre-Martin', firstName: 'Paul' }, false],
  [{ lastName: 'Lefèvre', firstName: 'Zoé' }, false],
  [{}, false],
])('C21: %j is the same person: %s', (other, expected) => expect(isSameName(zoe, other)).toBe(expected));

test('C21: without a name that was given, nobody of an address that several people share is taken for the person', () => {
  const paul = { lastName: 'Durand', firstName: 'Paul' };
  expect(bearsName(undefined, [zoe, zoe])(zoe)).toBe(true);
  expect([zoe, paul].map(bearsName(undefined, [zoe, paul]))).toEqual([false, false]);
  expect([zoe, paul].map(bearsName(zoe, [zoe, paul]))).toEqual([true, false]);
});
