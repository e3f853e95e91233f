// Messages of a mapping's check on a page: what each means, and what exactly was found, in the language of the page.
import { lineLink, listing, problemsTable, type Problem } from '../../src/console/mapping-parts.ts';
import { sayIn } from '../../src/console/layout.ts';
import { mappingProblems } from '../../src/mapping/document/problem-catalogue.ts';
import { written } from '../../src/privacy/papers/html.ts';

const problem: Problem = {
  file: 'essai/crm.yaml',
  line: 1,
  column: 1,
  code: 'MAP-101',
  severity: 'error',
  message: '"too" is no key of a field.',
  french: '« too » n’est pas une clé d’un champ.',
  suggestion: 'to',
};
const plain = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');

test('on a French page a message is explained and told in French, with what it suggests, in the table and at its line', () => {
  for (const page of [
    written(problemsTable('Messages', [problem], sayIn('fr'))),
    written(listing('too: nom', sayIn('fr'), { problems: [problem] })),
  ]) {
    expect(plain(page)).toContain(
      'Détail : « too » n’est pas une clé d’un champ. Vouliez-vous dire « to » ?',
    );
    expect(page).not.toMatch(/lang="en"|en anglais/);
  }
  expect(plain(written(problemsTable('Messages', [problem], sayIn('en'))))).toContain(
    '"too" is no key of a field. Did you mean "to"?',
  );
});

test('on an English page it stands as the check says it', () => {
  const text = plain(written(problemsTable('Messages', [problem], sayIn('en'))));
  expect(text).toContain('"too" is no key of a field. Did you mean "to"?');
  expect(text).not.toMatch(/La clé|Detail/);
});

test('what is told of the end of a text stands at its last line, and its link leads there', () => {
  const text = 'a: 1\nb: 2\n';
  const behind = { ...problem, line: 3, column: 1 };
  const shown = written(listing(text, sayIn('fr'), { problems: [behind] }));
  expect(plain(shown)).toContain('b: 2 erreur MAP-101');
  expect(shown).not.toContain('<mark>');
  expect(lineLink(text, 3)).toBe('#L2');
  expect(shown).toContain(`id="${lineLink(text, 3).slice(1)}"`);
  expect(lineLink(text, 1, 'C')).toBe('#C1');
});

test('no code of the catalogue is shown on a French page without a French sentence', () => {
  for (const code of Object.keys(mappingProblems)) {
    const text = plain(written(problemsTable('x', [{ ...problem, code }], sayIn('fr'))));
    expect([code, text.includes('Détail :')]).toEqual([code, true]);
  }
});
