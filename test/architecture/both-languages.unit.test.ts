// What a person of the support meets as a refusal is said in French beside its English: read from the sources, refusal by refusal.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './planted-tree.ts';

/** Whose refusals a page of the console shows. The rooms of `src/delivery` and the bulk runs are said below. */
const rooms = [
  'src/access',
  'src/client-mails/instructions.ts',
  'src/errors/unknown.ts',
  'src/privacy/oppositions.ts',
  'src/privacy/person',
  'src/privacy/requests',
  'src/privacy/rights.ts',
  'src/publishing',
  'src/support',
];
/** Still in English alone. */
const stillEnglish = ['src/support/bulk-runs.ts'];

/** A fault of ours, which no page explains. */
const ofOurs = /^'INTERNAL-001'/;

const filesUnder = (path: string): readonly string[] =>
  path.endsWith('.ts')
    ? [path]
    : readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(path, name));

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
  const paths = rooms.flatMap(filesUnder);
  expect(paths.length).toBeGreaterThan(100);
  expect(found(paths.filter((path) => !stillEnglish.includes(path)))).toEqual([]);
});

test('what is still in English alone is no longer than said', () => {
  expect(stillEnglish.filter((path) => found([path]).length === 0)).toEqual([]);
});
