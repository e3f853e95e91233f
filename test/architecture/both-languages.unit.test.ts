// What a person of the support meets as a refusal is said in French beside its English: read from the sources, refusal by refusal.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './planted-tree.ts';

/** What a page shows refusals of: all that the console imports, types aside, and what it is given when the gateway is assembled. */
const console = 'src/console/server.ts';
const given = [
  'src/access',
  'src/client-mails/instructions.ts',
  'src/delivery',
  'src/errors/unknown.ts',
  'src/privacy/oppositions.ts',
  'src/privacy/person',
  'src/privacy/requests',
  'src/privacy/rights.ts',
  'src/publishing',
  'src/support',
];

/** MySQL does not answer: a page says so in words of its own, and who runs the gateway reads the rest in the log. */
const ofTheServer = ['src/store/sql-failures.ts'];
/** It speaks the language of who asked by itself. */
const inOneLanguage = ['src/console/refused.ts'];

/** A fault of ours, which no page explains. */
const ofOurs = /^'INTERNAL-001'/;

const filesUnder = (path: string): readonly string[] =>
  path.endsWith('.ts')
    ? [path]
    : readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(path, name));

/** Files that a file brings with it, directly and by others. */
function broughtBy(start: string): readonly string[] {
  const found = new Set([start]);
  for (const path of found) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, type, name = ''] of text.matchAll(
      /(?:^(?:import|export) (type )?[^;]*?from |\bimport\()'(\.[^']+\.ts)'/gm,
    ))
      if (type === undefined) found.add(join(dirname(path), name));
  }
  return [...found].filter((path) => path.startsWith('src/'));
}

/** What stands between the brackets that open at `start`. */
function inBrackets(text: string, start: number): string {
  let depth = 1;
  let end = start;
  for (; depth > 0 && end < text.length; end += 1) {
    const sign = text[end] ?? '';
    if ('([{'.includes(sign)) depth += 1;
    if (')]}'.includes(sign)) depth -= 1;
  }
  return text.slice(start, end - 1);
}

/** Each refusal's own words: what follows its code. */
const refusalsIn = (text: string): readonly string[] =>
  [...text.matchAll(/new RelaisError\(/g)]
    .map((found) => inBrackets(text, found.index + found[0].length).trim())
    .filter((inner) => !ofOurs.test(inner))
    .map((inner) => inner.replace(/^\S+\s*/, ''));

/** A text outside a pair is said in one language; a word that is compared is none. */
function isEnglishAlone(words: string): boolean {
  let rest = words.replaceAll(/[=!]==\s*'[^']*'/g, '');
  for (;;) {
    const open = rest.indexOf('[');
    if (open < 0) break;
    const inner = inBrackets(rest, open + 1);
    const after = rest.slice(open + inner.length + 2);
    if (/^\s*\.(?:join|map)\(/.test(after)) return true;
    rest = rest.slice(0, open) + after;
  }
  return /['"`]/.test(rest);
}

const found = (paths: readonly string[]): readonly string[] =>
  paths.flatMap((path) => {
    const english = refusalsIn(readFileSync(join(root, path), 'utf8')).filter(isEnglishAlone);
    return english.map((words) => `${path}: ${words.slice(0, 80)}`);
  });

test.each([
  [`new RelaisError('DEST-001', \`\${id} is gone.\`)`, true],
  [`new RelaisError('DEST-001', [\`\${id} a disparu.\`, \`\${id} is gone.\`])`, false],
  [`new RelaisError('FIND-001', ['one', 'two'].join(', '))`, true],
  [`new RelaisError('REQUEST-002', kind === 'access' ? ['a', 'b'] : ['c', 'd'])`, false],
  [`new RelaisError('REQUEST-002', kind === 'access' ? 'b' : ['c', 'd'])`, true],
  [`new RelaisError('ACCESS-001', problem)`, false],
  [`new RelaisError('INTERNAL-001', 'What signs is missing.')`, false],
])('it is recognised: %s', (text, isEnglish) => {
  expect(refusalsIn(text).some(isEnglishAlone)).toBe(isEnglish);
});

test('every refusal a page of the console can show has its French', () => {
  const brought = broughtBy(console);
  expect(brought.length).toBeGreaterThan(200);
  const paths = [...new Set([...brought, ...given.flatMap(filesUnder)])];
  expect(found(paths.filter((path) => ![...ofTheServer, ...inOneLanguage].includes(path)))).toEqual([]);
});

test('what is left out is no longer than said', () => {
  expect([...ofTheServer, ...inOneLanguage].filter((path) => found([path]).length === 0)).toEqual([]);
});
