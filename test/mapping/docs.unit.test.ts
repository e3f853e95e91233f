// docs/mapping.md: every example must be accepted, and write what the page says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodiesOf, severalCalls } from './calls-support.ts';
import { compiled, flow, mappingsRoot, optIn, webhook, written } from './support.ts';

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

test.each(examples)('$kind: $title', ({ kind, text, next }) => {
  const mapping = compiled(mappingOf(kind, text));
  if (next?.language !== 'json') return;
  if (kind === 'fields') expect(JSON.parse(written(mapping))).toEqual(JSON.parse(next.text));
  if (kind === 'calls') expect(bodiesOf(mapping)).toEqual(JSON.parse(next.text));
});

test('the page names every code it needs and no key that does not exist', () => {
  expect(optIn).toContain('OPTIN');
  for (const key of [
    'extends',
    'accepts',
    'maxAge',
    'retry',
    'onUnknown',
    'pending',
    'limits',
    'timeouts',
    'maps',
    'empty',
    'title',
    'json',
    'form',
    'xml',
    'csv',
    'consent',
    'fields',
    'calls',
    'schema',
    'response',
    'update',
    'erase',
    'tests',
  ]) {
    expect(page).toContain(key);
  }
});
