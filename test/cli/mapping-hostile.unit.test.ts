// Files that nobody expects: every tool answers with a message that names the file, and one client's file stops no other's.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { terminalOf } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const relais = terminalOf({});
let folder: string;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
};

const mapping = (
  more = '',
  field = '- { to: nom, from: identity.lastName }',
): string => `destination: demo-crm
connector: webhook
send: { url: https://crm.demo.example/api }
response: [{ accepted: { status: 201, json: { ok: true } }, reference: $.id }]
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: N, withdrawn: N } }
fields:
  ${field}
${more}`;
const client = `id: demo
name: Demo
legalEntity: DEMO SAS
hosts: [crm.demo.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@demo.example }
`;
const xmlMapping = mapping(
  'xml: { record: lead }\nschema: s.xsd',
  '- { to: lead.nom, from: identity.lastName }',
).replace('to: OPTIN', 'to: lead.optin');
const xsd = (inner: string): string =>
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="lead"><xs:complexType>${inner}</xs:complexType></xs:element></xs:schema>`;
const deep = 10_000;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-hostile-'));
  // The other client and what it is made of; all presets for each of eighty tests took longer than the tests.
  for (const name of ['presets/http-json', 'schema', 'horizon'])
    cpSync(join(root, 'mappings', name), join(folder, name), { recursive: true });
  file('demo/client.yaml', client);
  file('demo/crm.yaml', mapping());
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hostile: readonly (readonly [string, () => string])[] = [
  [
    'a mapping in windows-1252',
    () => file('demo/crm.yaml', Buffer.from(mapping('', '- { to: r, value: "Résidence" }'), 'latin1')),
  ],
  ['a mapping in UTF-16', () => file('demo/crm.yaml', Buffer.from(`\uFEFF${mapping()}`, 'utf16le'))],
  [
    'a mapping with a lost letter',
    () => file('demo/crm.yaml', mapping('', '- { to: r, value: "R\uFFFDsidence" }')),
  ],
  ['a mapping of 3 MB', () => file('demo/crm.yaml', `${mapping()}# ${'x'.repeat(3_000_000)}\n`)],
  [
    'a mapping nested deep in brackets',
    () => file('demo/crm.yaml', `${mapping()}maps: ${'['.repeat(deep)}${']'.repeat(deep)}\n`),
  ],
  [
    'a mapping nested deep in lines',
    () => file('demo/crm.yaml', `${mapping()}maps: ${'- '.repeat(3_000)}x\n`),
  ],
  [
    'a mapping that is a folder',
    () => {
      rmSync(join(folder, 'demo/crm.yaml'));
      return dirname(file('demo/crm.yaml/x.txt', ''));
    },
  ],
  [
    'a client.yaml in windows-1252',
    () => file('demo/client.yaml', Buffer.from(client.replace('Demo', 'Résidences'), 'latin1')),
  ],
  [
    'a schema nested deep',
    () => {
      file('demo/crm.yaml', mapping('schema: s.json'));
      return file('demo/s.json', `${'{"not":'.repeat(deep)}{}${'}'.repeat(deep)}`);
    },
  ],
  [
    'a schema that is no schema',
    () => {
      file('demo/crm.yaml', mapping('schema: s.json'));
      return file('demo/s.json', '{"type": 7}');
    },
  ],
  [
    'an XSD with a DOCTYPE',
    () => {
      file('demo/crm.yaml', xmlMapping);
      return file('demo/s.xsd', `<!DOCTYPE s [<!ENTITY a "${'b'.repeat(99)}">]>${xsd('&a;')}`);
    },
  ],
  [
    'an XSD nested deep',
    () => {
      file('demo/crm.yaml', xmlMapping);
      return file('demo/s.xsd', xsd(`${'<xs:sequence>'.repeat(deep)}${'</xs:sequence>'.repeat(deep)}`));
    },
  ],
  [
    'a sample nested deep',
    () => {
      file('demo/crm.yaml', mapping('tests: [{ lead: samples/a, expect: { nom: A } }]'));
      return file('demo/samples/a.yaml', `{"identity": ${'['.repeat(deep)}${']'.repeat(deep)}}`);
    },
  ],
];

describe.each(hostile)('%s', (_name, make) => {
  test('check names it and goes on with the others', async () => {
    const path = make();
    const ran = await relais('mapping', 'check', '--dir', folder);
    expect(ran.code).toBe(1);
    expect(`${ran.out}${ran.err}`).not.toMatch(/INTERNAL|at .*\.ts:\d/);
    const lines = ran.out
      .split('\n')
      .filter((line) => /^\S+:\d+:\d+ {2}MAP-/.test(line) && !line.includes('warning:'));
    // A schema is told where the mapping names it.
    expect(
      lines.some((line) => line.startsWith(`${path}:`) || line.startsWith(join(folder, 'demo/crm.yaml'))),
    ).toBe(true);
    expect(lines.every((line) => line.startsWith(join(folder, 'demo/')))).toBe(true);
    const alone = await relais('mapping', 'check', 'horizon', '--dir', folder);
    expect([alone.code, alone.err]).toEqual([
      0,
      expect.stringMatching(/^[1-9]\d* mappings? checked, no error/),
    ]);
  });

  test.each([['test'], ['preview'], ['coverage'], ['spec']])(
    '%s names it, and reads the others',
    async (tool) => {
      make();
      const ran = await relais('mapping', tool, 'demo-crm', '--dir', folder);
      expect(`${ran.out}${ran.err}`).not.toMatch(/INTERNAL|at .*\.ts:\d/);
      expect(`${ran.out}${ran.err}`).toMatch(/demo\/\S+:\d+:\d+ {2}MAP-\d{3}/);
      // What a mapping leaves out is known without its samples.
      if (tool !== 'coverage' || !ran.err.includes('Tests of the file fail')) expect(ran.code).not.toBe(0);
      const other = await relais('mapping', tool, 'horizon-crm', '--dir', folder);
      expect(other.code).toBe(0);
    },
  );
});

describe('a check that checked nothing is no success', () => {
  test('a name that matches nothing', async () => {
    const path = file('demo/notes.yaml.txt', 'x');
    for (const argv of [['nowhere'], [path], [file('outside.yaml', mapping())]]) {
      const ran = await relais(
        'mapping',
        'check',
        ...argv,
        ...(argv[0] === 'nowhere' ? ['--dir', folder] : []),
      );
      expect(ran.code).not.toBe(0);
      expect(ran.err).toContain('FIND-001');
    }
  });

  test('an empty folder', async () => {
    mkdirSync(join(folder, 'empty'));
    const ran = await relais('mapping', 'check', '--dir', join(folder, 'empty'));
    expect([ran.code !== 0, ran.err]).toEqual([true, expect.stringContaining('nothing was checked')]);
  });

  test('a circle of presets is told of the client that uses it', async () => {
    file('presets/a.yaml', 'extends: presets/b\n');
    file('presets/b.yaml', 'extends: presets/a\n');
    file('demo/crm.yaml', `extends: presets/a\n${mapping()}`);
    for (const name of [
      'demo',
      'demo-crm',
      join(folder, 'demo', 'crm.yaml'),
      join(folder, 'presets', 'a.yaml'),
    ]) {
      const ran = await relais('mapping', 'check', name, ...(name.startsWith('/') ? [] : ['--dir', folder]));
      expect([name, ran.code]).toEqual([name, 1]);
      expect(ran.out).toContain('extends itself');
    }
  });

  test('a folder that leads back to itself ends', async () => {
    symlinkSync(folder, join(folder, 'demo', 'again'));
    const ran = await relais('mapping', 'check', 'demo-crm', '--dir', folder);
    expect(ran.err).toContain('1 mapping checked');
  });
});

describe('new', () => {
  const draft = (sample: string, ...more: readonly string[]) =>
    relais('mapping', 'new', 'neuf', sample, '--dir', folder, ...more);

  test.each([
    ['a folder', () => folder],
    ['3 MB', () => file('s.json', `{"a":"${'x'.repeat(3_000_000)}"}`)],
    ['deep JSON', () => file('s.json', `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`)],
    ['deep XML', () => file('s.xml', `${'<a>'.repeat(deep)}x${'</a>'.repeat(deep)}`)],
    ['a DOCTYPE', () => file('s.xml', '<!DOCTYPE a [<!ENTITY x "y">]><a><nom>&x;</nom></a>')],
    ['JSON in windows-1252', () => file('s.json', Buffer.from('{"prénom":"Zoé"}', 'latin1'))],
    ['nothing', () => file('s.json', '')],
  ])('%s as the sample: a message, and nothing is written', async (_name, make) => {
    const ran = await draft(make());
    expect(ran.code).not.toBe(0);
    expect(`${ran.out}${ran.err}`).toMatch(/USAGE-001|FIND-001/);
    expect(`${ran.out}${ran.err}`).not.toContain('INTERNAL');
    expect((await relais('mapping', 'check', 'neuf', '--dir', folder)).err).toContain('FIND-001');
  });

  test('a folder as the answer: a message', async () => {
    const ran = await draft('NOM;OPTIN', '--answer', folder);
    expect([ran.code !== 0, ran.err]).toEqual([true, expect.stringContaining('is a folder')]);
  });

  test('an XML sample is read in the encoding it declares', async () => {
    const text =
      '<?xml version="1.0" encoding="ISO-8859-1"?><lead><prénom>Zoé</prénom><optin>OUI</optin></lead>';
    const ran = await draft(file('s.xml', Buffer.from(text, 'latin1')));
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('prénom');
  });

  test('it announces the files it writes, no more', async () => {
    const ran = await draft('NOM;PRENOM;OPTIN');
    expect(ran.out.split('\n').filter((line) => line.startsWith('written:'))).toHaveLength(2);
  });
});

test('preview and diff run while a test fails, and say so; spec, which people sign, does not', async () => {
  file(
    'demo/samples/a.yaml',
    'reference: A-1\nchannel: web_form\ncollectedAt: "2026-11-20T10:15:00+01:00"\nidentity: { lastName: Durand }\nconsents: [{ channel: email, state: granted, recordedAt: "2026-11-20T10:15:00+01:00" }]\n',
  );
  file('demo/crm.yaml', mapping('tests: [{ lead: samples/a, expect: { nom: DURAND } }]'));
  for (const argv of [
    ['preview', 'demo-crm'],
    ['diff', 'demo-crm', 'file', 'file'],
  ]) {
    const ran = await relais('mapping', ...argv, '--dir', folder);
    expect([argv[0], ran.code]).toEqual([argv[0], 0]);
    expect(ran.err).toContain('Tests of the file fail');
    expect(ran.err).toContain('MAP-801');
  }
  expect((await relais('mapping', 'spec', 'demo-crm', '--dir', folder)).err).toContain('MAP-801');
});
