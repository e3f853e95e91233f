// Numbers and titles that code and pages refer to: the clause, the guarantee, the section stands where it is looked for.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const charter = read('docs/charter.md');
const design = read('docs/design.md');

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|sql|md|yaml|json|mjs)$/.test(name))
    .map((name) => `${folder}/${name}`);
const texts = [
  'README.md',
  ...['src', 'connectors', 'sandbox', 'docs', 'mappings', 'bin', 'test'].flatMap(filesUnder),
].map((path) => ({ path, text: read(path) }));

interface Mention {
  readonly path: string;
  readonly name: string;
}

const mentions = (form: RegExp, namesIn: (found: string) => readonly string[]): readonly Mention[] =>
  texts.flatMap(({ path, text }) =>
    [...text.matchAll(form)].flatMap(([found]) => namesIn(found).map((name) => ({ path, name }))),
  );

const titlesOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);

const clauseNumber = /\bC\d\db?\b/g;
const clauses = [...charter.matchAll(/^### ((?:C\d\db?(?:, )?)+): /gm)].flatMap(([, numbers = '']) =>
  numbers.split(', '),
);

const testsOf = (page: string) =>
  [...page.matchAll(/^ {2}- `(test\/[^`]+)`: (.+)$/gm)].map(([, path = '', title = '']) => ({ path, title }));

/** Titles of tests, those of a table included. */
const titledIn = (source: string): readonly string[] =>
  [...source.matchAll(/(?:\b(?:test|it|describe)|\))\(\s*(['"`])(.*?)\1,/g)].map(([, , title = '']) => title);

describe('docs/charter.md', () => {
  test('has every clause that code, tests and pages name, once', () => {
    const named = mentions(clauseNumber, (number) => [number]);
    expect(named.length).toBeGreaterThan(200);
    expect(named.filter(({ name }) => !clauses.includes(name))).toEqual([]);
    expect(new Set(clauses).size).toBe(clauses.length);
  });

  const titles = texts.flatMap(({ path, text }) => (path.endsWith('.test.ts') ? titledIn(text) : []));
  test.each(clauses)('%s: a test has its number, and the page names one', (clause) => {
    const number = new RegExp(`\\b${clause}\\b`);
    expect(titles.filter((title) => number.test(title))).not.toEqual([]);
    const named = testsOf(charter).filter(({ title }) => number.test(title));
    expect(named).not.toEqual([]);
  });

  const sections = charter.split(/^(?=##)/m).filter((section) => section.startsWith('### C'));
  test.each(sections.map((section) => [section.slice(4, section.indexOf('\n')), section]))(
    '%s: kept with files and a test that exist, or said to be not yet kept',
    (_, section) => {
      const tests = testsOf(section);
      const keptIn = [...section.matchAll(/^- Kept in: ((?:[^\n]|\n {2})+)/gm)].flatMap(([, list = '']) =>
        [...list.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
      );
      expect(/\*\*not yet\.?\*\*/i.test(section) || (tests.length > 0 && keptIn.length > 0)).toBe(true);
      const paths = [...keptIn, ...tests.map(({ path }) => path)];
      expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
      expect(tests.filter(({ path, title }) => !hasTitle(read(path), title))).toEqual([]);
    },
  );
});

/** Whether a test of the file has the title; `...` at its end stands for the rest of a long one. */
function hasTitle(source: string, title: string): boolean {
  const start = title.replace(/ \.\.\.$/, '');
  const plain = source.replaceAll("\\'", "'");
  const ends = start === title ? ["'", '"', '`'] : [''];
  return ["'", '"', '`'].some((quote) => ends.some((end) => plain.includes(`${quote}${start}${end}`)));
}

describe('docs/security.md', () => {
  const attacks = [
    ...read('docs/security.md').matchAll(/^- \*\*(A\d\d)\*\* ([\s\S]+?)\n {2}- `(test\/[^`]+)`: (.+)$/gm),
  ].map(([, number = '', text = '', path = '', title = '']) => ({ number, text, path, title }));

  test('has its attacks numbered without a gap, more than forty of them', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(40);
    expect(attacks.map(({ number }) => number)).toEqual(
      attacks.map((_, index) => `A${String(index + 1).padStart(2, '0')}`),
    );
  });

  test.each(attacks)(
    '$number: its guard stands in a file that exists, its test in one that has it',
    ({ text, path, title }) => {
      const [guard = ''] = /(?<=\(`)src\/[^`]+(?=`\))/.exec(text) ?? [];
      expect([guard, existsSync(join(root, guard)), guard === '']).toEqual([guard, true, false]);
      expect([path, title, existsSync(join(root, path)) && hasTitle(read(path), title)]).toEqual([
        path,
        title,
        true,
      ]);
    },
  );
});

test('docs/design.md has every guarantee that code, tests and pages name, and numbers them without a gap', () => {
  const stands = [...design.matchAll(/^### Guarantee (\d+): /gm)].map(([, number = '']) => Number(number));
  expect(stands).toEqual(stands.map((_, at) => at + 1));
  const named = mentions(/\bguarantees? \d+(?:(?:, | and )\d+)*/gi, (found) => found.match(/\d+/g) ?? []);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(({ name }) => !stands.includes(Number(name)))).toEqual([]);
});

test('a section that code or a message names by its page and title exists there', () => {
  const named = mentions(/\bdocs\/[\w-]+\.md(?:,| under) "[^"\n]+"/g, (found) => [found]);
  expect(named.length).toBeGreaterThan(3);
  const missing = named.filter(({ name }) => {
    const [, page = '', title = ''] = /(docs\/[\w-]+\.md)(?:,| under) "(.+)"/.exec(name) ?? [];
    return !existsSync(join(root, page)) || !titlesOf(read(page)).includes(title);
  });
  expect(missing).toEqual([]);
});

test('nothing refers to a page that is not in the repository', () => {
  expect(mentions(/\b(?:DESIGN|CHARTER|MAPPING)(?:\.md| section| guarantee)/g, (found) => [found])).toEqual(
    [],
  );
  const named = mentions(/\bdocs\/[\w/-]+\.(?:md|yaml|json)\b/g, (found) => [found]);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ name }) => !existsSync(join(root, name)))).toEqual([]);
});
