// relais mapping check: all mistakes at once, each at its place, whatever way the file is named; no database.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { terminalOf } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'relais-check-'));
const relais = terminalOf({});
const wrong = join(folder, 'horizon', 'crm.yaml');

beforeAll(() => {
  cpSync(join(root, 'mappings'), folder, { recursive: true });
  const text = readFileSync(wrong, 'utf8')
    .replace('project.programme', 'project.programm')
    .replace('identity.lastName', 'identity.lastNam');
  writeFileSync(wrong, text);
  writeFileSync(join(folder, 'alpes', 'client.yaml'), 'id: alpes\nnam: Alpes\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const places = (out: string): readonly string[] => out.split('\n').filter((line) => line !== '');

test('the whole folder: every file, line, column, code and suggestion, exit code 1', async () => {
  const ran = await relais('mapping', 'check', '--dir', folder);
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(
    new RegExp(`${wrong}:\\d+:\\d+ {2}MAP-201 {2}.*"project.programm".*Did you mean "project.programme"\\?`),
  );
  expect(ran.out).toContain('Did you mean "identity.lastName"?');
  expect(ran.out).toContain(join(folder, 'alpes', 'client.yaml'));
  expect(ran.err).toMatch(/^\d+ errors, \d+ warnings?\.\n$/);
  for (const line of places(ran.out)) expect(line).toMatch(/^\S+\.yaml:\d+:\d+ {2}MAP-\d{3} {2}/);
});

test.each([
  ['a destination', ['horizon-crm', '--dir', folder]],
  ['a client', ['horizon', '--dir', folder]],
  ['a file of the folder', ['horizon/crm.yaml', '--dir', folder]],
  ['a path', [wrong]],
  ["a client's path", [join(folder, 'horizon')]],
])('%s: its own mistakes only', async (_what, argv) => {
  const ran = await relais('mapping', 'check', ...argv);
  expect(ran.code).toBe(1);
  expect(places(ran.out).length).toBeGreaterThanOrEqual(2);
  for (const line of places(ran.out)) expect(line.startsWith(`${wrong}:`)).toBe(true);
});

test('in French for who asks so, with what was meant', async () => {
  const ran = await relais('mapping', 'check', wrong, '--lang', 'fr');
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(
    /MAP-201 {2}la source « project\.programm » n’existe pas\. Vouliez-vous dire « project\.programme » \?/,
  );
  expect(ran.err).toMatch(/^\d+ erreurs, \d+ avertissements?\.\n$/);
});

test('as JSON, one object a line', async () => {
  const ran = await relais('mapping', 'check', wrong, '--json');
  const problems = places(ran.out).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(problems).toContainEqual(
    expect.objectContaining({
      file: wrong,
      code: 'MAP-201',
      severity: 'error',
      suggestion: 'project.programme',
    }),
  );
});

test('a good one ends with 0; a path of the project is shown as one types it', async () => {
  expect(await relais('mapping', 'check', 'littoral-mail', '--dir', folder)).toEqual({
    out: '',
    err: '1 mapping checked, no error.\n',
    code: 0,
  });
  expect((await relais('mapping', 'check', join(root, 'mappings'))).err).toBe(
    '4 mappings checked, no error.\n',
  );
  expect((await relais('mapping', 'check')).code).toBe(0);
});

test('a name that is nothing is FIND-001', async () => {
  expect(await relais('mapping', 'check', 'nowhere', '--dir', folder)).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^FIND-001 No mapping file, client or destination is called nowhere/,
    ) as string,
  });
  expect((await relais('mapping', 'check', '--dir', '/nowhere')).err).toMatch(/^FIND-001 /);
});

test('a slip in a name is told with what was meant, and a client in place of its destination', async () => {
  const told = async (...argv: string[]): Promise<string> =>
    (await relais('mapping', ...argv, '--dir', folder)).err.split('\n')[0] ?? '';
  expect(await told('check', 'litoral-mail')).toMatch(/ Did you mean littoral-mail\?$/);
  expect(await told('test', 'litoral-mail')).toMatch(/ Did you mean littoral-mail\?$/);
  expect(await told('preview', 'litoral-mail')).toMatch(/ Did you mean littoral-mail\?$/);
  expect(await told('preview', 'littoral')).toMatch(/ Did you mean littoral-mail\?$/);
});
