// Pages are read beside code, in a window of its width: no line is longer than 140 characters, and the README stays short.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const under = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
const pages = ['README.md', ...['docs', 'mappings', 'connectors'].flatMap(under)];

const longest = 140;

/** Rows that repeat a text of the code word for word, which breaks nowhere. */
const wordForWord = ['- `RELAIS_REDIS_URL`:', '| `talk_started_at` |'];

/** Lines that are too long, but for code between fences: it is shown as it is typed. */
const tooLong = (text: string): readonly string[] =>
  text
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
    .split('\n')
    .filter((line) => line.length > longest && !wordForWord.some((start) => line.startsWith(start)));

test('a line that is too long would be seen, in text and in a table, not in code', () => {
  const long = 'word '.repeat(30);
  expect(tooLong(`short\n${long}\n| ${long} |\n\`\`\`sh\n${long}\n\`\`\`\nshort`)).toEqual([
    long,
    `| ${long} |`,
  ]);
});

test.each(pages)('%s: no line is longer than 140 characters', (page) => {
  expect(tooLong(readFileSync(join(root, page), 'utf8'))).toEqual([]);
});

test('the README has at most 150 lines', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length - 1).toBeLessThanOrEqual(150);
});
