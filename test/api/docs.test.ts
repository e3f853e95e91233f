// Every example of docs/api.md, asked of a running server as it stands there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyScopes } from '../../src/access/permissions.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

const page = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8');
const examples = [...page.matchAll(/```sh\n(curl [^`]*)```/g)].map(([, text = '']) => text.trim());

/** As a shell reads it: words, quotes off, a backslash at the end of a line joins it to the next. */
const wordsOf = (text: string): readonly string[] =>
  [...text.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );

/** What invented clients of the page are here. */
const here = (text: string, delivery: number): string =>
  text
    .replaceAll('horizon', 'essai')
    .replace('/deliveries/4711/', `/deliveries/${delivery}/`)
    .replace('https://relais.centre.example', '');

test('the page has an example for each way of asking', () => {
  expect(examples).toHaveLength(7);
});

test('each example is answered with success, in the order of the page', async () => {
  const key = await rig.keyWith({ scopes: keyScopes.filter((scope) => scope !== 'lead.pull') });
  // Not one of those that the page's bulk run is about.
  const delivery = await rig.idOf('A-21');
  for (const example of examples) {
    const words = wordsOf(here(example, delivery));
    const after = (flag: string): readonly string[] =>
      words.flatMap((word, at) => (word === flag ? [words[at + 1] ?? ''] : []));
    const headers = Object.fromEntries(
      after('-H')
        .map((header) => header.split(': '))
        .map(([name = '', value = '']) => [name.toLowerCase(), value] as const)
        .filter(([name]) => name !== 'authorization'),
    );
    const [body] = after('-d');
    const path = words.find((word) => word.startsWith('/v1/')) ?? '';
    const { status, text } = await rig.ask(key, body === undefined ? 'GET' : 'POST', path, {
      headers,
      ...(body === undefined ? {} : { body }),
    });
    expect([path, status < 300 ? 'answered' : `${status} ${text}`]).toEqual([path, 'answered']);
    // Only what is posted as a row may be refused by itself.
    expect(text).not.toContain('"refused","refusals"');
  }
});
