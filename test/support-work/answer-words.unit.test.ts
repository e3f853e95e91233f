// What an attempt ended with, as support reads it.
import { statusMeanings } from '../../connectors/http-status.ts';
import { outcomeText } from '../../src/support/answer-words.ts';

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
