// What an attempt ended with, as support reads it.
import { statusMeanings } from '../../connectors/http-status.ts';
import type { StoryEntry } from '../../src/store/deliveries/delivery-lists.ts';
import { outcomeText } from '../../src/support/answer-words.ts';
import { hasLeft } from '../../src/support/entry-words.ts';

test.each(statusMeanings)(
  'an answer $statuses says what the status means',
  ({ statuses, outcome, support }) => {
    for (const status of statuses) {
      expect(outcomeText(outcome, `HTTP_${status}`, 'fr')).toBe(support[0]);
      expect(outcomeText(outcome, `HTTP_${status}`, 'en')).toBe(support[1]);
    }
  },
);

test('a rule of the file goes before the status, a fault of our own before both', () => {
  expect(outcomeText('refused', 'HTTP_401', 'fr')).toBe('refusé');
  expect(outcomeText('invalid', 'phone_invalid', 'en')).toBe('content judged invalid');
  expect(outcomeText('unauthorized', 'SECRET_MISSING', 'fr')).toMatch(/^réglage de la passerelle/);
});

test('a token or a login that was not got is said so, and nothing left', () => {
  expect(outcomeText('unauthorized', 'TOKEN_INVALID_CLIENT', 'en')).toMatch(/^the token endpoint refuses/);
  expect(outcomeText('unavailable', 'RENEWAL_LOGIN_HTTP_503', 'en')).toBe('the login is unavailable');
  expect(hasLeft(attemptWith('unauthorized', 'TOKEN_INVALID_CLIENT'))).toBe(false);
});

test('a lead that the recipient refuses under a code of such a name has left', () => {
  expect(outcomeText('refused', 'LOGIN_ALREADY_TAKEN', 'en')).toBe(outcomeText('refused', 'CODE', 'en'));
  expect(hasLeft(attemptWith('refused', 'LOGIN_ALREADY_TAKEN'))).toBe(true);
});

const attemptWith = (outcome: string, reason: string): readonly StoryEntry[] =>
  [{ entry: 'departed' }, { entry: 'outcome', outcome, reason }].map(
    (entry) => ({ run: 1, attempt: 1, callName: '', reason: '', ...entry }) as StoryEntry,
  );
