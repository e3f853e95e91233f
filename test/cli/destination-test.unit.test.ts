// What `relais destination test` says it tried, where a file has several calls.
import { whatWasTried } from '../../src/support/destination-test.ts';

const addressOnly = ['Seule l’adresse a été essayée.', 'Only the address was tried.'] as const;

test('credentials that some calls tried are said to be tried, and that the others tried the address alone', () => {
  expect(whatWasTried(new Set(['address', 'credentials']), addressOnly)[1]).toBe(
    'The credentials were tried and are taken, by the calls that have a look-up; of the others only the address was tried.',
  );
  expect(whatWasTried(new Set(['address']), addressOnly)).toEqual(addressOnly);
  expect(whatWasTried(new Set(['credentials']), addressOnly)[1]).toBe(
    'The credentials were tried and are taken.',
  );
});
