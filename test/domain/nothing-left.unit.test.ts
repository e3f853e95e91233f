// What never left is known by its code: told to support, and left out of the answer to a person.
import { connectFailureCodes } from '../../connectors/guard/failures.ts';
import { saysNothingLeft } from '../../src/domain/delivery.ts';

test('after a connection that was never made nothing has left, whatever its code', () => {
  expect(connectFailureCodes.filter((code) => !saysNothingLeft('unavailable', code))).toEqual([]);
});

test('after an answer, or without a code, something may have left', () => {
  for (const [outcome, code] of [
    ['unavailable', ''],
    ['unknown', 'RESPONSE_TIMEOUT'],
    ['refused', 'TOKEN_422'],
  ] as const)
    expect(saysNothingLeft(outcome, code)).toBe(false);
});
