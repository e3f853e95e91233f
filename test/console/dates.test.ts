// Fields that ask for a date: the browser draws them in its own language, so each says on the page what it asks for.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from './desk.ts';
import { openFilledDesk, type FilledDesk } from './filled.ts';
import { root } from '../architecture/planted-tree.ts';

let desk: FilledDesk;
let person: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 1 });
  person = await desk.signedIn('support', 'integrator', 'dpo', 'admin');
});
afterAll(() => desk.close());

/** Labels of a page that hold a field of that type. */
const labels = (text: string, type: 'date' | 'month'): readonly string[] =>
  [...text.matchAll(/<label[\s\S]*?<\/label\s*>/g)]
    .map(([label]) => label)
    .filter((label) => label.includes(`type="${type}"`));

test.each([
  ['/deliveries', 'date', 2],
  ['/exports', 'date', 2],
  ['/audit/pack', 'date', 2],
  ['/requests/new', 'date', 1],
  ['/retention', 'month', 1],
] as const)('%s says in French what its %s asks for', async (path, type, count) => {
  const found = labels((await person.get(path)).text, type);
  expect(found).toHaveLength(count);
  for (const label of found)
    expect(label).toMatch(type === 'date' ? /<small>jj\/mm\/aaaa/ : /<small>Mois et année/);
  const [english = ''] = labels((await person.get(path, { 'accept-language': 'en' })).text, type);
  expect(english).toMatch(type === 'date' ? /<small>dd\/mm\/yyyy/ : /<small>Month and year/);
});

test('no page draws such a field by itself', () => {
  const folder = join(root, 'src/console');
  const drawing = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      name.endsWith('.ts') &&
      /type(?:: |=")'?(?:date|month|datetime-local)/.test(readFileSync(join(folder, name), 'utf8')),
  );
  expect(drawing).toEqual(['parts.ts']);
});
