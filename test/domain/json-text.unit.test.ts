// JSON from outside: what is refused before it is parsed, beside what JSON.parse itself says of the same text.
import { assert, array, json, property, string } from 'fast-check';
import { readJson, usualLimits } from '../../src/domain/json-text.ts';

test.each([
  ['{"a": 1, "a": 1}', 'name_twice'],
  ['{"a": 1, "\\u0061": 2}', 'name_twice'],
  ['[{"b": {"channel": "email", "x": [{}], "channel": "phone"}}]', 'name_twice'],
  ['{"": 1, "": 2}', 'name_twice'],
  ['{"__proto__": 1, "\\u005f_proto__": {}}', 'name_twice'],
  ['['.repeat(17), 'too_deep'],
  [`{"a":${'['.repeat(100_000)}`, 'too_deep'],
  [`[${'1,'.repeat(1_000)}1]`, 'too_wide'],
  [`{${Array.from({ length: 257 }, (_, at) => `"${at}":1`).join()}}`, 'too_wide'],
  [`[[${'{},'.repeat(1_000)}{}]]`, 'too_wide'],
  ['{"a": 1', 'not_json'],
  ['{"a": "\\"}', 'not_json'],
  ['{"a\\x": 1}', 'not_json'],
  ['', 'not_json'],
  ['1, 2', 'not_json'],
])('%.60s is refused: %s', (text, fault) => {
  expect(readJson(text)).toEqual({ fault });
});

test.each([
  '[{"a": 1}, {"a": 2}]',
  '{"a": {"a": {"a": []}}, "b": ["a", "a", "a"]}',
  '{"a": "\\\\", "b": "a\\",\\"a"}',
  '{"A": 1, "a": 2, "a ": 3}',
  `[${'1,'.repeat(999)}1]`,
  '"a"',
])('%.60s is read', (text) => {
  expect(readJson(text)).toEqual({ value: JSON.parse(text) as unknown });
});

test('what JSON writes is read as JSON.parse reads it, and a name said again is always found', () => {
  const limits = { depth: 1_000, names: 100_000, elements: 100_000 };
  assert(
    property(json(), (text) => {
      const value: unknown = JSON.parse(text);
      const read = readJson(text, limits);
      expect(read).toEqual({ value });
    }),
  );
  assert(
    property(
      string({ unit: 'binary' }),
      array(json({ maxDepth: 2 }), { minLength: 2, maxLength: 5 }),
      (name, values) => {
        const members = values.map((value) => `${JSON.stringify(name)}:${value}`).join(' , ');
        const read = readJson(`{${members}}`, limits);
        expect('fault' in read).toBe(true);
      },
    ),
  );
});

test('a reader may ask for less than usual', () => {
  expect(readJson('[[1]]', { ...usualLimits, depth: 1 })).toEqual({ fault: 'too_deep' });
  expect(readJson('[1,2]', { ...usualLimits, elements: 1 })).toEqual({ fault: 'too_wide' });
});
