// relais mapping new: what a person types and gets, from the client's sample to a file that is checked and previewed.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { terminalOf } from './terminal.ts';

const home = mkdtempSync(join(tmpdir(), 'relais-new-'));
const folder = join(home, 'mappings');
// No other variable: drafting and checking need no configuration.
const relais = terminalOf({ RELAIS_MAPPINGS_DIR: folder });
const tutorial = readFileSync(join(import.meta.dirname, '../../docs/first-client.md'), 'utf8');
const [sample = '', answer = ''] = [...tutorial.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, one = '']) => one,
);
const file = (name: string, text: string): string => {
  writeFileSync(join(home, name), text);
  return join(home, name);
};
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the example of docs/first-client.md', () => {
  test('is drafted, checked without an error, previewed', async () => {
    const ran = await relais(
      ...['mapping', 'new', 'jardins', file('sample.json', sample), '--answer', file('answer.json', answer)],
      ...['--to', 'http://localhost:9099/leads', '--company', 'Les Jardins'],
    );
    expect(ran.code).toBe(0);
    expect(ran.out).toContain(`written: ${join(folder, 'jardins/crm.yaml')}\n`);
    expect(ran.out).toContain('ACCORD_MAIL: marketing by email');
    expect(ran.out).not.toContain('The check still refuses');
    const checked = await relais('mapping', 'check', 'jardins');
    expect([checked.code, checked.err]).toEqual([0, '1 mapping checked, no error, 4 warnings.\n']);
    const preview = await relais('mapping', 'preview', 'jardins-crm');
    expect(preview.out).toContain(
      '{"reference":"SAMPLE-000001","nom":"DURAND-EXEMPLE","telephone":"0639980001","programme":"PROGRAMME-1","ACCORD_MAIL":"OUI"}',
    );
  });

  test('completed as the page says, has no guess and no error left', async () => {
    const blocks = [...tutorial.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, one = '']) =>
      one.replaceAll(/^ {3}/gm, ''),
    );
    const client = read('jardins/client.yaml').replaceAll(/ # guess:.*/g, '');
    const crm = read('jardins/crm.yaml').replaceAll(/ # guess:.*/g, '');
    writeFileSync(
      join(folder, 'jardins/client.yaml'),
      client + (blocks.find((one) => one.startsWith('authorisations')) ?? 'x'),
    );
    writeFileSync(
      join(folder, 'jardins/crm.yaml'),
      crm + (blocks.find((one) => one.startsWith('update')) ?? 'x'),
    );
    const ran = await relais('mapping', 'check', 'jardins');
    expect(ran.out).toMatch(/^\S+client\.yaml:\d+:\d+ {2}MAP-901 [^\n]*\n$/);
  });
});

test('nothing is written over, and nothing is half written', async () => {
  writeFileSync(join(folder, 'jardins/other.yaml'), 'mine');
  const ran = await relais('mapping', 'new', 'jardins', file('s.json', sample), '--name', 'other');
  expect(ran).toMatchObject({ code: 64, out: '' });
  expect(ran.err).toMatch(/^USAGE-001 \S+other\.yaml exists: nothing was written/);
  expect(read('jardins/other.yaml')).toBe('mine');
  rmSync(join(folder, 'jardins/other.yaml'));
});

test('a client that exists keeps its contract; a host it does not list is told (C19)', async () => {
  const before = read('jardins/client.yaml');
  const ran = await relais(
    ...[
      'mapping',
      'new',
      'jardins',
      file('s.json', sample),
      '--name',
      'second',
      '--to',
      'https://elsewhere.example/x',
    ],
  );
  expect(ran.out).toMatch(/The check still refuses\n.*MAP-401 .*elsewhere\.example/);
  expect(read('jardins/client.yaml')).toBe(before);
});

test('a CSV header line, and everything as JSON', async () => {
  const ran = await relais('mapping', 'new', 'entete', 'NOM;TEL;OPTIN', '--json');
  expect(JSON.parse(ran.out)).toMatchObject({
    destinationId: 'entete-file',
    files: [join(folder, 'entete/file.yaml'), join(folder, 'entete/client.yaml')],
    guessed: [
      { target: 'NOM', from: 'identity.lastName' },
      { target: 'TEL', from: 'identity.phone' },
    ],
    problems: expect.arrayContaining([expect.objectContaining({ code: 'MAP-301' })]) as unknown,
  });
});

test.each([
  [['Demo', 'NOM;TEL'], 64, 'client "Demo" needs small letters'],
  [['demo', 'nowhere.json'], 1, 'nowhere.json is no file'],
  [['demo', 'NOM;TEL', '--to', 'ftp://x'], 64, 'no https:// address'],
  [['demo', 'NOM;TEL', '--to', 'sftp:demo/in'], 64, 'sftp://host/folder'],
  [['demo', 'NOM;TEL', '--to', 's3:demo/in'], 64, 's3://bucket/folder'],
  [['presets', 'NOM;TEL'], 64, 'presets'],
])('%j is refused with a reason', async (argv, code, why) => {
  const ran = await relais('mapping', 'new', ...argv);
  expect(ran).toMatchObject({ code, out: '', err: expect.stringContaining(why) as string });
  expect(existsSync(join(folder, 'demo'))).toBe(false);
});
