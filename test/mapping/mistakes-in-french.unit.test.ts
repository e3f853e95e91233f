// Each mistake of a mapping is told in French beside its English, from the same values.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import clientSchema from '../../mappings/schema/client.schema.json' with { type: 'json' };
import mappingSchema from '../../mappings/schema/mapping.schema.json' with { type: 'json' };
import { connectors } from '../../connectors/index.ts';
import type { Problem } from '../../src/mapping/contract.ts';
import { formatProblemInFrench } from '../../src/mapping/document/problems.ts';
import { check, fixtures, webhook } from './support.ts';

const settingsSchemas = Object.fromEntries(
  Object.values(connectors).map(({ type, settingsSchema }) => [type, settingsSchema]),
);

const sound = webhook('- {to: nom, from: identity.lastName}');

const textsIn = (folder: string): readonly string[] =>
  readdirSync(join(fixtures, folder)).map((file) =>
    readFileSync(join(fixtures, folder, file), 'utf8').replaceAll(/^#! .*\n/gm, ''),
  );

function problemsIn(text: string, more: Readonly<Record<string, string>> = {}): readonly Problem[] {
  const result = check(text, more);
  return result.ok ? result.warnings : result.problems;
}

const all = [
  ...textsIn('mistakes').flatMap((text) => problemsIn(text)),
  ...textsIn('client-mistakes').flatMap((text) => problemsIn(sound, { 'demo/client.yaml': text })),
];

/** Places of a schema whose form is described to people: a pattern, or a choice of forms. */
function formsIn(schema: unknown, path: string): readonly (readonly [string, unknown])[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = schema as Readonly<Record<string, unknown>>;
  const described = typeof (own['x-form'] ?? own['description']) === 'string';
  const isForm = described && ['pattern', 'anyOf', 'oneOf'].some((key) => Object.hasOwn(own, key));
  return [
    ...(isForm ? [[path, own['x-forme']] as const] : []),
    ...Object.entries(own).flatMap(([key, inner]) => formsIn(inner, `${path}/${key}`)),
  ];
}

test('a form that a schema describes is described in French too', () => {
  const schemas = { mapping: mappingSchema, client: clientSchema, ...settingsSchemas };
  const forms = Object.entries(schemas).flatMap(([name, schema]) => formsIn(schema, name));
  expect(forms.length).toBeGreaterThan(70);
  expect(forms.filter(([, french]) => typeof french !== 'string').map(([path]) => path)).toEqual([]);
});

/** What is quoted, a number or a key of the language stands in both sentences. */
const valuesIn = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]+)"|« ([^»]+) »/g)].map(([, english, french]) => english ?? french ?? '');

test('both sentences are made of the same values', () => {
  expect(all.length).toBeGreaterThan(150);
  for (const { code, message, french } of all) {
    const missing = valuesIn(message).filter((value) => !french.includes(value));
    expect([code, message, missing]).toEqual([code, message, []]);
  }
});

test('no French sentence is the English one, and each ends as a sentence', () => {
  for (const { message, french } of all) {
    expect(french).not.toBe(message);
    expect(french).toMatch(/[.!?})»]$/);
  }
});

test.each([
  ['{ "type": "object", ', /ce n’est pas du JSON valable \(en anglais : [^)]+/],
  ['{ "$ref": "#/$defs/x" }', /le renvoi « #\/\$defs\/x » ne mène nulle part/],
  ['{ "type": "objet" }', /ce n’est pas un schéma que l’on puisse lire \(en anglais : schema is invalid/],
  ['{ "properties": { "nom": { "pattern": "(?=a)b" } } }', /ligne 1, le motif "\(\?=a\)b" regarde autour/],
  ['[]', /\(en anglais : schema is invalid: data must be object,boolean\)\.$/],
])('why the client’s schema cannot be used is told in French: %s', (schema, words) => {
  const [problem] = problemsIn(`${sound}\nschema: s.json\n`, { 'demo/s.json': schema });
  expect(problem).toMatchObject({ code: 'MAP-705', french: expect.stringMatching(words) as string });
  expect(problem?.french).toMatch(/^le schéma « s\.json » ne peut pas servir : /);
});

test('a line in French says where, what, and what was meant', () => {
  const [problem] = problemsIn(sound.replace('identity.lastName', 'identity.lastNam'));
  if (problem === undefined) throw new Error('a source that does not exist was accepted');
  expect(formatProblemInFrench(problem)).toMatch(
    /^mappings\/demo\/crm\.yaml:\d+:\d+ {2}MAP-201 {2}la source « identity\.lastNam » n’existe pas\. Vouliez-vous dire « identity\.lastName » \?$/,
  );
});
