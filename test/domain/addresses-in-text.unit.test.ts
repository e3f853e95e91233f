import { addressesIn } from '../../src/domain/addresses-in-text.ts';

const mails = (text: string): unknown => addressesIn(text).flatMap(({ email }) => email ?? []);
const phones = (text: string): unknown => addressesIn(text).flatMap(({ mobile }) => mobile ?? []);

test('a mail is found in a sentence, in quotes, in a link and in any case', () => {
  for (const text of [
    'écrire à Zoe@courriel.example.',
    '«zoe@courriel.example»',
    "'zoe@courriel.example'",
    'mailto:zoe@courriel.example?subject=x, merci',
    'https://x.example/?e=zoe%40courriel.example&s=1',
    'Zoé <ZOE@courriel.example>;',
    '[zoe@courriel.example]!',
  ])
    expect([text, mails(text)]).toEqual([text, expect.arrayContaining(['zoe@courriel.example'])]);
});

test('a mail is no part of another one', () => {
  for (const text of ['fred.zoe@courriel.example', 'zoe@courriel.example.net', 'zoe+x@courriel.example'])
    expect(mails(text)).not.toContain('zoe@courriel.example');
  expect(mails(`${'z'.repeat(500)}@courriel.example`)).toEqual([]);
});

test('a phone is found however its digits are grouped, before and after other numbers', () => {
  for (const text of [
    '0639980123',
    '639980123',
    '+33 6 39 98 01 23',
    '+33 (0)6 39 98 01 23',
    '0033639980123',
    '06.39.98.01.23 ou le soir',
    'Tél: 06/39/98/01/23, 75001 Paris',
    '12 rue X, 06-39-98-01-23',
    '06\u00a039\u202f98 01 23',
    '["06","39980123"]',
  ])
    expect([text, phones(text)]).toEqual([text, expect.arrayContaining(['+33639980123'])]);
  expect(phones('+49 1511 2345678')).toContain('+4915112345678');
});

test('a phone is no part of a longer number, and does not continue behind a word', () => {
  for (const text of ['1639980123', '06399801234', '06 39 98 et 01 23', '06 39 98     01 23', '12345'])
    expect(phones(text)).toEqual([]);
});
