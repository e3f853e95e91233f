// docs/mapping.md: every example must be accepted, and write what the page says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodiesOf, severalCalls } from './calls/calls-support.ts';
import { checkClientText } from '../../src/mapping/check.ts';
import { conditionNames } from '../../src/mapping/fields/conditions.ts';
import { formatterNames } from '../../src/mapping/fields/formatters.ts';
import { createProblems } from '../../src/mapping/document/problems.ts';
import { leadFromSample } from '../../src/mapping/tools/sample.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { compiled, flow, lead, mappingsRoot, presetTexts, problemsOf, webhook, written } from './support.ts';

const page = readFileSync(join(mappingsRoot, '..', 'docs', 'mapping.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', kind = '', text = '']) => ({ language, kind, text }),
);
const name = '- { to: nom, from: identity.lastName }';
const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');

/** The example set into the smallest mapping it belongs to. */
function mappingOf(kind: string, text: string): string {
  switch (kind) {
    case 'mapping':
      return text;
    case 'fields':
      return webhook(text);
    case 'consent':
      return webhook(name, '', `consent:\n${indent(text)}`);
    case 'response':
      return webhook(name).replace(/^response: .*\n/m, `response:\n${indent(text)}`);
    case 'top':
      return webhook(name, text);
    case 'calls':
      return severalCalls(text);
    case 'flow':
      return flow('', name).replace(/^consent:[\s\S]*$/m, text);
    default:
      throw new Error(`an example of an unknown kind: ${kind}`);
  }
}

const examples = blocks.flatMap((block, index) =>
  block.language === 'yaml'
    ? [{ title: block.text.split('\n')[0] ?? '', ...block, next: blocks[index + 1] }]
    : [],
);

test('the page has an example for every part of the language', () => {
  expect(examples.length).toBeGreaterThan(15);
});

const presets = presetTexts;

/** `201 {"id":1} -> accepted 1`: an answer, its outcome, and the reference or reason taken from it. */
function answersOf(mapping: CompiledMapping, lines: string): readonly string[] {
  return lines.split('\n').map((line) => {
    const [, status = '', text = ''] = /^(\d+) ?(.*?) -> /.exec(line) ?? [];
    const [, header, value = ''] = /^([A-Z][\w-]+): (.*)$/.exec(text) ?? [];
    const answer = {
      status: Number(status),
      headers: header === undefined ? {} : { [header.toLowerCase()]: value },
      mediaType: 'application/json',
      text: header === undefined ? text : '',
      truncated: false,
    };
    const outcome = mapping.classify(answer, 'create');
    const kept =
      'reference' in outcome ? outcome.reference : outcome.kind === 'invalid' ? outcome.reason : undefined;
    return `${[status, text].filter((one) => one !== '').join(' ')} -> ${[outcome.kind, kept].filter((one) => one !== undefined).join(' ')}`;
  });
}

const runnable = examples.filter(({ kind }) => !['lead', 'mistake', 'client'].includes(kind));

test.each(runnable)('$kind: $title', ({ kind, text, next }) => {
  const mapping = compiled(mappingOf(kind, text), presets);
  if (next?.language === 'answers')
    expect(answersOf(mapping, next.text.trimEnd())).toEqual(next.text.trimEnd().split('\n'));
  if (next?.language === 'json') {
    const shown = JSON.parse(next.text) as unknown;
    if (kind === 'calls') expect(bodiesOf(mapping)).toEqual(shown);
    else expect(JSON.parse(written(mapping))).toEqual(shown);
  }
  if (next?.language === 'question') {
    const about = { action: 'create', key: 'dlv_1', leadReference: 'DM-1', writtenAt: new Date(0) } as const;
    expect(Buffer.from(mapping.question(about)?.bytes ?? []).toString()).toBe(next.text.trimEnd());
  }
  if (next?.language === 'text' || next?.language === 'xml')
    expect(written(mapping).replaceAll('\r\n', '\n').trimEnd()).toBe(next.text.trimEnd());
});

test('every example of fields, consent and formats shows what it gives', () => {
  const silent = examples.filter(
    ({ kind, next }) =>
      ['fields', 'consent', 'flow', 'response'].includes(kind) &&
      (next === undefined || next.language === 'yaml'),
  );
  expect(silent.map((one) => one.text)).toEqual([]);
});

test('the lead of the page is the lead the examples are run with', () => {
  const shown = examples.find(({ kind }) => kind === 'lead')?.text ?? '';
  const sample = leadFromSample(shown, 'page.yaml', 'demo');
  expect(sample.ok && sample.lead).toEqual(lead());
});

test("the client's own file is accepted as it stands, and shows every key there is but the remarks", () => {
  const [shown] = examples.filter(({ kind }) => kind === 'client');
  const problems = createProblems();
  checkClientText('demo', shown?.text ?? '', problems);
  expect(problems.all().map((one) => one.message)).toEqual([]);
  const schema = JSON.parse(readFileSync(join(mappingsRoot, 'schema/client.schema.json'), 'utf8')) as {
    properties: Record<string, { properties?: object; items?: { properties?: object } }>;
  };
  const keys = Object.entries(schema.properties).flatMap(([key, { properties, items }]) => [
    key,
    ...Object.keys(properties ?? {}),
    ...Object.keys(items?.properties ?? {}),
  ]);
  expect(keys.length).toBeGreaterThan(20);
  expect(
    keys.filter((key) => key !== 'note' && !(shown?.text ?? '').includes(`${key}:`) && key !== 'until'),
  ).toEqual([]);
});

test('a mistake shown is told as the page says', () => {
  const mistakes = examples.filter(({ kind }) => kind === 'mistake');
  expect(mistakes.length).toBeGreaterThan(0);
  for (const { text, next } of mistakes)
    expect(problemsOf(webhook(text)).join()).toContain(next?.text.trim());
});

test('every formatter, condition and key of the schema is on the page', () => {
  const schema = JSON.parse(readFileSync(join(mappingsRoot, 'schema/mapping.schema.json'), 'utf8')) as {
    properties: Record<string, { properties?: Record<string, unknown> }>;
    $defs: Record<string, { properties: Record<string, unknown> }>;
  };
  const keys = [
    ...Object.keys(schema.properties),
    ...['json', 'form', 'multipart', 'xml', 'soap', 'jsonRpc', 'xmlRpc', 'csv'].flatMap((one) =>
      Object.keys(schema.properties[one]?.properties ?? {}),
    ),
    ...['field', 'consent', 'answer', 'rule'].flatMap((one) =>
      Object.keys(schema.$defs[one]?.properties ?? {}),
    ),
    ...formatterNames,
    ...conditionNames,
  ];
  const apart = ['$schema', 'note'];
  expect(keys.filter((key) => !apart.includes(key) && !new RegExp(`\\b${key}\\b`).test(page))).toEqual([]);
});
