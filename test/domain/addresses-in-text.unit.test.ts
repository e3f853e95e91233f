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
    '-zoe@courriel.example',
    '• `zoe@courriel.example`',
    'zoe @courriel.example',
    'zoe@courriel.example\u200b',
    // Cut off, or one JSON text within another: no parser reads it.
    '{"a":"écrire à\\nzoe@courriel.example',
    'Formulaire : {"a":"{\\"b\\":\\"x\\\\nzoe@courriel.example\\"}"}',
    'zoe\\u0040courriel.example\\r\\n',
    '%20zoe%40courriel.example%3E',
    '&lt;zoe&#64;courriel.example&gt;',
  ])
    expect([text, mails(text)]).toEqual([text, expect.arrayContaining(['zoe@courriel.example'])]);
});

test('a mail with a plus or an apostrophe is found in a link, in HTML, and with the apostrophe of a word processor', () => {
  for (const text of [
    "o'neil+x@courriel.example",
    'o’neil+x@courriel.example',
    'o%27neil%2Bx%40courriel.example',
  ])
    expect([text, mails(text)]).toEqual([text, expect.arrayContaining(["o'neil+x@courriel.example"])]);
  expect(mails('<b>o&#39;neil+x@courriel.example</b>')).toContain("o'neil+x@courriel.example");
});

test('a mail is no part of another one', () => {
  expect(mails('{"a":"écrire à\\nadia@courriel.example')).not.toContain('nadia@courriel.example');
  expect(mails('e\u0301d@courriel.example _ed@courriel.example')).not.toContain('d@courriel.example');
  expect(mails('_ed@courriel.example, +ed@courriel.example')).not.toContain('ed@courriel.example');
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
    '06&nbsp;39&nbsp;98&nbsp;01&nbsp;23',
    'tel:%2B33%206%2039%2098%2001%2023',
    '{"a":"06\\n39\\u00a098 01 23',
  ])
    expect([text, phones(text)]).toEqual([text, expect.arrayContaining(['+33639980123'])]);
  expect(phones('+49 1511 2345678')).toContain('+4915112345678');
});

test('a phone is no part of a longer number, and does not continue behind a word', () => {
  for (const text of ['1639980123', '06399801234', '06 39 98 et 01 23', '06 39 98     01 23', '12345'])
    expect(phones(text)).toEqual([]);
});

test('a hostile text of 0.9 MB is read in time', () => {
  const begun = performance.now();
  for (const signs of ['\\\\', '+1', ' ', '@', '&#', '%', 'a@ ', "'", '1 2 '])
    addressesIn(signs.repeat(900_000 / signs.length));
  expect(performance.now() - begun).toBeLessThan(30_000);
});
