// The register of processing: the example is one; each mistake is named with its line; the page says what the file says.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../src/config.ts';
import { readRegister, registerPage } from '../../../src/privacy/papers/processing-register.ts';

const example = join(projectRoot, 'docs/registre.yaml');
const text = readFileSync(example, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'relais-register-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'registre.yaml');

function mistakesOf(from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  try {
    readRegister(file);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}
const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

test('C56: the page shows clients, sub-processors with their contract, and places with their country', () => {
  const page = registerPage(readRegister(example), {
    clients: [{ name: 'Horizon <b>', legalEntity: 'Horizon SA' }],
    contact: { centre: 'Centre Exemple', dpo: null, mailbox: null },
    at: new Date('2026-11-30T12:00:00Z'),
  });
  for (const part of [
    'Horizon &lt;b&gt;',
    'Horizon SA',
    'Hébergeur Exemple SAS',
    'contrat 2026-01',
    'Bruxelles, salle 2',
  ])
    expect(page).toContain(part);
  expect(page).toContain('<td>BE</td>');
  expect(page).toContain('30 novembre 2026');
});

test.each([
  ['data outside of the EEA', '    country: BE', '    country: US', 'Espace|European Economic Area'],
  [
    'a transfer without guarantee',
    '    country: FR\n    contract',
    '    country: US\n    contract',
    'guarantee',
  ],
  ['an unknown sub-processor', 'subprocessors: [hebergeur]', 'subprocessors: [hebergeurs]', 'not among'],
  ['an unknown key', '  name: Centre Exemple SAS', '  nom: Centre Exemple SAS', 'does not exist here'],
  ['a missing part', /security:[\s\S]*$/, '', '"security" is missing'],
  ['a date that is none', 'since: 2026-01-01', 'since: hier', 'since'],
])('C56: refused with its line: %s', (_, from, to, said) => {
  const message = mistakesOf(from, to);
  expect(message).toMatch(new RegExp(said));
  if (typeof from === 'string' && !from.includes('name:'))
    expect(message).toContain(`${file}:${lineOf(from)}:`);
});

test('a transfer out of the EEA with its guarantee is taken, and shown', () => {
  const changed = text.replace(
    '    country: FR\n    contract',
    '    country: US\n    guarantee: clauses types 2021/914\n    contract',
  );
  writeFileSync(file, changed);
  const page = registerPage(readRegister(file), {
    clients: [],
    contact: { centre: null, dpo: null, mailbox: null },
    at: new Date(0),
  });
  expect(page).toContain('clauses types 2021/914');
});
