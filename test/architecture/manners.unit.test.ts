// Rules of the house that no off-the-shelf tool holds, read from the text of the sources.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { opensBadly, saysBadly, sentencesOf, sentencesOfPage, sentencesOfTexts } from './comments.ts';
import { root } from './planted-tree.ts';

const under = (folder: string): string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
    : [];

const everything = ['src', 'connectors', 'sandbox', 'test', 'bin', 'mappings'].flatMap(under);
const sources = everything.filter((path) => /^(src|connectors|sandbox)\/.*\.ts$/.test(path));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, '');
const readsEnvironment = (text: string): boolean =>
  /\bprocess\s*(?:\.|\[\s*['"])env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|\bimport\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"](?:node:)?process['"]/.test(
    code(text),
  );

test.each([
  'process.env.X',
  "process['env']",
  'const { env } = process;',
  "import { env } from 'node:process';",
])('reading the environment is recognised: %s', (text) => expect(readsEnvironment(text)).toBe(true));

test('only src/config.ts reads the environment (and the sandbox, to find programs on the PATH)', () => {
  expect(readsEnvironment('// process.env is read elsewhere')).toBe(false);
  const allowed = /^(src\/config\.ts$|sandbox\/)/;
  expect(sources.filter((path) => !allowed.test(path) && readsEnvironment(textOf(path)))).toEqual([]);
});

test('no folder has a name that says nothing', () => {
  const empty = ['utils', 'util', 'common', 'shared', 'helpers', 'lib', 'core', 'misc'];
  const isFolder = (path: string): boolean => statSync(join(root, path)).isDirectory();
  expect(everything.filter((path) => empty.includes(basename(path)) && isFolder(path))).toEqual([]);
});

test('every source file opens with its job and its invariant', () => {
  expect(sources.filter((path) => !/^(#![^\n]*\n)?(\/\/ |\/\*)/.test(textOf(path)))).toEqual([]);
});

test('relative imports name the file with its ending, as Node needs it', () => {
  const withoutEnding = /\bfrom\s+['"]\.{1,2}\/[^'"]*(?<!\.(?:ts|json|mjs|cjs))['"]/;
  expect("import { a } from './a';").toMatch(withoutEnding);
  expect(sources.filter((path) => withoutEnding.test(code(textOf(path))))).toEqual([]);
});

/** Where the host's own clock may be asked, and why. Durations are measured by `performance.now()`, business times by the database. */
const mayAskTheHostsClock: Readonly<Record<string, string>> = {
  'src/cli/terminal.ts': 'work on files alone, where no database is asked',
  'src/mapping/check.ts': 'the same: a check of files; what runs is given the database’s clock',
  'src/delivery/send/trace.ts': 'traces stand beside those of other programs of the host',
  'sandbox/': 'a world of its own, without a client',
};
const asksTheHostsClock = (text: string): boolean =>
  /\bDate\s*(?:\?\.|\.)\s*now\b|\bDate\s*\[\s*['"]now['"]|\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())|(?<!new\s)(?<![\w.])Date\s*\(\s*\)|\btimeOrigin\b|\bTemporal\s*\.\s*Now\b|\{[^}]*\bnow\b[^}]*\}\s*=\s*Date\b/.test(
    code(text),
  );

test.each([
  ['Date.now()', true],
  ['const now: () => number = Date.now;', true],
  ["Date['now']()", true],
  ['const { now } = Date;', true],
  ['new Date()', true],
  ['new Date( )', true],
  ['const at = new Date;', true],
  ['Date()', true],
  ['performance.timeOrigin + performance.now()', true],
  ['new Date(row.at)', false],
  ['performance.now()', false],
  ['database.now()', false],
  ['// Date.now() is the host’s', false],
])('asking the host’s clock is recognised: %s', (text, asks) => expect(asksTheHostsClock(text)).toBe(asks));

test('the database’s clock and the monotonic one decide: the host’s is asked in a few named files only', () => {
  const allowed = Object.keys(mayAskTheHostsClock);
  const asking = sources.filter((path) => asksTheHostsClock(textOf(path)));
  expect(asking.filter((path) => !allowed.some((start) => path.startsWith(start)))).toEqual([]);
  // A file that no longer asks leaves the list.
  expect(allowed.filter((start) => !asking.some((path) => path.startsWith(start)))).toEqual([]);
});

test('a sentence of a comment is seen at its start, inside it, and over line breaks', () => {
  const text = `// The worker renews the lease. What is due
// later waits.
const a = 1; // not looked at
/**
 * Of no use: whether it is seen.
 * @param one what it is
 * @returns Who asked
 */`;
  const sentences = sentencesOf(text);
  expect(sentences).toEqual([
    'The worker renews the lease.',
    'What is due later waits.',
    'Of no use:',
    'whether it is seen.',
    'what it is',
    'Who asked',
  ]);
  expect(sentences.filter(opensBadly)).toEqual(['What is due later waits.', 'Of no use:', 'Who asked']);
  expect(['Somebody is alerted.', 'An operator is alerted.'].map(saysBadly)).toEqual([true, false]);
});

test('no comment opens a sentence with What, Whether, Of or Who, or says told, somebody, whoever or rests', () => {
  const sentences = sources.flatMap((path) =>
    sentencesOf(textOf(path)).map((sentence) => `${path}: ${sentence}`),
  );
  expect(sentences.length).toBeGreaterThan(5_000);
  expect(sentences.filter(isBadLine)).toEqual([]);
});

test('nor does a text that people read, or a page', () => {
  expect(
    sentencesOfTexts("a('What is due waits.'); b('What waits', `Of ${one}, told.`);\n// 'Who is it.'"),
  ).toEqual(['What is due waits.', 'Of N, told.']);
  expect(sentencesOfPage('# What\n\nIt waits\nhere. What is due: `told`\n- Who asks?')).toEqual([
    'It waits here.',
    'What is due:',
  ]);
  const texts = sources.flatMap((path) => sentencesOfTexts(textOf(path)).map((one) => `${path}: ${one}`));
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  const written = pages.flatMap((path) => sentencesOfPage(textOf(path)).map((one) => `${path}: ${one}`));
  expect([texts.length > 2_000, written.length > 2_000]).toEqual([true, true]);
  expect([...texts, ...written].filter(isBadLine)).toEqual([]);
});

/** A sentence behind the name of its file. */
function isBadLine(line: string): boolean {
  const sentence = line.slice(line.indexOf(': ') + 2);
  return opensBadly(sentence) || saysBadly(sentence);
}
