// Patterns of a client's schema take time in proportion to the lead, and mean what JSON Schema says they mean.
import fc from 'fast-check';
import { compilePattern } from '../../../src/mapping/formats/pattern.ts';
import { compiled, lead, problemsOf, situation, webhook } from '../support.ts';

const schemaWith = (pattern: string) =>
  JSON.stringify(
    {
      type: 'object',
      properties: { nom: { type: 'string', pattern } },
      patternProperties: { '^(x+)+$': {} },
    },
    undefined,
    2,
  );
const file = webhook('- {to: nom, from: identity.lastName}', 'schema: crm.schema.json');
const files = (pattern: string) => ({ 'demo/crm.schema.json': schemaWith(pattern) });

test('a lead checked by a pattern that backtracks without end is checked at once', () => {
  const mapping = compiled(file, files('^(A+)+$'));
  const named = (lastName: string) =>
    mapping.apply({ ...lead(), identity: { ...lead().identity, lastName } }, situation());
  expect(named('A'.repeat(5_000))).toMatchObject({ ok: true });
  expect(named(`${'A'.repeat(5_000)}!`)).toMatchObject({
    ok: false,
    why: 'invalid',
    problems: [{ field: 'nom', code: 'SCHEMA_PATTERN' }],
  });
});

test.each([
  ['^(?=.*[0-9]).+$', 'looks around (?=, ?!, ?<=, ?<!), which has no bound in time'],
  ['^(?<!a)b$', 'looks around'],
  ['^(a)\\1$', 'refers back to a group (\\1), which has no bound in time'],
  ['^a{1,2000}$', 'repeats more than 1000 times: use maxLength for long texts'],
  ['^(a$', 'is no regular expression'],
])('%s is refused with the line of the schema', (pattern, why) => {
  const [problem, ...more] = problemsOf(file, files(pattern));
  expect(more).toEqual([]);
  expect(problem).toMatch(/MAP-705 {2}the schema "crm\.schema\.json" cannot be used: line 6, the pattern "/);
  expect(problem).toContain(why);
});

test('means what the same pattern means in JavaScript', () => {
  const patterns = [
    [
      '^\\S+@\\S+$',
      '^[\\w.-]+@[\\w-]+\\.fr$',
      '^.{2,5}$',
      '^[^\\s]+$',
      '[\\s\\S]{3}',
      '^\\p{Lu}',
      '^\\p{Letter}+$',
    ],
    [
      '^\\p{Script=Latin}+$',
      '^\\ud83d\\ude00',
      '^[\\u00c0-\\u{ff}]+$',
      'a$',
      '^(?<n>a|b)+$',
      '^[[a]$',
      '\\bde\\b',
      '^\\/',
    ],
    [
      '^0[1-9](?:[ .-]?\\d{2}){4}$',
      '^[A-Z]{2}-\\d+$',
      '^$',
      '\\t',
      '[\\b]',
      '^[^]$',
      '^\\x41',
      '\\.',
      '[.]',
      '^-?\\d+(\\.\\d+)?$',
    ],
  ].flat();
  const texts = [
    '',
    'a',
    'a\n',
    'A',
    'é',
    'É',
    '\u00a0',
    'a\u2028b',
    '😀',
    '[',
    '06 39 98 00 01',
    'zoe@courriel.fr',
    'AB-12',
    'x de y',
    '/',
    '\t',
    '\b',
    '1.5',
    'Дом',
  ];
  for (const pattern of patterns) {
    const own = new RegExp(pattern, 'u');
    const { test: linear } = compilePattern(pattern);
    for (const text of texts) expect([pattern, text, linear(text)]).toEqual([pattern, text, own.test(text)]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => linear(text) === own.test(text)),
      { numRuns: 50 },
    );
  }
});
