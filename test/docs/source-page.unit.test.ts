// Generated page and JSON Schemas say what the code says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  consentChannels,
  consentPurposes,
  consentStates,
  dataCategories,
  sourceModel,
} from '../../src/domain/lead.ts';
import { conditionNames } from '../../src/mapping/fields/conditions.ts';
import { encodings, unmappablePolicies } from '../../src/mapping/formats/encoding.ts';
import { formatterNames } from '../../src/mapping/fields/formatters.ts';
import { answerConditions } from '../../src/mapping/response/conditions.ts';
import { ruleKinds } from '../../src/mapping/response/rule.ts';
import { schedules } from '../../src/mapping/transport/timing.ts';
import { listPaths } from '../../src/mapping/fields/source.ts';
import { contractPage } from './contract-page.ts';
import { sourcePage } from './source-page.ts';
import { formatterWords, sourceSchema } from './source-schema.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

test('docs/mapping-sources.md is what `npm run docs` writes', () => {
  expect(read('docs/mapping-sources.md')).toBe(sourcePage());
});

test.each([
  ['docs/lead-contract.md', contractPage],
  ['mappings/schema/mapping.schema.json', sourceSchema],
])('the lists of %s are what `npm run docs` writes', (name, write) => {
  expect(read(name)).toBe(write(read(name)));
});

test('a page without the place that is written is an error, not a page that stays as it was', () => {
  const schema = read('mappings/schema/mapping.schema.json');
  expect(() => sourceSchema(schema.replace('"enumDescriptions"', '"words"'))).toThrow('nothing to write');
  expect(() => sourceSchema(schema.replaceAll('"as": {', '"how": {'))).toThrow('nothing to write');
});

test('the page has every field with its category and whether it is a person\u2019s', () => {
  for (const field of sourceModel) {
    const section = sourcePage().split(`## ${field.category}\n`)[1]?.split('\n## ')[0] ?? '';
    expect(section).toContain(`- \`${field.path}\` (${field.type}${field.person ? '\\*' : ''})`);
  }
});

interface Block {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Block;
  readonly properties?: Readonly<Record<string, Block>>;
}

const schema = JSON.parse(read('mappings/schema/mapping.schema.json')) as Block & {
  readonly $defs: Readonly<Record<string, Block>>;
};
const client = JSON.parse(read('mappings/schema/client.schema.json')) as Block;
const at = (block: Block | undefined, ...keys: readonly string[]): Block =>
  keys.reduce<Block>((one, key) => one.properties?.[key] ?? {}, block ?? {});

test('the lists of mapping.schema.json are those of the code', () => {
  const { consent, answer, rule, field } = schema.$defs;
  expect(at(consent, 'purpose').enum).toEqual(consentPurposes);
  expect(at(consent, 'channel').enum).toEqual(consentChannels);
  expect(at(consent, 'channels').items?.enum).toEqual(consentChannels);
  expect(at(consent, 'purposes').items?.enum).toEqual(consentPurposes);
  expect(at(consent, 'states').items?.enum).toEqual(consentStates);
  for (const block of [consent, answer])
    expect(Object.keys(at(block, 'values').properties ?? {})).toEqual(consentStates);
  expect(ruleKinds.filter((kind) => at(rule, kind).description === undefined)).toEqual([]);
  expect(at(schema, 'csv', 'encoding').enum).toEqual(expect.arrayContaining([...encodings]));
  expect(at(schema, 'csv', 'unmappable').enum).toEqual(expect.arrayContaining([...unmappablePolicies]));
  const says = (block: Block, words: readonly string[]): void => {
    for (const word of words) expect(block.description).toMatch(new RegExp(`\\b${word}\\b`));
  };
  says(at(field, 'as'), formatterNames);
  says(at(field, 'when'), conditionNames);
  says(at(field, 'each'), listPaths);
  says(at(rule, 'accepted'), answerConditions);
  says(at(schema, 'retry'), Object.keys(schedules));
});

test('wherever a field is written, the editor names every formatter', () => {
  const written = Object.values(schema.$defs).flatMap(({ properties }) => properties?.['as'] ?? []);
  expect(written.length).toBe(3);
  expect(written.map(({ description }) => description)).toEqual(written.map(() => formatterWords));
});

test('an editor offers every source of the model, with its words', () => {
  const offered = schema.$defs['source'] as Block & {
    readonly anyOf: readonly {
      readonly enum?: readonly string[];
      readonly enumDescriptions?: readonly string[];
    }[];
  };
  const paths = sourceModel.flatMap((field) => [
    ...(field.type === 'list' ? [] : [[field.path, field.description]]),
    ...(field.element ?? []).map((element) => [element.path, `${field.path}: ${element.description}`]),
    ...(field.element ?? []).map((element) => [`${field.path}.${element.path}`, element.description]),
  ]);
  expect(offered.anyOf[0]?.enum).toEqual(paths.map(([path]) => path));
  expect(offered.anyOf[0]?.enumDescriptions).toEqual(paths.map(([, words]) => words));
});

test('the lists of client.schema.json are those of the code', () => {
  const text = JSON.stringify(client);
  for (const word of [...dataCategories, ...consentPurposes, ...consentChannels, ...consentStates])
    expect(text).toContain(`"${word}"`);
});

test('every property of both schemas has a description for the editor to show', () => {
  const bare: string[] = [];
  const walk = (block: Block, path: string): void => {
    for (const [name, inner] of Object.entries(block.properties ?? {})) {
      if (inner.description === undefined && !('$ref' in inner)) bare.push(`${path}.${name}`);
      walk(inner, `${path}.${name}`);
    }
    if (block.items !== undefined) walk(block.items, `${path}[]`);
  };
  walk(schema, 'mapping');
  for (const [name, block] of Object.entries(schema.$defs)) walk(block, name);
  walk(client, 'client');
  expect(bare).toEqual([]);
});
